"""What images are called: `aim-<org>-<model>`, and `aim-base`, `aim-cpu` that serve any model."""

from __future__ import annotations

import re

from aim_runtime.version import __version__

BASE, CPU = "aim-base", "aim-cpu"


def sanitized(name: str) -> str:
    """As AMD's names are made: lower case, every run of `-`, `_`, `.` and `/` one `-`."""
    return re.sub(r"[-_./]+", "-", name.lower()).strip("-")


def image_name(aim_id: str) -> str:
    """The name of an AIM's own image, without registry and tag: `aim-qwen-qwen3-32b`."""
    return f"aim-{sanitized(aim_id)}"


def image_of(aim_id: str | None, *, cpu: bool) -> str:
    """Return the image that serves an AIM where nobody names one, with the tag of this version.

    The engine of the CPU is in an image of its own, which has the profiles of all AIMs.
    """
    if cpu:
        return f"{CPU}:{__version__}"
    return f"{image_name(aim_id) if aim_id else BASE}:{__version__}"
