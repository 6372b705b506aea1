"""The schema library's messages in the words of somebody who writes YAML."""

from __future__ import annotations

import re
from enum import Enum
from typing import Annotated, Any, Literal, get_args, get_origin

from aim_runtime.errors import did_you_mean
from aim_runtime.profiles.places import Word

# Its names of types, as YAML's users know them.
_TYPES = {
    "object": "a mapping",
    "array": "a list",
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "null": "nothing",
    "date": "a date",
    "datetime": "a time",
}
_TYPE = re.compile("`([a-z]+)`")
_GOT = re.compile(r"(?P<expected>.*), got `(?P<got>\w+)`", re.DOTALL)


def key(message: str, kind: Any, word: Word) -> str:
    """The message about a key, as a format with `{name}` for where it is."""
    allowed = _allowed(kind)
    if allowed and isinstance(word.data, str):
        guess = did_you_mean(word.data, allowed)
        return f"unknown key {{name}}{escaped(guess)} (allowed: {', '.join(allowed)})"
    return f"the key {{name}}: {escaped(_about(message, kind, word))}"


def value(message: str, kind: Any, word: Word) -> str:
    """The message about a value, as a format with `{name}` for where it is."""
    return f"{{name}}: {escaped(_about(message, kind, word))}"


def escaped(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _about(message: str, kind: Any, word: Word) -> str:
    allowed = _allowed(kind)
    if allowed:
        return f"{_shown(word)}{did_you_mean(str(word.data), allowed)} (allowed: {', '.join(allowed)})"
    got = _GOT.fullmatch(message)
    if got is None:
        shown = (
            "" if isinstance(word.data, dict | list) or not message.startswith("Expected") else _shown(word)
        )
        return f"{shown}{': ' if shown else ''}{_plain(message)}"
    if got["expected"] == "Expected `str`" and word.text is not None:
        return _not_quoted(word)
    if isinstance(word.data, str) and word.data.isdecimal() and got["expected"].startswith("Expected `int`"):
        return f"{_shown(word)}: {_plain(got['expected'])}; write it without quotes: {word.data}"
    if isinstance(word.data, dict | list):
        return f"{_plain(got['expected'])}, got {_TYPES[got['got']]}"
    return f"{_shown(word)}: {_plain(got['expected'])}"


def _not_quoted(word: Word) -> str:
    if not word.text:
        return "nothing is given: write '' for empty text, or remove the key"
    kinds = {bool: "a boolean", int: "a number", float: "a number", type(None): "no value"}
    return f"{word.text} is {kinds.get(type(word.data), 'a date')}, expected text; quote it: '{word.text}'"


def _shown(word: Word) -> str:
    """The value as it is written: numbers and booleans bare, text in quotes."""
    if isinstance(word.data, str):
        return repr(word.data)
    return word.text or ("nothing" if word.data is None else str(word.data))


def _plain(message: str) -> str:
    words = _TYPE.sub(lambda found: _TYPES.get(found[1], found[0]), message)
    return f"{words[0].lower()}{words[1:]}" if words.startswith("Expected") else words


def _allowed(kind: Any) -> list[str]:
    bare = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    if get_origin(bare) is Literal:
        return [str(each) for each in get_args(bare)]
    return [str(each.value) for each in bare] if isinstance(bare, type) and issubclass(bare, Enum) else []
