"""Manifests of every kind of plan and every option, against the schemas of the API and beyond them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest

from aim_runtime.deploy.asked import Access, Asked, Autoscaler
from aim_runtime.deploy.kubernetes.autoscale import query
from aim_runtime.deploy.needs import Needs
from contract.plans import PLANS, manifests, needed, planned, written
from contract.semantic import findings

VERSIONS = ("1.30", "1.33", "1.37")
# Kinds that are not Kubernetes' own: `kubernetes_validate` has no schema of them.
OTHERS = {"PodMonitor", "ScaledObject", "HTTPRoute", "InferencePool"}
# What may be asked for, one by one; and what acts on the same places, in every combination below.
OPTIONS: tuple[Mapping[str, Any], ...] = (
    {},
    {"namespace": "llm", "node_labels": (("topology.kubernetes.io/zone", "a"),), "pull_secret": "registry"},
    {"name": "a" * 50, "download": True, "inference_pool": True, "gateway": "public"},
    {"replicas": 0, "cache": False, "network_policy": False},
    {"claim": "weights", "access": Access.READ_MANY, "replicas": 3, "surge": True},
    {"access": Access.ONE_NODE, "storage_class": "fast", "download": True},
    {"gpu_resource": "amd.com/cpx_nps4", "token_secret": "tokens", "monitor": True},
    {"gateway": "gateways/public", "hostname": "llm.example.com"},
)
TOGETHER: tuple[Mapping[str, Any], ...] = tuple(
    {"autoscaler": autoscaler, "monitor": True, "download": download, "cache": True, "inference_pool": pool}
    | {"gateway": "public", "namespace": namespace}
    for autoscaler, download, pool, namespace in product(
        Autoscaler, (True, False), (True, False), ("llm", None)
    )
)


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Needs]:
    return {name: planned(name, tmp_path_factory.mktemp(name)) for name in PLANS}


def refused(each: Mapping[str, Any], version: str) -> str:
    """Why a version of the API would not take an object; empty where it would."""
    try:
        kubernetes_validate.validate(each, version, strict=True)
    except kubernetes_validate.ValidationError as error:
        return f"{each['kind']} at {'.'.join(map(str, error.absolute_path))}: {error.message}"
    except kubernetes_validate.SchemaNotFoundError:
        return "" if each["kind"] in OTHERS else f"{each['kind']} is of no version {version}"
    return ""


def faults(objects: list[dict[str, Any]], *versions: str) -> list[str]:
    """All that is wrong, for the linter and for these versions of the API."""
    return [
        *findings(objects),
        *(fault for version in versions for each in objects if (fault := refused(each, version))),
    ]


@pytest.mark.parametrize("plan", PLANS)
def test_every_version_of_the_api_takes_every_plan(plan: str, wanted: Mapping[str, Needs]) -> None:
    objects = manifests(wanted[plan])
    assert objects == written(wanted[plan])
    assert faults(objects, *VERSIONS) == []
    for said in OPTIONS:
        assert faults(manifests(wanted[plan], **said)) == [], said


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_of_the_api_takes_every_option(version: str, wanted: Mapping[str, Needs]) -> None:
    for said in (*OPTIONS, *({"autoscaler": each, "download": True} for each in Autoscaler)):
        assert faults(manifests(wanted["cohere-mi300x"], **said), version) == [], said


@pytest.mark.parametrize("plan", PLANS)
def test_pods_serve_what_was_planned(plan: str, tmp_path: Path) -> None:
    before = planned(plan, tmp_path)
    [deployment] = [each for each in manifests(before) if each["kind"] == "Deployment"]
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    said = {each["name"]: each["value"] for each in container["env"] if "value" in each}
    # What the node has, and where the volumes would be mounted.
    node = {name: value for name, value in PLANS[plan].items() if name.startswith("AIM_ACCELERATOR")}
    places = {"AIM_CACHE_PATH": str(tmp_path / "models"), "AIM_PROFILES_PATH": str(tmp_path / "profiles")}
    secret = {name: "planted-secret-of-the-service" for name in before.guards}
    after = needed({**said, **node, **places, **secret})
    assert after == before


def test_options_go_together(wanted: Mapping[str, Needs]) -> None:
    for said in TOGETHER:
        assert faults(manifests(wanted["cohere-mi300x"], **said)) == [], said


@pytest.mark.parametrize("version", VERSIONS)
def test_the_validator_sees_a_misspelled_field(version: str, wanted: Mapping[str, Needs]) -> None:
    [deployment] = [each for each in manifests(wanted["smollm2-cpu"]) if each["kind"] == "Deployment"]
    assert refused(deployment, version) == ""
    deployment["spec"]["template"]["spec"]["enableServiceLink"] = False
    assert "enableServiceLink" in refused(deployment, version)


def test_a_deployment_of_gpus(wanted: Mapping[str, Needs]) -> None:
    objects = {each["kind"]: each for each in manifests(wanted["cohere-mi300x-2"])}
    pod = objects["Deployment"]["spec"]["template"]["spec"]
    [container] = pod["containers"]
    assert container["resources"]["limits"]["amd.com/gpu"] == "2"
    [term] = pod["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"][
        "nodeSelectorTerms"
    ]
    assert term["matchExpressions"][0] == {
        "key": "amd.com/gpu.device-id",
        "operator": "In",
        "values": ["74a1", "74a9", "74b5", "74bd"],
    }
    assert pod["tolerations"] == [{"key": "amd.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]
    strategy = objects["Deployment"]["spec"]["strategy"]["rollingUpdate"]
    assert strategy == {"maxSurge": 0, "maxUnavailable": 1}


def test_a_custom_profile_is_mounted_and_a_changed_one_makes_new_pods(wanted: Mapping[str, Needs]) -> None:
    objects = {each["kind"]: each for each in manifests(wanted["custom"])}
    profile = wanted["custom"].custom_profile
    assert profile is not None
    assert objects["ConfigMap"]["data"] == {"mine.yaml": profile.text}
    template = objects["Deployment"]["spec"]["template"]
    assert template["metadata"]["annotations"]["aim-runtime/profile-sha256"]
    [volume] = [each for each in template["spec"]["volumes"] if each["name"] == "profiles"]
    assert volume["configMap"]["items"] == [{"key": "mine.yaml", "path": profile.place}]


def test_weights_of_a_store_bring_its_keys_its_address_and_its_port(wanted: Mapping[str, Needs]) -> None:
    objects = {each["kind"]: each for each in manifests(wanted["s3"], download=True)}
    ports = [each["port"] for each in objects["NetworkPolicy"]["spec"]["egress"][1]["ports"]]
    assert ports == [9, 443]
    for kind in ("Deployment", "Job"):
        said = objects[kind]["spec"]["template"]["spec"]["containers"][0]["env"]
        named = {each["name"]: each for each in said}
        assert named["AWS_ENDPOINT_URL"]["value"] == "http://127.0.0.1:9"
        assert named["AWS_SECRET_ACCESS_KEY"]["valueFrom"]["secretKeyRef"] == {
            "name": "hf-token",
            "key": "aws-secret-access-key",
            "optional": True,
        }
        assert "HF_TOKEN" not in named


def test_a_service_with_a_key_does_not_start_without_it(wanted: Mapping[str, Needs]) -> None:
    objects = {each["kind"]: each for each in manifests(wanted["guarded"], download=True)}
    [container] = objects["Deployment"]["spec"]["template"]["spec"]["containers"]
    reference = {each["name"]: each for each in container["env"]}["VLLM_API_KEY"]["valueFrom"]["secretKeyRef"]
    assert reference == {"name": "hf-token", "key": "vllm-api-key", "optional": False}
    assert container["startupProbe"]["httpGet"] == {"path": "/health", "port": "http"}
    assert objects["Service"]["spec"]["ports"] == [
        {"name": "http", "port": 80, "targetPort": "http", "appProtocol": "http"}
    ]
    fetching = objects["Job"]["spec"]["template"]["spec"]["containers"][0]["env"]
    assert not [each for each in fetching if each["name"] == "VLLM_API_KEY"]


def test_the_job_fetches_where_the_service_can_follow(wanted: Mapping[str, Needs]) -> None:
    def job(**said: Any) -> dict[str, Any]:
        [found] = [e for e in manifests(wanted["qwen-mi325x"], download=True, **said) if e["kind"] == "Job"]
        return found

    anywhere, together = job(), job(access=Access.ONE_NODE)
    pod = anywhere["spec"]["template"]["spec"]
    assert "affinity" not in pod
    assert "amd.com/gpu" not in pod["containers"][0]["resources"]["limits"]
    assert pod["containers"][0]["args"] == ["download-to-cache"]
    assert "affinity" in together["spec"]["template"]["spec"]
    # A Job cannot be changed: what changes it gives it another name.
    assert anywhere["metadata"]["name"] == job()["metadata"]["name"]
    assert anywhere["metadata"]["name"] != job(image="other:1")["metadata"]["name"]


@pytest.mark.parametrize(
    ("autoscaler", "kind"), [(Autoscaler.KEDA, "ScaledObject"), (Autoscaler.HPA, "HorizontalPodAutoscaler")]
)
def test_an_autoscaler_has_the_number_of_replicas_to_itself(
    autoscaler: Autoscaler, kind: str, wanted: Mapping[str, Needs]
) -> None:
    said = {"autoscaler": autoscaler, "replicas": 2, "max_replicas": 6, "namespace": "llm"}
    objects = {each["kind"]: each for each in manifests(wanted["cohere-mi300x"], **said)}
    assert "replicas" not in objects["Deployment"]["spec"]
    spec = objects[kind]["spec"]
    if autoscaler is Autoscaler.HPA:
        assert [spec["minReplicas"], spec["maxReplicas"]] == [2, 6]
        gauges = {
            each["pods"]["metric"]["name"]: each["pods"]["target"]["averageValue"] for each in spec["metrics"]
        }
        assert gauges == {
            "vllm_num_requests_waiting": "5",
            "vllm_num_requests_running": "384",
            "vllm_kv_cache_usage_perc": "750m",
        }
        return
    assert [spec["minReplicaCount"], spec["maxReplicaCount"]] == [2, 6]
    assert spec["triggers"][0]["metadata"]["query"] == (
        'sum(vllm:num_requests_waiting{namespace="llm",'
        'pod=~"command-a-reasoning-08-2025-[a-z0-9]+(-[a-z0-9]{5})?"})'
    )


@pytest.mark.parametrize("name", ["llm", "a" * 46, "a" * 47, "a" * 50])
def test_the_queue_is_summed_over_the_pods_of_this_deployment_alone(name: str) -> None:
    [pods] = re.findall(r'pod=~"([^"]+)"', query("num_requests_waiting", Asked(name, "aim:1")))

    assert re.fullmatch(pods, pod_of(name))
    assert not re.fullmatch(pods, pod_of(f"{name[:40]}-chat"))


def pod_of(deployment: str) -> str:
    """As Kubernetes names it: 63 letters at most, of which the last five are drawn (names/generate.go)."""
    return f"{deployment}-7d4b9c6f58-"[:58] + "x2x9k"
