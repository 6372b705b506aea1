"""The chart with values by hand: few are enough, mistakes are refused, a cluster's own ways have a place."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import helm_python as helm
import kubernetes_validate
import pytest
import yaml

from aim_runtime.deploy.kubernetes.render import render
from aim_runtime.version import __version__
from contract.helm_chart import ASKED, CHART, IMAGE, MINIMAL, compared, planned, rendered
from contract.semantic import findings
from running import COHERE


@pytest.fixture(scope="module")
def chart() -> Iterator[Any]:
    with helm.Chart.load(CHART) as loaded:
        yield loaded


@pytest.mark.parametrize("count", [1, 2, 4, 8])
def test_by_hand_image_and_gpus_are_enough(chart: Any, count: int) -> None:
    """What nobody says is what the plan of as many GPUs would have been given."""
    wanted = planned(AIM_ID=COHERE, AIM_ACCELERATOR_MODEL="MI355X", AIM_ACCELERATOR_COUNT=str(count))
    by_hand = {"image": IMAGE, "gpus": count}
    objects = rendered(chart, by_hand)
    assert not findings(objects)
    pod = compared(objects)["Deployment llm"]["spec"]["template"]["spec"]
    like = compared(render(wanted, ASKED))["Deployment llm"]["spec"]["template"]["spec"]
    assert pod["containers"][0]["resources"] == like["containers"][0]["resources"]
    assert pod["volumes"] == like["volumes"]
    assert not helm.lint(CHART, by_hand, strict=True)["errors"]


# One of each mistake, and what is said of it.
REFUSED = {
    "a key that does not exist": ({"imgae": "x"}, "additional properties 'imgae' not allowed"),
    "a key that does not exist, further in": ({"cache": {"sise": "1Gi"}}, "'sise' not allowed"),
    "a number as text": ({"gpus": "8"}, "at '/gpus': got string, want integer"),
    "a text as number": ({"env": {"AIM_SEED": 1}}, "at '/env/AIM_SEED': got number, want string"),
    "no quantity": ({"memory": "32 GB"}, "at '/memory': '32 GB' does not match pattern"),
    "an unknown word": ({"autoscaling": {"by": "vpa"}}, "value must be one of 'none', 'keda', 'hpa'"),
    "no image": ({"image": ""}, "image: say which image serves"),
    "a CPU without memory": ({"gpus": 0, "cpu": 2}, "memory: say how much memory is needed"),
    "a CPU without cores": ({"gpus": 0, "memory": "8Gi"}, "cpu: say how many cores"),
    "a stop that is too short": ({"drainSeconds": 95}, "ends what drainSeconds waits for"),
    "a volume of one node for two": (
        {"replicaCount": 2, "cache": {"accessMode": "ReadWriteOnce"}},
        "replicas on other nodes could not mount the volume",
    ),
    "a volume that stays empty": ({"cache": {"accessMode": "ReadOnlyMany"}}, "stays empty"),
    "a download to nowhere": (
        {"download": {"enabled": True}, "cache": {"enabled": False}},
        "there is no volume to fetch into",
    ),
    "a download to what can only be read": (
        {"download": {"enabled": True}, "cache": {"accessMode": "ReadOnlyMany", "existingClaim": "w"}},
        "cannot be written",
    ),
    "a variable that is a value": ({"env": {"AIM_PORT": "9000"}}, "say ports.http instead"),
    "profiles of one name": ({"customProfiles": {"a/x.yaml": "", "b/x.yaml": ""}}, "the same file name"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_mistake_is_refused_with_what_to_do(chart: Any, case: str) -> None:
    said, why = REFUSED[case]
    with pytest.raises(helm.HelmError, match=re.escape(why)):
        rendered(chart, {**MINIMAL, **said})


# What the chart has for the rest of a cluster, all at once, as a user's own file says it.
MORE = """
image: registry.example.com/aim:1
imagePullPolicy: Always
fullnameOverride: other
modelId: s3://bucket/model
engineArgs: {max-model-len: 32768}
extraEnv: [{name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}]
envFrom: [{secretRef: {name: everything}}]
cpu: 8
resources: {limits: {amd.com/gpu: 2, memory: 96Gi}}
cache: {existingClaim: weights}
download: {enabled: true}
service: {type: LoadBalancer, port: 8080, annotations: {example.com/kind: internal}}
networkPolicy:
  from: [{namespaceSelector: {}}]
  extraEgress: [{ports: [{port: 4317, protocol: TCP}]}]
autoscaling: {by: hpa, targets: {kv_cache_usage_perc: null}}
podAnnotations: {example.com/note: "1"}
podLabels: {example.com/team: one}
commonLabels: {example.com/cost: two}
nodeSelector: {pool: gpu}
tolerations: [{key: spot, operator: Exists}]
topologySpreadConstraints:
  - {maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: ScheduleAnyway}
priorityClassName: high
runtimeClassName: amd
schedulerName: kueue
podSecurityContext: {runAsUser: 1000650000, runAsGroup: null, fsGroup: null}
securityContext: {runAsUser: null, readOnlyRootFilesystem: false}
serviceAccount: {name: named, annotations: {example.com/role: reader}, automount: true}
initContainers: [{name: first, image: busybox, command: ["true"]}]
extraContainers: [{name: beside, image: busybox}]
extraVolumes: [{name: more, emptyDir: {}}]
extraVolumeMounts: [{name: more, mountPath: /more}]
extraObjects:
  - {apiVersion: v1, kind: ConfigMap, metadata: {name: '{{ include "aim.name" . }}-more'}}
  - |
    apiVersion: v1
    kind: Secret
    metadata:
      name: {{ .Release.Name }}-written
"""


def test_what_else_a_user_says_is_where_kubernetes_has_it(chart: Any) -> None:
    objects = rendered(chart, yaml.safe_load(MORE))
    for each in objects:
        kubernetes_validate.validate(each, "1.33", strict=True)
    found = {f"{each['kind']} {each['metadata']['name']}": each for each in objects}
    assert found.keys() >= {"ConfigMap other-more", "Secret llm-written", "ServiceAccount named"}
    assert not [name for name in found if name.startswith("PersistentVolumeClaim")]
    deployment = found["Deployment other"]["spec"]
    pod = deployment["template"]["spec"]
    assert "replicas" not in deployment
    # Of two charts in one release, neither takes the other's pods.
    assert deployment["selector"]["matchLabels"]["app.kubernetes.io/instance"] == "other"
    assert (
        deployment["selector"]["matchLabels"].items() <= deployment["template"]["metadata"]["labels"].items()
    )
    assert pod["securityContext"]["runAsUser"] == 1000650000
    assert not {"runAsGroup", "fsGroup"} & pod["securityContext"].keys()
    assert "runAsUser" not in pod["containers"][0]["securityContext"]
    assert pod["containers"][0]["resources"] == {"limits": {"amd.com/gpu": 2, "memory": "96Gi"}}
    assert [each["name"] for each in pod["containers"]] == ["aim", "beside"]
    assert {"named", "high", "amd", "kueue"} <= {each for each in pod.values() if isinstance(each, str)}
    gauges = [
        each["pods"]["metric"]["name"] for each in found["HorizontalPodAutoscaler other"]["spec"]["metrics"]
    ]
    assert gauges == ["vllm_num_requests_waiting"]


def test_schema_has_every_value_and_no_other() -> None:
    usual = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
    assert schema["properties"].keys() - usual.keys() == {"global", "enabled"}  # a parent chart's
    _has_all(usual, schema)


def _has_all(values: dict[str, Any], schema: dict[str, Any]) -> None:
    for key, value in values.items():
        found = schema["properties"][key]
        if "properties" in found:
            assert found["additionalProperties"] is False, key
            assert found["properties"].keys() == value.keys(), key
            _has_all(value, found)


def test_versions_are_the_packages(chart: Any) -> None:
    assert (chart.metadata["version"], chart.metadata["appVersion"]) == (__version__, __version__)


def test_package_has_what_the_chart_needs(tmp_path: Path) -> None:
    archive = helm.package(CHART, destination=tmp_path)
    with helm.Chart.load(archive) as packaged:
        assert packaged.schema is not None
        assert [each["kind"] for each in rendered(packaged, MINIMAL)].count("Deployment") == 1
        assert {"README.md", ".helmignore"} >= {each["name"] for each in packaged.files} >= {"README.md"}


def test_notes_say_where_it_answers(chart: Any) -> None:
    said = {**MINIMAL, "secret": {"required": ["VLLM_API_KEY"]}, "service": {"port": 8080}}
    notes = chart.render(said, name="llm", namespace="serving")["aim/templates/NOTES.txt"]
    assert "port-forward service/llm 8000:8080" in notes
    assert "secret hf-token with the keys vllm-api-key." in notes
