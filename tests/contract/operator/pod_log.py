"""What AMD's operator takes out of a pod's log: the JSON array that a discovery Job printed last.

A port, and a strict one: where the operator would depend on luck, this raises.
https://github.com/amd-enterprise-ai/aim-engine (internal/aimservicetemplate/discovery.go)
"""

from __future__ import annotations

import json
from typing import Any, NoReturn


class Unreadable(Exception):
    """The operator would make nothing of it, or something wrong."""


def array_of(log: str) -> list[Any]:
    """The whole log where it is one array, else the array that ends at the last `]` of it."""
    try:
        whole = loads(log)
    except ValueError:
        return _last_array(log)
    if not isinstance(whole, list):
        raise Unreadable("the log is JSON, and no array")
    return _filled(whole)


def loads(text: str) -> Any:
    """JSON as Go reads it: without NaN and Infinity; and no key twice, as the last would count."""
    return json.loads(text, parse_constant=_no_constant, object_pairs_hook=_once)


def _last_array(log: str) -> list[Any]:
    end = log.rfind("]") + 1
    found = []
    for start in (index for index, character in enumerate(log[:end]) if character == "["):
        try:
            found.append(loads(log[start:end]))
        except ValueError:
            continue
    if not found:
        raise Unreadable(f"no JSON array ends at the last ] of the log: {log[-200:]!r}")
    if len(found) > 1:
        raise Unreadable("which array ends at the last ] depends on where one begins to look")
    return _filled(found[0])


def _filled(found: list[Any]) -> list[Any]:
    if not found:
        raise Unreadable("the array is empty")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key twice")
    return found
