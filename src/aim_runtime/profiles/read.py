"""Read one YAML file of the catalogue into its schema, or say what is wrong, where, and what is allowed."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

import yaml
from msgspec import Struct, ValidationError, convert

from aim_runtime.errors import did_you_mean

try:
    from yaml import CSafeLoader as Loader
except ImportError:  # PyYAML built without libyaml
    from yaml import SafeLoader as Loader  # type: ignore[assignment]

_Schema = TypeVar("_Schema", bound=Struct)
_Location = list[int | str]
# What the schema library adds to its messages: "… - at `$.metadata.type`", "… - at `key` in `$.env_vars`".
_WHERE = re.compile(r"(?P<what>.*?)(?: - at (?P<key>`key` in )?`\$(?P<path>[^`]*)`)?", re.DOTALL)
_STEP = re.compile(r"\.(?P<key>[^.\[]+)|\[(?P<index>\d+|\.\.\.)\]")
_NAMED = re.compile(r"`(?P<name>[^`]*)`")
# Its names of types, as YAML's users know them.
_TYPES = {
    "`object`": "a mapping",
    "`array`": "a list",
    "`str`": "text",
    "`int`": "a whole number",
    "`float`": "a number",
}
_GOT = re.compile(r"got `(\w+)`")
_PYTHON: dict[str, type] = {
    **{"object": dict, "array": list, "str": str, "int": int, "float": float, "bool": bool},
    "null": type(None),
}


@dataclass(frozen=True)
class Broken:
    """Why a file cannot be used, in one line that starts with the line number where there is one."""

    reason: str


def read(
    path: Path, schema: type[_Schema], before: Callable[[Any], Any] = lambda data: data
) -> _Schema | Broken:
    """Return the file's content as `schema`, or what is wrong with it; `before` rewrites old spellings."""
    try:
        text = path.read_text(encoding="utf-8")
        data = before(yaml.load(text, Loader=Loader))
    except OSError as error:
        return Broken(f"cannot be read: {error.strerror}")
    except UnicodeDecodeError:
        return Broken("not UTF-8 text")
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark else ""
        return Broken(f"{where}not YAML: {getattr(error, 'problem', None) or error}")
    try:
        return convert(data, schema)
    except ValidationError as error:
        return Broken(_word(str(error), data, text, schema))


def _word(message: str, data: Any, text: str, schema: type) -> str:
    found = _WHERE.fullmatch(message)
    assert found is not None
    what: str = found["what"]
    location, value = _follow(found["path"] or "", data, what)
    for name, meaning in _TYPES.items():
        what = what.replace(name, meaning)
    named = _NAMED.search(what)
    if found["key"]:
        what = f"{_name(location) or 'the file'}: a key is wrong: {what[0].lower()}{what[1:]}"
    elif what.startswith("Object contains unknown field") and named:
        known = _fields(schema, location)
        location.append(named["name"])
        what = (
            f"unknown key {_name(location)}{did_you_mean(named['name'], known)} (allowed: {', '.join(known)})"
        )
    elif what.startswith("Object missing required field") and named:
        what = f"{_name([*location, named['name']])} is missing"
    elif what.startswith("Invalid enum value"):
        allowed = _allowed(schema, location)
        what = (
            f"{_name(location)}: {value!r}{did_you_mean(str(value), allowed)} (allowed: {', '.join(allowed)})"
        )
    elif location:
        shown = "" if isinstance(value, dict | list) else f"{value!r}: "
        what = f"{_name(location)}: {shown}{what[0].lower()}{what[1:]}"
    line = _line(text, location)
    return f"line {line}: {what}" if line else what


def _name(location: _Location) -> str:
    return ".".join(map(str, location))


def _follow(path: str, data: Any, what: str) -> tuple[_Location, Any]:
    """Walk the library's path through the data; `[...]` is the first entry of the type that `what` names."""
    got = _GOT.search(what)
    wrong = _PYTHON.get(got[1]) if got else None
    location: _Location = []
    for step in _STEP.finditer(path):
        key: int | str = step["key"] or step["index"]
        if isinstance(data, list):
            key = int(key)
            data = data[key]
        else:
            if key == "...":
                key = next((name for name, item in data.items() if type(item) is wrong), "...")
            data = data.get(key)
        location.append(key)
    return location, data


def _kind(schema: type, location: _Location) -> Any:
    """The type that the schema has at `location`."""
    kind: Any = schema
    for part in location:
        kinds = [kind, *get_args(kind)]
        struct = next((each for each in kinds if isinstance(each, type) and issubclass(each, Struct)), None)
        kind = get_type_hints(struct).get(str(part)) if struct else None
    return kind


def _fields(schema: type, location: _Location) -> list[str]:
    kind = _kind(schema, location)
    kinds = [kind, *get_args(kind)]
    return sorted(name for each in kinds for name in getattr(each, "__struct_fields__", ()))


def _allowed(schema: type, location: _Location) -> list[str]:
    kind = _kind(schema, location)
    return [str(each) for each in (get_args(kind) or list(kind or ()))]


def _line(text: str, location: _Location) -> int | None:
    """Find the line of a key, by walking the file's nodes; only on the way to a message."""
    node = yaml.compose(text, Loader=Loader)
    line = None
    for part in location:
        if isinstance(node, yaml.MappingNode):
            match = next(((key, value) for key, value in node.value if key.value == str(part)), None)
            if match is None:
                break
            line, node = match[0].start_mark.line + 1, match[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break
    return line
