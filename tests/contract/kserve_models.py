"""Objects against the models of KServe's own Python package, and where those end against Kubernetes' schemas.

The package is read, not imported: it would want a web server and an engine.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

# The models of each API are called after it.
_APIS = {"serving.kserve.io/v1beta1": "V1beta1", "serving.kserve.io/v1alpha1": "V1alpha1"}
_PLAIN: Mapping[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "object": (object,),
}
_QUANTITIES = ("ResourceQuantity", "V1beta1MetricQuantity")
# Whose the models are that the package names and does not have.
_CORE, _META = "io.k8s.api.core.v1.", "io.k8s.apimachinery.pkg.apis.meta.v1."
_ELSEWHERE = {
    "V1ObjectMeta": f"{_META}ObjectMeta",
    "K8sIoApiAppsV1DeploymentStrategy": "io.k8s.api.apps.v1.DeploymentStrategy",
    "K8sIoApiAutoscalingV2HorizontalPodAutoscalerBehavior": (
        "io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerBehavior"
    ),
}
_KUBERNETES = "v1.37.0-local-strict"


def faults(document: Mapping[str, Any]) -> list[str]:
    """All fields that KServe does not know, and values of another type than it says."""
    kind = document["kind"]
    return list(_of_type(document, f"{_APIS[document['apiVersion']]}{kind}", kind))


def _of_type(value: Any, type_: str, path: str) -> Iterator[str]:
    several = re.fullmatch(r"(list|dict)[\[(](?:str, )?(.+)[\])]", type_)
    if several:
        yield from _of_several(value, several[1], several[2], path)
    elif type_ in _PLAIN:
        if not isinstance(value, _PLAIN[type_]) or (isinstance(value, bool) and type_ in ("int", "float")):
            yield f"{path}: {value!r} is no {type_}"
    elif type_ in _QUANTITIES:
        yield from _of_schema(value, "io.k8s.apimachinery.pkg.api.resource.Quantity", path)
    elif type_ in _models():
        yield from _of_model(value, type_, path)
    else:
        name = _ELSEWHERE.get(type_) or _CORE + type_.removeprefix("V1")
        yield from _of_schema(value, name, path)


def _of_several(value: Any, kind: str, type_: str, path: str) -> Iterator[str]:
    if not isinstance(value, list if kind == "list" else dict):
        yield f"{path}: {value!r} is no {kind}"
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _of_type(each, type_, f"{path}[{index}]")
    else:
        for key, each in value.items():
            yield from _of_type(each, type_, f"{path}.{key}")


def _of_model(value: Any, model: str, path: str) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield f"{path}: {value!r} is no {model}"
        return
    types = _fields(model)
    for key, each in value.items():
        if key in types:
            yield from _of_type(each, types[key], f"{path}.{key}")
        else:
            yield f"{path}: {model} has no field {key}"


def _of_schema(value: Any, name: str, path: str) -> Iterator[str]:
    for each in _schema(name).iter_errors(value):
        yield f"{'.'.join([path, *map(str, each.absolute_path)])}: {each.message}"


@cache
def _models() -> Mapping[str, Path]:
    """The file of each model."""
    found = {}
    for path in (_package("kserve") / "models").glob("v1*.py"):
        for name in re.findall(r"^class (\w+)", path.read_text(encoding="utf-8"), re.MULTILINE):
            found[name] = path
    return found


@cache
def _fields(model: str) -> dict[str, str]:
    """The types of a model's fields, by their names in JSON."""
    tree = ast.parse(_models()[model].read_text(encoding="utf-8"))
    said = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id in ("openapi_types", "attribute_map")
    }
    return {said["attribute_map"][name]: type_ for name, type_ in said["openapi_types"].items()}


@cache
def _schema(name: str) -> Draft202012Validator:
    definitions = _definitions()
    assert name in definitions, name
    return Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": definitions})


@cache
def _definitions() -> dict[str, Any]:
    folder = _package("kubernetes_validate") / "kubernetes-json-schema" / _KUBERNETES
    found: dict[str, Any] = json.loads((folder / "_definitions.json").read_text(encoding="utf-8"))["$defs"]
    return found


def _package(name: str) -> Path:
    spec = find_spec(name)
    assert spec is not None, f"{name} is not installed: make dev"
    return Path(next(iter(spec.submodule_search_locations or ())))
