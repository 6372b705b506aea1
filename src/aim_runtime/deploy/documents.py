"""YAML documents from objects: one writer, which quotes what YAML 1.1 would read as something else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import yaml


class _Dumper(yaml.SafeDumper):
    """Block style, lists indented below their key, texts of several lines as blocks."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    if "\n" in value:
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|")
    # The writer quotes by the rules of its own reader; others read y, n, 1_000, 0o17 and 12:30:45 as YAML 1.1
    # or 1.2 has them. What is plainly a word is written plainly.
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=None if _plain(value) else '"')


def _plain(value: str) -> bool:
    word = value.lower()
    return (
        (value[:1].isalpha() or value[:1] == "/")
        and word not in _READ_OTHERWISE
        and not value.startswith("0")
    )


_READ_OTHERWISE = frozenset(
    {"y", "n", "yes", "no", "on", "off", "true", "false", "null", "none", "nan", "inf"}
)
_Dumper.add_representer(str, _text)


def plain(value: Any) -> Any:
    """Objects as mappings, lists, texts and numbers, without what is not said."""
    return msgspec.to_builtins(value)


def to_yaml(documents: Iterable[Any], header: str = "") -> str:
    """Write `documents`, parted by `---`; the lines of `header` are comments in front."""
    texts = (yaml.dump(plain(each), Dumper=_Dumper, sort_keys=False, width=10**6) for each in documents)
    return comments(header) + "---\n".join(texts)


def comments(header: str) -> str:
    """The lines of `header` behind a # each, as YAML, units and shells have their comments."""
    return "".join(f"# {line}\n" if line else "#\n" for line in header.splitlines())
