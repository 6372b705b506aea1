"""The chart with the values of `generate helm-values` makes what `generate kubernetes` writes; by Helm's own code."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from aim_runtime.deploy.asked import Access, Asked, Autoscaler
from aim_runtime.deploy.documents import plain, to_yaml
from aim_runtime.deploy.helm.chart import Values
from aim_runtime.deploy.helm.values import values
from aim_runtime.deploy.kubernetes.render import render
from aim_runtime.deploy.needs import CustomProfile, Needs, needs
from aim_runtime.plan import make_plan
from aim_runtime.settings import Settings
from aim_runtime.site import survey
from aim_runtime.version import __version__
from running import COHERE, SMOLLM2, environment, run

helm = pytest.importorskip("helm_python", reason="needs requirements/contract.txt")

CHART = Path(__file__).parents[2] / "deploy" / "helm" / "aim"
ASKED = Asked("llm", "registry.example.com/aim@sha256:" + "0" * 64, namespace="serving")
MINIMAL = {"image": "aim-base:1.0.0"}


@pytest.fixture(scope="module")
def chart() -> Iterator[Any]:
    with helm.Chart.load(CHART) as loaded:
        yield loaded


@cache
def planned(aim: str, accelerator: str | None = None, **more: str) -> Needs:
    """What a plan needs; nothing is fetched, and no machine is looked at where an accelerator is declared."""
    said = {"AIM_ID": aim, "AIM_CACHE_PATH": "/nonexistent", **more}
    if accelerator:
        said["AIM_ACCELERATOR_MODEL"] = accelerator
    settings = Settings.from_env(said)
    return needs(make_plan(settings, survey(settings)))


def rendered(chart: Any, said: Mapping[str, Any], name: str = "llm", namespace: str = "serving") -> list[Any]:
    """The objects that Helm makes, from a values file as a user has it."""
    read = helm.values_from_yaml(to_yaml([said]))
    texts = chart.render(read, name=name, namespace=namespace)
    return [each for path in sorted(texts) for each in yaml.safe_load_all(texts[path]) if each]


def by_name(objects: list[Any]) -> dict[str, Any]:
    """As data to be compared: order apart, and the label by which Helm knows what is its own."""
    return {f"{each['kind']} {each['metadata']['name']}": _ordered(plain(each)) for each in objects}


def _ordered(value: Any) -> Any:
    if isinstance(value, dict):
        found = {key: _ordered(each) for key, each in value.items()}
        if found.get("name") == "AIM_ENGINE_ARGS":
            found["value"] = json.loads(found["value"])
        if "app.kubernetes.io/managed-by" in found:
            assert found.pop("app.kubernetes.io/managed-by") in ("Helm", "aim-runtime")
        return found
    if isinstance(value, list | tuple):
        found = [_ordered(each) for each in value]
        return sorted(found, key=json.dumps) if found and isinstance(found[0], dict) else found
    return value
