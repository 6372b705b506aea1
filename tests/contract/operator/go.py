"""Values as Go's encoding/json puts them into typed fields: one of another type fails the whole document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contract.operator.pod_log import Unreadable

_INT32 = 2**31


def field(of: Any, name: str, where: str) -> Any:
    """The value of a key, None where it is absent or null; Go would also take a key in other letters."""
    if not isinstance(of, Mapping):
        raise Unreadable(f"{where} is no object but {of!r}")
    twins = [key for key in of if key.casefold() == name.casefold() and key != name]
    if twins:
        raise Unreadable(f"{where}.{twins[0]} would be taken for {name}")
    return of.get(name)


def text(of: Any, name: str, where: str) -> str:
    """A string; null is the empty one."""
    value = field(of, name, where)
    if value is not None and not isinstance(value, str):
        raise Unreadable(f"{where}.{name} is no string: {value!r}")
    return value or ""


def integer(of: Any, name: str, where: str) -> int:
    """An int32 written as one: 1.0 and "1" are refused."""
    value = field(of, name, where)
    if value is None:
        return 0
    if type(value) is not int or not -_INT32 <= value < _INT32:
        raise Unreadable(f"{where}.{name} is no whole number: {value!r}")
    return value


def number(of: Any, name: str, where: str) -> float | None:
    """A float64, or null."""
    value = field(of, name, where)
    if value is not None and type(value) not in (int, float):
        raise Unreadable(f"{where}.{name} is no number: {value!r}")
    return None if value is None else float(value)


def boolean(of: Any, name: str, where: str) -> bool:
    value = field(of, name, where)
    if value is not None and not isinstance(value, bool):
        raise Unreadable(f"{where}.{name} is no boolean: {value!r}")
    return bool(value)


def mapping(of: Any, name: str, where: str) -> dict[str, Any]:
    """map[string]any."""
    value = field(of, name, where)
    if value is not None and not isinstance(value, dict):
        raise Unreadable(f"{where}.{name} is no object: {value!r}")
    return value or {}


def texts(of: Any, name: str, where: str) -> dict[str, str]:
    """map[string]string."""
    found = mapping(of, name, where)
    return {key: text(found, key, f"{where}.{name}") for key in found}
