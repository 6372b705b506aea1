"""Change single entries of a YAML text; every line that is not changed stays as it is, byte by byte.

A library that writes the whole document again (ruamel.yaml's round trip) keeps comments, but not
indentation, spacing, `null` and line breaks; so the places of the nodes are used, and the text is cut.
"""

from __future__ import annotations

from typing import Any

import yaml
from yaml import MappingNode, Node, ScalarNode, SequenceNode

from aim_runtime.profiles.document import parse
from aim_runtime.profiles.faults import Broken

# A key of the top level, and the keys below it.
Place = tuple[str, ...]


class CannotRewrite(Exception):
    """The text spells an entry in a way that only a person should change."""


def rename(text: str, place: Place, new_key: str) -> str:
    """Write `new_key` where the entry at `place` has its key; the value is not touched."""
    key, _ = _entry(text, place)
    lines = _Lines(text)
    return lines.put(key, _inline(new_key))


def remove(text: str, place: Place) -> str:
    """Take the entry at `place` out, with its lines."""
    section = _section(text, place[:-1])
    if section.flow_style:
        return _put_flow(text, section, {k: v for k, v in _data(text, place[:-1]).items() if k != place[-1]})
    lines = _Lines(text)
    if len(section.value) == 1:
        return _emptied(text, lines, place)
    key, value = _entry(text, place)
    return lines.cut(key.start_mark.line, lines.last_of(value), "")


def put(text: str, place: Place, new_key: str, value: Any) -> str:
    """Write `new_key: value` for the entry at `place`, or at the section's end when there is none."""
    section = _section(text, place[:-1])
    if section.flow_style:
        items = [(k, v) for k, v in _data(text, place[:-1]).items() if k == place[-1] or k != new_key]
        there = [(new_key, value) if k == place[-1] else (k, v) for k, v in items]
        return _put_flow(text, section, dict(there) | {new_key: value})
    lines, found = _Lines(text), _find(section, place[-1])
    column = section.value[0][0].start_mark.column
    body = _block({new_key: value}, column, lines.end)
    if found is None:
        last = lines.last_of(section.value[-1][1])
        return lines.cut(last + 1, last, body)
    first, last = found[0].start_mark.line, lines.last_of(found[1])
    head, end, rest = body.partition(lines.end)
    return lines.cut(first, last, head + lines.comment_of(found) + end + rest)


def put_before(text: str, place: Place, new_key: str, value: Any) -> str:
    """Write `new_key: value` in front of the entry at `place`."""
    section = _section(text, place[:-1])
    if section.flow_style:
        return _put_flow(text, section, {new_key: value} | _data(text, place[:-1]))
    key, _ = _entry(text, place)
    lines, line = _Lines(text), key.start_mark.line
    return lines.cut(line, line - 1, _block({new_key: value}, key.start_mark.column, lines.end))


def append(text: str, place: Place, item: str) -> str:
    """Add an item to the list at `place`, which is made when there is none."""
    section = _section(text, place[:-1])
    found = _find(section, place[-1])
    there = _data(text, place[:-1]).get(place[-1])
    node = found[1] if found else None
    if not isinstance(node, SequenceNode) or node.flow_style or not node.value or section.flow_style:
        return put(text, place, place[-1], [*(there or []), item])
    lines = _Lines(text)
    last = lines.last_of(node.value[-1])
    return lines.cut(last + 1, last, _block([item], node.start_mark.column, lines.end))


class _Lines:
    """The lines of a text, each with its line break."""

    def __init__(self, text: str) -> None:
        self.all = text.splitlines(keepends=True)
        self.end = "\r\n" if text.partition("\n")[0].endswith("\r") else "\n"

    def cut(self, first: int, last: int, body: str) -> str:
        """Write `body` in place of lines `first` to `last`; in front of `first` when last < first."""
        before = "".join(self.all[:first])
        if body and before and not before.endswith("\n"):
            before += self.end
        return before + body + "".join(self.all[last + 1 :])

    def put(self, node: Node, body: str) -> str:
        """Write `body` in place of what the node has on its one or more lines."""
        start, end = node.start_mark, node.end_mark
        head = "".join(self.all[: start.line]) + self.all[start.line][: start.column]
        tail = self.all[end.line][end.column :] if end.line < len(self.all) else ""
        return head + body + tail + "".join(self.all[end.line + 1 :])

    def last_of(self, node: Node) -> int:
        """The last line that belongs to a node: without the comments and empty lines that follow it."""
        if isinstance(node, ScalarNode) and node.style in ("|", ">"):
            last = node.end_mark.line - (1 if node.end_mark.column == 0 else 0)
            while last > node.start_mark.line and not self.all[last].strip():
                last -= 1
            return last
        if isinstance(node, (MappingNode, SequenceNode)) and not node.flow_style and node.value:
            child = node.value[-1]
            return self.last_of(child[1] if isinstance(child, tuple) else child)
        return int(node.end_mark.line)

    def comment_of(self, entry: tuple[Node, Node]) -> str:
        """The comment behind an entry that is on one line, with the space in front of it."""
        key, value = entry
        if key.start_mark.line != value.end_mark.line:
            return ""
        rest = self.all[value.end_mark.line][value.end_mark.column :].rstrip()
        return rest if rest.lstrip().startswith("#") else ""


def _emptied(text: str, lines: _Lines, place: Place) -> str:
    """The section without its last entry is an empty mapping, not nothing."""
    key, value = _entry(text, place[:-1])
    without = lines.cut(value.value[0][0].start_mark.line, lines.last_of(value), "")
    cut = _Lines(without)
    line = cut.all[key.start_mark.line]
    colon = line.index(":", key.end_mark.column) + 1
    cut.all[key.start_mark.line] = f"{line[:colon]} {{}}{line[colon:]}"
    return "".join(cut.all)


def _section(text: str, place: Place) -> MappingNode:
    node: Node = _root(text)
    for name in place:
        found = _find(node, name)
        if found is None:
            raise CannotRewrite(f"{name} is not written in the file itself")
        node = found[1]
    if not isinstance(node, MappingNode):
        raise CannotRewrite(f"{'.'.join(place)} is no mapping")
    return node


def _entry(text: str, place: Place) -> tuple[Node, Node]:
    found = _find(_section(text, place[:-1]), place[-1])
    if found is None:
        raise CannotRewrite(f"{'.'.join(place)} is not written in the file itself")
    return found


def _find(node: Node, name: str) -> tuple[Node, Node] | None:
    pairs = node.value if isinstance(node, MappingNode) else []
    return next(((key, value) for key, value in pairs if key.value == name), None)


def _root(text: str) -> Node:
    document = parse(text)
    if isinstance(document, Broken) or document.root is None:
        raise CannotRewrite("what came out is not YAML")
    return document.root


def _data(text: str, place: Place) -> dict[str, Any]:
    document = parse(text)
    assert not isinstance(document, Broken)
    data: Any = document.data
    for name in place:
        data = data[name]
    return dict(data)


def _put_flow(text: str, section: MappingNode, data: dict[str, Any]) -> str:
    lines = _Lines(text)
    span = lines.all[section.start_mark.line : section.end_mark.line]
    if any("#" in line for line in span):
        raise CannotRewrite("a mapping in braces has comments inside")
    return lines.put(section, _inline(data))


def _inline(data: Any) -> str:
    dumped: str = yaml.safe_dump(
        data, default_flow_style=True, sort_keys=False, allow_unicode=True, width=float("inf")
    )
    return dumped.removesuffix("...\n").rstrip("\n")


def _block(data: Any, column: int, end: str) -> str:
    dumped: str = yaml.safe_dump(
        data, default_flow_style=False, sort_keys=False, allow_unicode=True, width=float("inf")
    )
    return "".join(f"{' ' * column}{line}{end}" for line in dumped.splitlines())
