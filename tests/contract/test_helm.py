"""The chart with the values of `generate helm-values` makes what `generate kubernetes` writes.

Helm's own code renders it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import helm_python as helm
import msgspec
import pytest
import yaml

from aim_runtime.deploy.asked import Access, Autoscaler
from aim_runtime.deploy.helm.chart import Values
from aim_runtime.deploy.helm.values import values
from aim_runtime.deploy.kubernetes.render import render
from aim_runtime.deploy.needs import CustomProfile, Needs
from aim_runtime.vocabulary import Vendor
from contract import plans
from contract.helm_chart import ASKED, CHART, compared, cpu, gpus, planned, rendered
from running import COHERE, environment, run


@pytest.fixture(scope="module")
def chart() -> Iterator[Any]:
    with helm.Chart.load(CHART) as loaded:
        yield loaded


def with_variables(wanted: Needs, **more: str) -> Needs:
    return replace(wanted, variables={**wanted.variables, **more})


NODES = (("kubernetes.io/arch", "amd64"), ("pool", "on"))
CASES: dict[str, tuple[Any, dict[str, Any]]] = {
    "eight GPUs": (gpus, {}),
    "a CPU": (cpu, {}),
    "other GPUs, three times": (
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
        lambda: replace(
            cpu(), custom_profile=CustomProfile("general/vllm-x.yaml", "a: 1\nb: |\n  c: ' \"'\n")
        ),
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
                AIM_ENGINE_ARGS='{"max-model-len": 1000000, "hf-overrides": {"a": "<&>"}}',
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


@pytest.mark.parametrize("name", plans.PLANS)
def test_chart_makes_every_plan(chart: Any, name: str, tmp_path: Path) -> None:
    wanted = plans.planned(name, tmp_path)
    assert compared(rendered(chart, values(wanted, ASKED))) == compared(render(wanted, ASKED))


@pytest.mark.parametrize("case", CASES)
def test_chart_makes_what_the_renderer_writes(chart: Any, case: str) -> None:
    make, more = CASES[case]
    wanted, asked = make(), replace(ASKED, **more)
    said = values(wanted, asked)
    assert compared(rendered(chart, said)) == compared(render(wanted, asked))
    found = helm.lint(CHART, json.loads(json.dumps(said)), strict=True, kube_version="v1.33.0")
    assert not [each for each in found["messages"] if each["error"] != "icon is recommended"], found


@pytest.mark.parametrize(
    "more", [(), ("--download", "--monitor", "--autoscaler", "hpa", "--", "--max-num-seqs", "8")]
)
def test_the_two_commands_agree(chart: Any, tmp_path: Path, more: tuple[str, ...]) -> None:
    env = environment(tmp_path, AIM_ID=COHERE, AIM_ACCELERATOR_MODEL="MI300X")
    options = ("--name", "llm", "--namespace", "serving", *more)
    told, written = (run("generate", verb, *options, env=env) for verb in ("helm-values", "kubernetes"))
    assert (told.returncode, written.returncode) == (0, 0), told.stderr + written.stderr
    said = helm.values_from_yaml(told.stdout)
    assert compared(rendered(chart, said)) == compared([*yaml.safe_load_all(written.stdout)])
    assert "# Then: helm upgrade --install llm deploy/helm/aim --namespace serving" in told.stdout


def test_values_that_are_not_said_are_the_charts_own() -> None:
    """What the generator leaves out is what the chart has."""
    usual = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    _within(msgspec.to_builtins(Values()), usual)


def _within(ours: Any, theirs: Any) -> None:
    if isinstance(ours, dict) and ours:
        for key, value in ours.items():
            _within(value, theirs[key])
    else:
        assert (list(ours) if isinstance(ours, tuple) else ours) == theirs
