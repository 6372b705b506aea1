"""Sizes as those write them who are told of them."""

from __future__ import annotations

_MIB, _GIB = 1024**2, 1024**3


def memory(size_bytes: int) -> str:
    """As Kubernetes writes it: `8Gi`, or `512Mi` for what is no whole number of those; up to the next MiB."""
    return _whole(size_bytes, "Gi", "Mi")


def container_size(size_bytes: int) -> str:
    """The same as docker and podman write it: `8g`, `512m`."""
    return _whole(size_bytes, "g", "m")


def _whole(size_bytes: int, gib: str, mib: str) -> str:
    if size_bytes % _GIB == 0:
        return f"{size_bytes // _GIB}{gib}"
    return f"{-(-size_bytes // _MIB)}{mib}"
