"""A new profile as YAML, with the reason for each of its values above it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from msgspec import to_builtins

from aim_runtime.authoring.new import Draft

_WIDTH = 100
_ALWAYS = {
    "type": "nothing of this profile was measured",
    "manual_selection_only": "chosen without being named, which an unoptimized profile is not by itself",
}
_HEAD = """\
Derived by aim-runtime profiles new: computed, not measured. Change what you know better; check it
with aim-runtime profiles lint.
"""


def text_of(draft: Draft) -> str:
    """Return the file's content; what is read back from it is `draft.content`."""
    content = to_builtins(draft.content)
    # Left out where it is the default, and worth saying in a file that people will change.
    content["metadata"] = {
        "engine": content["metadata"]["engine"],
        **_with_type(draft),
        **content["metadata"],
    }
    evidence = {key: value for key, value in content.pop("evidence").items() if value}
    lines = [*_comment(_HEAD, "")]
    for key, value in (*content.items(), ("evidence", evidence)):
        lines += _section(key, value, draft.reasons)
    return "\n".join([*lines, ""])


def _with_type(draft: Draft) -> dict[str, str]:
    return {"accelerator_type": str(draft.content.metadata.accelerator_type)}


def _section(key: str, value: Any, reasons: Mapping[str, str]) -> Iterator[str]:
    if not isinstance(value, dict) or not value:
        yield from _pair(key, value, "")
        return
    yield f"{key}:"
    for name, each in value.items():
        why = reasons.get(name) or (_ALWAYS.get(name, "") if key == "metadata" else "")
        yield from _comment(why, "  ")
        yield from _pair(name, each, "  ")


def _pair(key: str, value: Any, indent: str) -> Iterator[str]:
    written = yaml.safe_dump({key: value}, sort_keys=False, allow_unicode=True, width=_WIDTH)
    yield from (f"{indent}{line}" for line in written.rstrip("\n").splitlines())


def _comment(text: str, indent: str) -> Iterator[str]:
    for line in textwrap.wrap(text, _WIDTH - len(indent)):
        yield f"{indent}# {line}"
