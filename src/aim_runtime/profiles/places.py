"""Where a piece of a file's data stands in the file, and how it is spelled there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from yaml import MappingNode, Node, ScalarNode, SequenceNode

Location = tuple[Any, ...]


@dataclass(frozen=True)
class Word:
    """A key or a value as the file has it; line and column count from 1.

    `location` has the keys as the file spells them; `text` is None for a collection, and for data of
    which the file says nothing.
    """

    location: Location
    data: Any
    text: str | None
    line: int | None
    column: int | None


@dataclass(frozen=True)
class Written:
    """A file's nodes and data, beside the data after old spellings were rewritten."""

    root: Node | None
    raw: Any
    data: Any

    def key(self, location: Location) -> Word:
        """The key at `location`, or its index in a list."""
        written, key, value, _ = self._find(location)
        node = key or value
        if not written or node is None:
            return Word(written, None, None, None, None)
        return _word(written, location[len(written) - 1], node, node)

    def value(self, location: Location) -> Word:
        """The value at `location`: its own place if it is on the line of its key, else its key's."""
        written, key, value, raw = self._find(location)
        if not written or value is None:
            return Word(written, raw, None, None, None)
        return _word(written, raw, value, value if key is None or _beside(key, value) else key)

    def _find(self, location: Location) -> tuple[Location, Node | None, Node | None, Any]:
        """The location as written, its last key's node, its value's node, its value as written."""
        key, node, raw, data = None, self.root, self.raw, self.data
        walked: list[Any] = []
        for part in location:
            name = _as_written(part, raw, data)
            found = _step(node, name, raw)
            if found is None:  # the file does not have it
                break
            key, node = found
            walked.append(key.value if key else name)
            raw, data = raw[name], data[part]
        return tuple(walked), key, node, raw


def _beside(key: Node, value: Node) -> bool:
    if value.start_mark.line != key.start_mark.line:
        return False
    return value.start_mark.index != value.end_mark.index  # empty is where the next thing starts


def _word(location: Location, data: Any, node: Node | None, placed: Node) -> Word:
    text = node.value if isinstance(node, ScalarNode) else None
    return Word(location, data, text, placed.start_mark.line + 1, placed.start_mark.column + 1)


def _step(node: Node | None, name: Any, raw: Any) -> tuple[Node | None, Node] | None:
    if isinstance(node, MappingNode):
        if name in raw and len(raw) == len(node.value):  # nothing doubled: one order
            pair: tuple[Node, Node] = node.value[list(raw).index(name)]
            return pair
        pairs = [pair for pair in node.value if pair[0].value == str(name)]
        return pairs[-1] if pairs else None  # the last one counts
    if isinstance(node, SequenceNode) and isinstance(name, int):
        return None, node.value[name]
    return None


def _as_written(part: Any, raw: Any, data: Any) -> Any:
    """The file's spelling of a key: one that is in the file, is not in the data, and has its value."""
    if not isinstance(raw, dict) or part in raw:
        return part
    gone = [key for key in raw if key not in data]
    return next((key for key in gone if _alike(raw[key], data.get(part))), part)


def _alike(one: Any, other: Any) -> bool:
    return bool(one == other) or str(one).casefold() == str(other).casefold()
