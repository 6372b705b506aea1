"""What a schema cannot say: whether the objects of a manifest fit each other, and what the API refuses later.

`findings(objects)` returns one line for each fault, with the object that has it. Pods may stand in any kind
that has a pod template.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from contract.semantic_links import of_links
from contract.semantic_pods import of_a_pod, pod_template

Object = Mapping[str, Any]

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_DNS_LABEL = re.compile(_LABEL)
_DNS_NAME = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_SERVICE = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_WORD = r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?"
_KEY = re.compile(rf"({_LABEL}(\.{_LABEL})*/)?(?P<name>{_WORD})")
_VALUE = re.compile(rf"({_WORD})?")
# Where their names become labels, or names of pods with something behind.
_SHORT = (
    "Deployment",
    "Job",
    "Service",
    "StatefulSet",
    "LeaderWorkerSet",
    "InferencePool",
    "InferenceService",
)


def findings(objects: Sequence[Object]) -> list[str]:
    """The faults of all objects, each with the kind and name of its object in front."""
    return [f"{each['kind']}/{_name(each)}: {fault}" for each in objects for fault in _of(each, objects)] + [
        f"{kind}/{name}: is there twice" for kind, name in _twice(objects)
    ]


def _of(each: Object, objects: Sequence[Object]) -> Iterator[str]:
    yield from _names(each, objects)
    template = pod_template(each)
    if template:
        yield from _labels("pods", template.get("metadata", {}))
        yield from of_a_pod(template["spec"], each["kind"])
    yield from of_links(each, objects)


def _name(each: Object) -> str:
    return str(each["metadata"]["name"])


def _twice(objects: Sequence[Object]) -> set[tuple[str, str]]:
    seen = [(each["kind"], _name(each)) for each in objects]
    return {each for each in seen if seen.count(each) > 1}


def _names(each: Object, objects: Sequence[Object]) -> Iterator[str]:
    name = _name(each)
    pattern = _SERVICE if each["kind"] == "Service" else _DNS_NAME
    longest = 63 if each["kind"] in _SHORT else 253
    if not pattern.fullmatch(name):
        yield f"the name {name!r} is none that the API takes"
    if len(name) > longest:
        yield f"the name is {len(name)} characters long, more than {longest}"
    namespace = each["metadata"].get("namespace")
    if namespace is not None and not (_DNS_LABEL.fullmatch(namespace) and len(namespace) <= 63):
        yield f"the namespace {namespace!r} is none that the API takes"
    if namespace != objects[0]["metadata"].get("namespace"):
        yield f"is in the namespace {namespace}, others are not"
    yield from _labels("its", each["metadata"])


def _labels(whose: str, metadata: Mapping[str, Any]) -> Iterator[str]:
    for key, value in metadata.get("labels", {}).items():
        if not _is_key(key):
            yield f"{whose} label {key!r} is none"
        if not isinstance(value, str) or not _VALUE.fullmatch(value) or len(value) > 63:
            yield f"{whose} label {key} has the value {value!r}"
    for key, value in metadata.get("annotations", {}).items():
        if not _is_key(key) or not isinstance(value, str):
            yield f"{whose} annotation {key!r} is none"


def _is_key(key: str) -> bool:
    match = _KEY.fullmatch(key)
    return match is not None and len(match["name"]) <= 63
