"""The models room: whether a folder holds the revision that was asked for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from aim_runtime.models import manifest
from aim_runtime.models.ref import ModelRef, Scheme


def held(folder: Path) -> str:
    """Return which state of its source a folder holds and since when, in words; empty where it is not known.

    Whoever may read the source no more, or whom it has something newer for, should know what is served.
    """
    written = manifest.read(folder)
    if written is None:
        return ""
    what = f"revision {written.revision}" if written.revision else written.source
    return f" ({what}, fetched {written.created[:10]})"


def _names(ref: ModelRef) -> tuple[str, ...]:
    """Return what a manifest may call the same state: a hub's default branch need not be named."""
    if ref.scheme is Scheme.HF and ref.revision == "main":
        return str(ref), str(replace(ref, revision=None))
    return (str(ref),)


def other_revision(folder: Path, sources: tuple[ModelRef, ...]) -> str | None:
    """Return what `folder` holds when its manifest contradicts every revision that was asked for."""
    if not sources or any(ref.revision is None for ref in sources):
        return None
    written = manifest.read(folder)
    if written is None:
        return None
    if any(ref.revision == written.revision or written.source in _names(ref) for ref in sources):
        return None
    return f"{written.source} (revision {written.revision})"
