"""One YAML document as plain data that remembers its places; what YAML lets pass silently is a fault."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml
from yaml import MappingNode, Node, ScalarNode, SequenceNode

from aim_runtime.profiles.faults import Broken, Fault, whole_file

try:
    from yaml import CSafeLoader as _Base
except ImportError:  # PyYAML built without libyaml
    from yaml import SafeLoader as _Base  # type: ignore[assignment]

_TAG = "tag:yaml.org,2002:"
_STR, _MAP, _SEQ, _MERGE = (f"{_TAG}{name}" for name in ("str", "map", "seq", "merge"))
_SCALARS = {f"{_TAG}{name}": name for name in ("int", "float", "bool", "null", "timestamp")}
_WORDS = {"int": "a number", "float": "a number", "bool": "a boolean", "null": "null", "timestamp": "a date"}
# libyaml composes by recursion in C and crashes in deep nesting; shorter text has no room for that.
_SHORT = 8 * 1024
_DEEPEST = 100
_BEING_BUILT = object()


@dataclass(frozen=True)
class Document:
    """The data of a file, the nodes it was built from, and the faults that are no matter of its schema."""

    data: Any
    root: Node | None
    faults: tuple[Fault, ...] = ()


def parse(text: str) -> Document | Broken:
    """Read the one document of `text`. Raises nothing: text that is not YAML is Broken."""
    try:
        if len(text) > _SHORT and _too_deep(text):
            return whole_file("nested too deeply")
        return _parsed(_Loader(text))
    except yaml.YAMLError as error:
        return Broken((_not_yaml(error, text),))
    except RecursionError:
        return whole_file("nested too deeply")


def _parsed(loader: _Loader) -> Document | Broken:
    root = loader.get_node() if loader.check_node() else None
    if loader.check_node():
        return _several(loader)
    data = loader.value(root) if root else None
    # Built in spite of a fault, the data would be blamed for what it does not say.
    return Broken(tuple(loader.faults)) if loader.unusable else Document(data, root, tuple(loader.doubled))


class _Loader(_Base):
    """Builds data straight from nodes: the library's own way is half of the time of loading a catalogue."""

    # What a plain word is (a number, a boolean, text) is told by patterns, and most words come again.
    _tags: dict[str, str] = {}  # noqa: RUF012 - shared by all loaders on purpose

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.faults: list[Fault] = []
        self.doubled: list[Fault] = []
        self.unusable = False
        self._built: dict[int, Any] = {}

    def resolve(self, kind: type[Node], value: Any, implicit: Any) -> str:
        plain = kind is ScalarNode and implicit[0]
        known = self._tags.get(value) if plain else None
        if known is None:
            known = super().resolve(kind, value, implicit)  # type: ignore[no-untyped-call]
            if plain:
                self._tags[value] = known
        return known

    def descend_resolver(self, *_: Any) -> None:
        """Tags by path are not used."""

    def ascend_resolver(self) -> None:
        """Tags by path are not used."""

    def value(self, node: Node) -> Any:
        """The data of a node; a collection that another place refers to is built once."""
        if type(node) is ScalarNode:
            return node.value if node.tag == _STR else self._scalar(node)
        known = self._built.get(id(node))
        if known is _BEING_BUILT:
            self._fault(node, "refers to itself")
            return None
        if known is not None:
            return known
        self._built[id(node)] = _BEING_BUILT
        if type(node) is MappingNode and node.tag == _MAP:
            built: Any = self._mapping(node)
        elif type(node) is SequenceNode and node.tag == _SEQ:
            built = [self.value(item) for item in node.value]
        else:
            built = None
            self._fault(node, f"the tag {_shown(node.tag)} is not used here")
        self._built[id(node)] = built
        return built

    def _mapping(self, node: MappingNode) -> dict[Any, Any]:
        pairs = node.value
        data = {}
        for key, item in pairs:
            if key.tag == _MERGE:
                return self._merged(node)
            name = key.value if key.tag == _STR else self._key(key)
            # Most values are text: no call for those.
            plain = item.tag == _STR and type(item) is ScalarNode
            data[name] = item.value if plain else self.value(item)
        if len(data) != len(pairs):
            self._report_doubled(node)
        return data

    def _merged(self, node: MappingNode) -> dict[Any, Any]:
        """Take over what `<<` refers to: what is merged may be given again, once."""
        self._report_doubled(node)
        self.flatten_mapping(node)
        return {self._key(key): self.value(item) for key, item in node.value}

    def _key(self, node: Node) -> Any:
        if type(node) is ScalarNode:
            return self.value(node)
        self._fault(node, "a key must be text")
        return None

    def _scalar(self, node: ScalarNode) -> Any:
        name = _SCALARS.get(node.tag)
        if name is None:
            self._fault(node, f"the tag {_shown(node.tag)} is not used here")
            return None
        try:
            return getattr(self, f"construct_yaml_{name}")(node)
        except ValueError as error:  # 2026-13-45 and 0b_ look like a date and a number
            self._fault(node, f"{node.value} looks like {_WORDS[name]}: {error}; quote it if it is text")
        except KeyError:  # !!bool maybe
            self._fault(node, f"{node.value} is not {_WORDS[name]}")
        return None

    def _report_doubled(self, node: MappingNode) -> None:
        first: dict[Any, Node] = {}
        for key, _ in node.value:
            name = self._key(key) if key.tag != _MERGE else key.value
            if name in first:
                line = first[name].start_mark.line + 1
                self.doubled.append(_at(key, f"duplicate key {name} (first on line {line})"))
            first.setdefault(name, key)

    def _fault(self, node: Node, text: str) -> None:
        self.unusable = True
        fault = _at(node, text)
        if fault not in self.faults:
            self.faults.append(fault)


def _too_deep(text: str) -> bool:
    depth = 0
    for event in yaml.parse(text, Loader=_Base):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST:
                return True
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return False


def _at(node: Node, text: str) -> Fault:
    return Fault(node.start_mark.line + 1, node.start_mark.column + 1, text)


def _line_and_column(text: str, offset: int) -> tuple[int, int]:
    """Where the byte at `offset` is; both count from 1."""
    before = text.encode()[:offset].decode(errors="ignore")
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def _shown(tag: str) -> str:
    return tag.replace(_TAG, "!!")


def _several(loader: _Loader) -> Broken:
    """The file has more documents than one: count those that can be read."""
    count, second = 1, None
    while loader.check_node():
        node = loader.get_node()
        second = second or node
        count += 1
    assert second is not None
    return Broken((_at(second, f"has {count} documents; one profile a file"),))


def _not_yaml(error: yaml.YAMLError, text: str) -> Fault:
    if isinstance(error, yaml.reader.ReaderError):
        return Fault(*_line_and_column(text, error.position), f"not YAML: {error.reason}")
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
    if mark is None:
        return Fault(None, None, f"not YAML: {problem or error}")
    lines = text.splitlines()
    line = lines[mark.line] if mark.line < len(lines) else ""
    if line[: mark.column + 1].isspace() and "\t" in line[: mark.column + 1]:
        return Fault(mark.line + 1, line.index("\t") + 1, "a tab; YAML is indented with spaces")
    context, start = getattr(error, "context", None), getattr(error, "context_mark", None)
    if context and start and start.line != mark.line:
        problem = f"{problem} {context} that starts on line {start.line + 1}"
    return Fault(mark.line + 1, mark.column + 1, f"not YAML: {problem}")
