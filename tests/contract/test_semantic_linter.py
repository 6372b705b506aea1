"""The linter finds what the schemas let pass: each fault is put into a manifest that has none."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from aim_runtime.deploy.asked import Autoscaler
from contract.plans import manifests, planned
from contract.quantities import quantity
from contract.semantic import findings

Objects = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    wanted = planned("custom", tmp_path_factory.mktemp("plan"))
    said = {"download": True, "monitor": True, "autoscaler": Autoscaler.HPA, "inference_pool": True}
    return manifests(wanted, **said, gateway="public")


def pod(objects: Objects, kind: str = "Deployment") -> dict[str, Any]:
    found: dict[str, Any] = objects[kind]["spec"]["template"]["spec"]
    return found


def container(objects: Objects, kind: str = "Deployment") -> dict[str, Any]:
    found: dict[str, Any] = pod(objects, kind)["containers"][0]
    return found


def limits(objects: Objects) -> dict[str, str]:
    found: dict[str, str] = container(objects)["resources"]["limits"]
    return found


def drain(objects: Objects, seconds: str) -> None:
    [variable] = [each for each in container(objects)["env"] if each["name"] == "AIM_DRAIN_SECONDS"]
    variable["value"] = seconds


def secret_key(objects: Objects, key: str) -> None:
    [variable] = [each for each in container(objects)["env"] if "valueFrom" in each]
    variable["valueFrom"]["secretKeyRef"]["key"] = key


FAULTS: dict[str, Callable[[Objects], object]] = {
    "Service/8b: the name '8b' is none": lambda o: o["Service"]["metadata"].update(name="8b"),
    "the name is 64 characters long": lambda o: o["Job"]["metadata"].update(name="a" * 64),
    "the namespace 'A' is none": lambda o: o["Job"]["metadata"].update(namespace="A"),
    "is in the namespace llm, others are not": lambda o: o["Service"]["metadata"].update(namespace="llm"),
    "its label app.kubernetes.io/name has the value 'a b'": lambda o: o["Service"]["metadata"][
        "labels"
    ].update({"app.kubernetes.io/name": "a b"}),
    "pods label '-x' is none": lambda o: o["Deployment"]["spec"]["template"]["metadata"]["labels"].update(
        {"-x": "y"}
    ),
    "the port name 'a-name-of-17-chars' is none": lambda o: container(o)["ports"][0].update(
        name="a-name-of-17-chars"
    ),
    "startupProbe asks port 'http', which is not there": lambda o: (
        container(o)["startupProbe"].update(httpGet={"path": "/health", "port": "http"})
        or container(o)["ports"].pop(0)
    ),
    "livenessProbe without a startupProbe": lambda o: container(o).pop("startupProbe"),
    "selects {'app.kubernetes.io/name': 'other'}, and its pods are": lambda o: o["Deployment"]["spec"].update(
        selector={"matchLabels": {"app.kubernetes.io/name": "other"}}
    ),
    "Service/command-a-reasoning-08-2025: selects pods of a Job": lambda o: o["Service"]["spec"][
        "selector"
    ].pop("app.kubernetes.io/name"),
    "PodDisruptionBudget/command-a-reasoning-08-2025: selects": lambda o: o["PodDisruptionBudget"][
        "spec"
    ].update(selector={"matchLabels": {"app": "other"}}),
    "leads to port 'web', which pods do not have": lambda o: o["Service"]["spec"]["ports"][0].update(
        targetPort="web"
    ),
    "scrapes port 'metrics', which": lambda o: o["PodMonitor"]["spec"]["podMetricsEndpoints"][0].update(
        port="metrics"
    ),
    "lets in to port 'web', which": lambda o: o["NetworkPolicy"]["spec"]["ingress"][0]["ports"][0].update(
        port="web"
    ),
    "lets nobody ask for a name": lambda o: o["NetworkPolicy"]["spec"]["egress"].pop(0),
    "leads to port 9000, which": lambda o: o["InferencePool"]["spec"]["targetPorts"][0].update(number=9000),
    "leads to the InferencePool other, which": lambda o: o["HTTPRoute"]["spec"]["rules"][0]["backendRefs"][
        0
    ].update(name="other"),
    "scales other, which is not there": lambda o: o["HorizontalPodAutoscaler"]["spec"][
        "scaleTargetRef"
    ].update(name="other"),
    "which says its number of replicas itself": lambda o: o["Deployment"]["spec"].update(replicas=2),
    "scales from 1 to 0": lambda o: o["HorizontalPodAutoscaler"]["spec"].update(maxReplicas=0),
    "is given up before a start of": lambda o: o["Deployment"]["spec"].update(progressDeadlineSeconds=600),
    "/tmp mounts tmp, which is no volume": lambda o: pod(o)["volumes"].pop(1),
    "the volume more is mounted nowhere": lambda o: pod(o)["volumes"].append(
        {"name": "more", "emptyDir": {"sizeLimit": "1Gi"}}
    ),
    "the volume tmp may grow without an end": lambda o: pod(o)["volumes"][1].update(emptyDir={}),
    "its volumes alone fill the limit of memory": lambda o: limits(o).update(memory="32Gi"),
    "the mount /tmp is there twice": lambda o: container(o)["volumeMounts"].append(
        {"name": "tmp", "mountPath": "/tmp"}
    ),
    "mounts the claim other-cache, which": lambda o: pod(o)["volumes"][0].update(
        persistentVolumeClaim={"claimName": "other-cache"}
    ),
    "mounts mine.yaml of command-a-reasoning-08-2025-profiles, which": lambda o: o["ConfigMap"].update(
        data={"other.yaml": ""}
    ),
    "its pods run as command-a-reasoning-08-2025, which": lambda o: o.pop("ServiceAccount"),
    "limits '40 GB' of memory, which is no quantity": lambda o: limits(o).update(memory="40 GB"),
    "limits 500m of amd.com/gpu, which is not divided": lambda o: limits(o).update({"amd.com/gpu": "500m"}),
    "requests 8 of amd.com/gpu, and is limited to 4": lambda o: limits(o).update({"amd.com/gpu": "4"}),
    "requests None of amd.com/gpu": lambda o: container(o)["resources"]["requests"].pop("amd.com/gpu"),
    "requests 256Gi of memory, above the limit of 100Gi": lambda o: limits(o).update(memory="100Gi"),
    "is killed after 95 s, and drains for 90 s and 5": lambda o: drain(o, "90"),
    "HF_TOKEN names the key 'hf token', which": lambda o: secret_key(o, "hf token"),
    "the variable AIM_PORT is there twice": lambda o: container(o)["env"].append(
        {"name": "AIM_PORT", "value": "1"}
    ),
    "AIM_MORE has no value, or two": lambda o: container(o)["env"].append({"name": "AIM_MORE"}),
    "a Job's pods have a restartPolicy of their own": lambda o: pod(o, "Job").pop("restartPolicy"),
    "may run as root": lambda o: (
        pod(o).pop("securityContext") and container(o)["securityContext"].pop("runAsNonRoot")
    ),
    "may gain privileges": lambda o: container(o)["securityContext"].pop("allowPrivilegeEscalation"),
    "keeps capabilities": lambda o: container(o)["securityContext"].update(capabilities={"drop": ["KILL"]}),
    "may write to its root": lambda o: container(o)["securityContext"].pop("readOnlyRootFilesystem"),
    "is there twice": lambda o: o.update(again=deepcopy(o["Service"])),
}


def test_a_sound_manifest_has_no_fault(sound: list[dict[str, Any]]) -> None:
    assert findings(sound) == []


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found(fault: str, sound: list[dict[str, Any]]) -> None:
    objects = {each["kind"]: deepcopy(each) for each in sound}
    FAULTS[fault](objects)
    found = findings(list(objects.values()))
    assert [line for line in found if fault in line], found


@pytest.mark.parametrize(
    ("text", "value"),
    [("8Gi", 8 * 1024**3), ("500m", 0.5), ("1e3", 1000), ("2", 2), ("0.5G", 5e8), ("1.5Ki", 1536)],
)
def test_quantities(text: str, value: float) -> None:
    assert quantity(text) == value


@pytest.mark.parametrize("text", ["8 Gi", "8GiB", "", "Gi", "1_000", "8gi", 8])
def test_no_quantities(text: object) -> None:
    assert quantity(text) is None
