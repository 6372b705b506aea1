"""InferenceServices and ServingRuntimes of every kind of plan, against what KServe says of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from aim_runtime.deploy.asked import Access, Asked, Autoscaler, usual_gpu_resource, usual_image, usual_name
from aim_runtime.deploy.documents import plain
from aim_runtime.deploy.kserve.asked import KServe, Mode, Runtime
from aim_runtime.deploy.kserve.render import render
from aim_runtime.deploy.needs import Needs
from aim_runtime.errors import InvalidValue
from contract import crds, kserve_models
from contract.plans import PLANS, planned
from contract.semantic import findings
from contract.semantic_pods import of_a_pod

OURS = ("InferenceService", "ServingRuntime", "ClusterServingRuntime")
FORMS = tuple(KServe(runtime, mode) for runtime, mode in zip(Runtime, [*Mode, Mode.STANDARD], strict=True))
OPTIONS: tuple[Mapping[str, Any], ...] = (
    {},
    {"namespace": "llm", "node_labels": (("topology.kubernetes.io/zone", "a"),), "pull_secret": "registry"},
    {"claim": "weights", "access": Access.READ_MANY, "replicas": 3, "surge": True},
    {"cache": False, "replicas": 0, "token_secret": "tokens"},
    {"autoscaler": Autoscaler.KEDA, "replicas": 2, "max_replicas": 6, "namespace": "llm"},
)


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Needs]:
    return {name: planned(name, tmp_path_factory.mktemp(name)) for name in PLANS}


def manifests(wanted: Needs, kserve: KServe = FORMS[0], **said: Any) -> list[dict[str, Any]]:
    """The objects as they are written."""
    usual = {
        "name": usual_name(wanted),
        "image": usual_image(wanted),
        "gpu_resource": usual_gpu_resource(wanted),
    }
    found: list[dict[str, Any]] = plain(render(wanted, Asked(**{**usual, **said}), kserve))
    return found


def by_kind(objects: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {each["kind"]: each for each in objects}


def pod(objects: list[dict[str, Any]]) -> dict[str, Any]:
    """The pod that KServe makes: of the service alone, or with the runtime's under it.

    Fields of the service win; containers, volumes, mounts and variables are put together by their names
    (isvcutils.MergeRuntimeContainers, MergePodSpec).
    """
    found = by_kind(objects)
    predictor = dict(found["InferenceService"]["spec"]["predictor"])
    for key in ("minReplicas", "maxReplicas", "autoScaling", "deploymentStrategy"):
        predictor.pop(key, None)
    model = predictor.pop("model", None)
    if model is None:
        return predictor
    [runtime] = [each["spec"] for kind, each in found.items() if kind.endswith("ServingRuntime")]
    [container] = runtime["containers"]
    said = {key: value for key, value in model.items() if key not in ("modelFormat", "runtime")}
    lists = {key: [*container.get(key, []), *said.get(key, [])] for key in ("env", "volumeMounts")}
    return {
        "affinity": runtime.get("affinity", {}),
        "tolerations": runtime.get("tolerations", []),
        **predictor,
        "containers": [{**container, **said, **lists}],
        "volumes": [*runtime["volumes"], *predictor.get("volumes", [])],
    }


@pytest.mark.parametrize("plan", PLANS)
def test_the_models_of_kserve_know_every_field(plan: str, wanted: Mapping[str, Needs]) -> None:
    for kserve in FORMS:
        for said in OPTIONS:
            for each in manifests(wanted[plan], kserve, **said):
                if each["kind"] in OURS:
                    assert kserve_models.faults(each) == [], (kserve, said)


@crds.needs_crds
@pytest.mark.parametrize("plan", PLANS)
def test_the_crds_take_every_plan(plan: str, wanted: Mapping[str, Needs]) -> None:
    for kserve in FORMS:
        for said in OPTIONS:
            for each in manifests(wanted[plan], kserve, **said):
                if each["kind"] in OURS:
                    assert crds.faults(each) == [], (kserve, said)


@pytest.mark.parametrize("plan", PLANS)
def test_the_pod_that_kserve_makes_fits_together(plan: str, wanted: Mapping[str, Needs]) -> None:
    for kserve in FORMS:
        for said in OPTIONS:
            objects = manifests(wanted[plan], kserve, **said)
            assert list(of_a_pod(pod(objects), "InferenceService")) == [], (kserve, said)
            # That one is in no namespace, where the linter wants all in one.
            of_one = [each for each in objects if each["kind"] != Runtime.CLUSTER]
            assert findings(of_one) == [], (kserve, said)


@pytest.mark.parametrize("plan", PLANS)
def test_a_runtime_changes_nothing_of_the_pod(plan: str, wanted: Mapping[str, Needs]) -> None:
    def ordered(kserve: KServe) -> dict[str, Any]:
        found = pod(manifests(wanted[plan], kserve, namespace="llm"))
        [container] = found["containers"]
        for key in ("env", "volumeMounts"):
            container[key] = sorted(container[key], key=str)
        found["volumes"] = sorted(found["volumes"], key=str)
        return {key: value for key, value in found.items() if value}

    alone = ordered(KServe())
    assert ordered(KServe(Runtime.NAMESPACE)) == alone
    assert ordered(KServe(Runtime.CLUSTER)) == alone


@pytest.mark.parametrize(
    ("place", "field"),
    [
        ((), "minReplica"),
        (("containers", 0), "startupProb"),
        (("containers", 0, "startupProbe", "httpGet"), "paht"),
        (("securityContext",), "fsGroups"),
        (("deploymentStrategy", "rollingUpdate"), "surge"),
        (("autoScaling", "metrics", 0, "external", "metric"), "server"),
    ],
)
def test_the_checkers_see_a_misspelled_field(
    place: tuple[str | int, ...], field: str, wanted: Mapping[str, Needs]
) -> None:
    service = by_kind(manifests(wanted["cohere-mi300x"], autoscaler=Autoscaler.KEDA))["InferenceService"]
    into = service["spec"]["predictor"]
    for step in place:
        into = into[step]
    into[field] = "x"
    assert any(field in fault for fault in kserve_models.faults(service))
    if crds.CRDS:
        assert any(field in fault for fault in crds.faults(service))


def test_the_checkers_see_a_wrong_type(wanted: Mapping[str, Needs]) -> None:
    service = by_kind(manifests(wanted["cohere-mi300x"]))["InferenceService"]
    service["spec"]["predictor"]["minReplicas"] = "1"
    service["spec"]["predictor"]["containers"][0]["args"] = "serve"
    found = kserve_models.faults(service)
    assert any("minReplicas" in fault for fault in found)
    assert any("args" in fault for fault in found)
    if crds.CRDS:
        assert len(crds.faults(service)) >= 2


def test_a_service_by_itself(wanted: Mapping[str, Needs]) -> None:
    service = by_kind(manifests(wanted["cohere-mi300x"]))["InferenceService"]
    assert service["metadata"]["annotations"] == {
        "serving.kserve.io/deploymentMode": "Standard",
        "serving.kserve.io/autoscalerClass": "none",
    }
    predictor = service["spec"]["predictor"]
    [container] = predictor["containers"]
    assert container["name"] == "kserve-container"
    # KServe sends requests to the first port.
    assert container["ports"][0] == {"name": "http", "containerPort": 8000}
    assert container["startupProbe"]["failureThreshold"] * 10 >= wanted["cohere-mi300x"].times.start_s
    assert predictor["terminationGracePeriodSeconds"] == wanted["cohere-mi300x"].times.grace_s
    assert predictor["deploymentStrategy"]["rollingUpdate"] == {"maxSurge": 0, "maxUnavailable": 1}
    assert "maxReplicas" not in predictor


@pytest.mark.parametrize("kserve", FORMS)
def test_nothing_is_left_to_the_limits_that_kserve_fills_in(
    kserve: KServe, wanted: Mapping[str, Needs]
) -> None:
    predictor = by_kind(manifests(wanted["cohere-mi300x"], kserve))["InferenceService"]["spec"]["predictor"]
    resources = (predictor.get("model") or predictor["containers"][0])["resources"]
    for each in (resources["requests"], resources["limits"]):
        assert {"cpu", "memory"} <= each.keys()
    assert int(resources["limits"]["cpu"]) > int(resources["requests"]["cpu"])


def test_a_runtime_of_the_cluster_names_nothing_of_a_namespace(wanted: Mapping[str, Needs]) -> None:
    objects = by_kind(manifests(wanted["custom"], KServe(Runtime.CLUSTER), namespace="llm"))
    runtime, service = objects["ClusterServingRuntime"], objects["InferenceService"]
    assert "namespace" not in runtime["metadata"]
    assert service["spec"]["predictor"]["model"]["runtime"] == runtime["metadata"]["name"]
    assert service["spec"]["predictor"]["model"]["modelFormat"] in runtime["spec"]["supportedModelFormats"]
    text = yaml.safe_dump(runtime)
    for word in ("secretKeyRef", "persistentVolumeClaim", "configMap"):
        assert word not in text
        assert word in yaml.safe_dump(service)


def test_keda_is_asked_for_by_what_waits_runs_and_fills(wanted: Mapping[str, Needs]) -> None:
    said = {"autoscaler": Autoscaler.KEDA, "replicas": 2, "max_replicas": 6, "namespace": "llm"}
    service = by_kind(manifests(wanted["cohere-mi300x"], **said))["InferenceService"]
    assert service["metadata"]["annotations"]["serving.kserve.io/autoscalerClass"] == "keda"
    predictor = service["spec"]["predictor"]
    assert [predictor["minReplicas"], predictor["maxReplicas"]] == [2, 6]
    metrics = [each["external"] for each in predictor["autoScaling"]["metrics"]]
    assert metrics[0]["metric"]["query"] == (
        'sum(vllm:num_requests_waiting{namespace="llm",pod=~"command-a-reasoning-08-2025-predictor-.*"})'
    )
    assert [each["target"] for each in metrics] == [
        {"type": "Value", "value": "5"},
        {"type": "Value", "value": "384"},
        {"type": "Value", "value": "750m"},
    ]


@pytest.mark.parametrize(
    ("name", "namespace", "longest"),
    [("a" * 50, "llm", 49), ("qwen", "n" * 49, 3), ("a" * 50, "ns", None), ("a" * 50, None, None)],
)
def test_a_host_name_that_would_be_too_long_is_refused(
    name: str, namespace: str | None, longest: int | None, wanted: Mapping[str, Needs]
) -> None:
    if longest is None:
        assert manifests(wanted["smollm2-cpu"], name=name, namespace=namespace)
        return
    with pytest.raises(InvalidValue) as caught:
        manifests(wanted["smollm2-cpu"], name=name, namespace=namespace)
    assert f"{name}-predictor-{namespace}" in caught.value.message
    assert f"at most {longest} characters" in caught.value.hint


def test_the_page_shows_what_is_written() -> None:
    root = Path(__file__).parents[2]
    page = (root / "docs" / "kserve.md").read_text(encoding="utf-8")
    golden = [
        *(root / "tests/golden").glob("kserve-*.yaml"),
        *(root / "tests/golden").glob("aim-engine-*.yaml"),
    ]
    written = "".join(path.read_text(encoding="utf-8") for path in golden)
    shown = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert len(shown) == 5
    for block in shown:
        assert block in written
