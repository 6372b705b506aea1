"""What images are called: `aim-<org>-<model>`, and `aim-base`, `aim-cpu` that serve any model."""

from __future__ import annotations

import re

from aim_runtime.errors import InvalidValue
from aim_runtime.version import __version__

BASE, CPU = "aim-base", "aim-cpu"
# Semantic versioning without what is built (`+`): no tag may have that.
_NUMBER = r"(?:0|[1-9]\d*)"
_BEFORE = r"(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)"
_TAG = re.compile(rf"v?{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-{_BEFORE}(?:\.{_BEFORE})*)?", re.ASCII)
_LONGEST_TAG = 128


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


def is_version_tag(tag: str) -> bool:
    """Whether a tag is a whole semantic version: AMD's operator passes over others, as `0.11`."""
    return len(tag) <= _LONGEST_TAG and _TAG.fullmatch(tag) is not None


def checked_tag(tag: str, *, what: str = "the tag") -> str:
    """Return `tag`, or raise InvalidValue where a catalogue of images would pass over it."""
    if is_version_tag(tag):
        return tag
    raise InvalidValue(
        f"{what} {tag!r} is not a whole semantic version",
        hint=f"write MAJOR.MINOR.PATCH, as {__version__}, with -preview or -rc1 behind it if not final",
    )
