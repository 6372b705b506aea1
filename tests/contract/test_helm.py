"""The chart with the values of `generate helm-values` makes what `generate kubernetes` writes; by Helm's own code."""

from __future__ import annotations

import json
import re
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
from aim_runtime.vocabulary import Vendor
from running import COHERE, SMOLLM2, environment, run

helm = pytest.importorskip("helm_python", reason="needs requirements/contract.txt")

CHART = Path(__file__).parents[2] / "deploy" / "helm" / "aim"
IMAGE = f"registry.example.com/aim@sha256:{'0' * 64}"
ASKED = Asked("llm", IMAGE, namespace="serving")
MANAGED_BY = "app.kubernetes.io/managed-by"


@pytest.fixture(scope="module")
def chart() -> Iterator[Any]:
    with helm.Chart.load(CHART) as loaded:
        yield loaded


@cache
def gpus() -> Needs:
    return planned(AIM_ID=COHERE, AIM_ACCELERATOR_MODEL="MI300X")


@cache
def cpu() -> Needs:
    return planned(AIM_ID=SMOLLM2, AIM_ACCELERATOR_TYPE="cpu")


def planned(*arguments: str, **said: str) -> Needs:
    """What a plan needs; nothing is fetched."""
    settings = Settings.from_env({"AIM_CACHE_PATH": "/nonexistent", **said}, arguments)
    return needs(make_plan(settings, survey(settings)))


def with_variables(wanted: Needs, **more: str) -> Needs:
    return replace(wanted, variables={**wanted.variables, **more})


def rendered(chart: Any, said: Mapping[str, Any], name: str = "llm") -> list[Any]:
    """The objects that Helm makes, from a values file as a user has it."""
    texts = chart.render(helm.values_from_yaml(to_yaml([said])), name=name, namespace="serving")
    return [each for path in sorted(texts) for each in yaml.safe_load_all(texts[path]) if each]


def compared(objects: list[Any]) -> dict[str, Any]:
    """As data, order apart; but for what each of the two knows its objects by."""
    found = {}
    for each in map(plain, objects):
        # A Job's name ends with a digest of its text, as either writes it.
        name = re.sub(r"-download-[0-9a-f]{8}$", "-download", each["metadata"]["name"])
        each["metadata"]["name"] = name
        found[f"{each['kind']} {name}"] = _ordered(each)
    return found


def _ordered(value: Any) -> Any:
    if isinstance(value, dict):
        found = {key: _ordered(each) for key, each in value.items()}
        if found.get("name") == "AIM_ENGINE_ARGS":
            found["value"] = json.loads(found["value"])
        if MANAGED_BY in found:
            assert found.pop(MANAGED_BY) in ("Helm", "aim-runtime")
        return found
    if isinstance(value, list | tuple):
        each = [_ordered(item) for item in value]
        return sorted(each, key=json.dumps) if each and isinstance(each[0], dict) else each
    return value


NODES = (("kubernetes.io/arch", "amd64"), ("pool", "on"))
CASES: dict[str, tuple[Any, dict[str, Any]]] = {
    "eight GPUs": (gpus, {}),
    "a CPU": (cpu, {}),
    "two GPUs of another class": (
        lambda: planned(AIM_ID=COHERE, AIM_ACCELERATOR_MODEL="MI355X"),
        {"gpu_resource": "amd.com/mi355x", "node_labels": NODES, "pull_secret": "regcred", "replicas": 3},
    ),
    "NVIDIA": (
        lambda: replace(gpus(), accelerators=replace(gpus().accelerators, vendor=Vendor.NVIDIA)),
        {"gpu_resource": "nvidia.com/gpu"},
    ),
    "KEDA, a pool and a gateway": (
        gpus,
        {
            "autoscaler": Autoscaler.KEDA,
            "max_replicas": 9,
            "prometheus": "http://prometheus.example.com",
            "monitor": True,
            "inference_pool": True,
            "endpoint_picker": "picker",
            "gateway": "gateways/public",
            "hostname": "llm.example.com",
            "surge": True,
        },
    ),
    "HPA and a gateway of the namespace": (
        lambda: replace(gpus(), requests_at_once=None),
        {"autoscaler": Autoscaler.HPA, "replicas": 2, "gateway": "public", "network_policy": False},
    ),
    "a pool alone": (cpu, {"inference_pool": True}),
    "fetched beforehand to a volume of one node": (
        lambda: with_variables(gpus(), AIM_STALL_SECONDS="30", AIM_READY_SECONDS="900", AIM_LOG_LEVEL="on"),
        {"download": True, "access": Access.ONE_NODE, "storage_class": "fast", "node_labels": NODES},
    ),
    "fetched beforehand to a volume of many": (
        lambda: replace(cpu(), custom_profile=CustomProfile("general/vllm-x.yaml", "a: 1\nb: |\n  c: ' \"'\n")),
        {"download": True},
    ),
    "a claim that can only be read": (gpus, {"claim": "weights", "access": Access.READ_MANY}),
    "no volume": (gpus, {"cache": False, "download": False}),
    "arguments and a key": (
        lambda: replace(
            planned(
                "--max-num-seqs",
                "64",
                AIM_ID=COHERE,
                AIM_ACCELERATOR_MODEL="MI300X",
                AIM_ENGINE_ARGS='{"max-model-len": 1000000, "hf-overrides": {"a": "<&>"}, "x": 0.5, "y": true}',
                AIM_DRAIN_SECONDS="12.5",
                AIM_PORT="9000",
                AIM_MANAGEMENT_PORT="",
            ),
            secrets=("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "VLLM_API_KEY"),
            guards=("VLLM_API_KEY",),
            source_ports=(80, 443),
        ),
        {"token_secret": "keys"},
    ),
    "weights of a folder": (lambda: replace(cpu(), secrets=(), source_ports=()), {"download": True}),
}


@pytest.mark.parametrize("case", CASES)
def test_chart_makes_what_the_renderer_writes(chart: Any, case: str) -> None:
    make, more = CASES[case]
    wanted, asked = make(), replace(ASKED, **more)
    said = values(wanted, asked)
    assert compared(rendered(chart, said)) == compared(render(wanted, asked))
    found = helm.lint(CHART, json.loads(json.dumps(said)), strict=True, kube_version="v1.33.0")
    assert not [each for each in found["messages"] if each["error"] != "icon is recommended"], found
