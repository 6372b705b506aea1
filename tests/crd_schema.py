"""Objects held against the schema of their CustomResourceDefinition, as an API server with strict field
validation does: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/

The definitions are beside the checkout, in `shared/crds`, and not in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
}
# What every object has, whatever its definition says.
_META = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "namespace": {"type": "string"},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "annotations": {"type": "object", "additionalProperties": {"type": "string"}},
    },
    "required": ["name"],
}


@cache
def schema(file: str, version: str) -> Mapping[str, Any]:
    """The schema of one version; the test is skipped where the definitions are not there."""
    folders = [parent / "shared" / "crds" for parent in Path(__file__).resolve().parents]
    found = next((folder / file for folder in folders if (folder / file).is_file()), None)
    if found is None:
        pytest.skip(f"no shared/crds/{file} beside the checkout")
    definition = yaml.load(found.read_text(), Loader=yaml.CSafeLoader)
    versions = {each["name"]: each for each in definition["spec"]["versions"]}
    whole: dict[str, Any] = versions[version]["schema"]["openAPIV3Schema"]
    return {**whole, "properties": {**whole["properties"], "metadata": _META}}


def problems(value: Any, wanted: Mapping[str, Any], at: str = "") -> Iterator[str]:
    """Yield what is unknown, missing, of another type or not allowed, each with its place."""
    if wanted.get("x-kubernetes-int-or-string"):
        if isinstance(value, bool) or not isinstance(value, (int, str)):
            yield f"{at}: {value!r} is neither a number nor a text"
    elif not _is(value, wanted.get("type")):
        yield f"{at}: {value!r} is no {wanted['type']}"
        return
    yield from _against_value(value, wanted, at)
    if isinstance(value, dict):
        yield from _against_fields(value, wanted, at)
    if isinstance(value, list):
        for number, each in enumerate(value):
            yield from problems(each, wanted.get("items", {}), f"{at}[{number}]")


def _is(value: Any, kind: str | None) -> bool:
    if kind is None:
        return True
    return isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _against_value(value: Any, wanted: Mapping[str, Any], at: str) -> Iterator[str]:
    if "enum" in wanted and value not in wanted["enum"]:
        yield f"{at}: {value!r} is not one of {', '.join(map(str, wanted['enum']))}"
    if "pattern" in wanted and isinstance(value, str) and not re.search(wanted["pattern"], value):
        yield f"{at}: {value!r} does not match {wanted['pattern']}"
    if "minimum" in wanted and isinstance(value, int) and value < wanted["minimum"]:
        yield f"{at}: {value} is less than {wanted['minimum']}"


def _against_fields(value: Mapping[str, Any], wanted: Mapping[str, Any], at: str) -> Iterator[str]:
    fields, others = wanted.get("properties", {}), wanted.get("additionalProperties")
    for name in wanted.get("required", ()):
        if name not in value:
            yield f"{at}: {name} is missing"
    for name, each in value.items():
        place = f"{at}.{name}" if at else name
        if name in fields:
            yield from problems(each, fields[name], place)
        elif isinstance(others, Mapping):
            yield from problems(each, others, place)
        elif not (others or wanted.get("x-kubernetes-preserve-unknown-fields")):
            yield f"{place}: no such field"
