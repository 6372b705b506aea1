"""Objects against the CRDs of a cluster, whose files lie beside the checkout and are no part of it.

https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/ : a schema
there is structural, so that every field that it does not name is unknown, and here refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

_BESIDE = [parent / "shared" / "crds" for parent in Path(__file__).parents[2].parents]
CRDS = next((folder for folder in _BESIDE if folder.is_dir()), None)
needs_crds = pytest.mark.skipif(CRDS is None, reason="there is no shared/crds beside the checkout")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_ANY = "x-kubernetes-preserve-unknown-fields"


def faults(document: Mapping[str, Any]) -> list[str]:
    """All that the API would refuse, each with its place; what only CEL rules say is not looked at."""
    group, _, version = document["apiVersion"].partition("/")
    found = _validator(group, document["kind"], version).iter_errors(document)
    return sorted(f"{'.'.join(map(str, each.absolute_path))}: {each.message}" for each in found)


@cache
def _validator(group: str, kind: str, version: str) -> Draft202012Validator:
    assert CRDS is not None
    text = (CRDS / f"{group}_{kind.lower()}s.yaml").read_text(encoding="utf-8")
    versions = {each["name"]: each for each in yaml.load(text, _LOADER)["spec"]["versions"]}
    return Draft202012Validator(closed(versions[version]["schema"]["openAPIV3Schema"]))


def closed(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The same schema, in which an object has the fields that are named and no others."""
    found = dict(schema)
    for key in ("items", "additionalProperties"):
        if isinstance(found.get(key), Mapping):
            found[key] = closed(found[key])
    if "properties" in found:
        found["properties"] = {name: closed(each) for name, each in found["properties"].items()}
        if not found.get(_ANY):
            found.setdefault("additionalProperties", False)
    return found
