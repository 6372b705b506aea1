"""The models room: whether a folder holds the revision that was asked for."""

from __future__ import annotations

from pathlib import Path

from aim_runtime.models import manifest
from aim_runtime.models.ref import ModelRef


def other_revision(folder: Path, sources: tuple[ModelRef, ...]) -> str | None:
    """Return what `folder` holds when its manifest contradicts every revision that was asked for."""
    if not sources or any(ref.revision is None for ref in sources):
        return None
    written = manifest.read(folder)
    if written is None:
        return None
    if any(ref.revision == written.revision or str(ref) == written.source for ref in sources):
        return None
    return f"{written.source} (revision {written.revision})"
