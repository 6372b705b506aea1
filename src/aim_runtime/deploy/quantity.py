"""Quantities as Kubernetes writes them."""

from __future__ import annotations

_MIB, _GIB = 1024**2, 1024**3


def memory(size_bytes: int) -> str:
    """`8Gi`, or `512Mi` where it is no whole number of those; rounded up to a MiB."""
    if size_bytes % _GIB == 0:
        return f"{size_bytes // _GIB}Gi"
    return f"{-(-size_bytes // _MIB)}Mi"
