"""A tuned profile as YAML, with the reason for each knob above it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from msgspec import to_builtins

from aim_runtime.profiles.profile import ProfileFile

_WIDTH = 100


def text_of(content: ProfileFile, reasons: Mapping[str, str]) -> str:
    """Return the file's content; what is read back from it is `content`."""
    data = to_builtins(content)
    # Left out where it is the default, and worth saying in a file that people will read.
    data["metadata"] = {
        "engine": content.metadata.engine,
        "accelerator_type": str(content.metadata.accelerator_type),
        **data["metadata"],
    }
    evidence = {key: value for key, value in (data.pop("evidence") or {}).items() if value}
    lines: list[str] = []
    for key, value in (*data.items(), *([("evidence", evidence)] if evidence else [])):
        lines += _section(key, value, reasons)
    return "\n".join([*lines, ""])


def _section(key: str, value: Any, reasons: Mapping[str, str]) -> Iterator[str]:
    if not isinstance(value, dict) or not value:
        yield from _pair(key, value, "")
        return
    yield f"{key}:"
    for name, each in value.items():
        if key in ("engine_args", "env_vars") and name in reasons:
            yield from (f"  # {line}" for line in textwrap.wrap(reasons[name], _WIDTH - 2))
        yield from _pair(name, each, "  ")


def _pair(key: str, value: Any, indent: str) -> Iterator[str]:
    written = yaml.safe_dump({key: value}, sort_keys=False, allow_unicode=True, width=_WIDTH)
    yield from (f"{indent}{line}" for line in written.rstrip("\n").splitlines())
