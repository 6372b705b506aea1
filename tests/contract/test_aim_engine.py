"""The objects of AMD's operator for every kind of plan, against its CRDs and what it says of itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from aim_runtime.deploy.aim_engine.asked import Api
from aim_runtime.deploy.aim_engine.render import render
from aim_runtime.deploy.asked import Asked, Autoscaler, usual_gpu_resource, usual_image, usual_name
from aim_runtime.deploy.documents import plain
from aim_runtime.deploy.needs import Needs
from aim_runtime.errors import ConfigError, InvalidValue, NotDeployable
from aim_runtime.models.ref import ModelRef
from aim_runtime.vocabulary import Vendor
from contract import aim_v1alpha2, crds
from contract.plans import PLANS, planned
from running import COHERE

OPTIONS: tuple[Mapping[str, Any], ...] = (
    {},
    {"namespace": "llm", "pull_secret": "registry", "storage_class": "fast", "replicas": 3},
    {"gateway": "gateways/public", "token_secret": "tokens"},
    {"autoscaler": Autoscaler.KEDA, "replicas": 2, "max_replicas": 6},
)
# A profile of one's own is v1alpha2's alone.
TEMPLATED = [name for name in PLANS if name != "custom"]


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Needs]:
    return {name: planned(name, tmp_path_factory.mktemp(name)) for name in PLANS}


def manifests(wanted: Needs, api: Api = Api.TEMPLATES, **said: Any) -> dict[str, dict[str, Any]]:
    """The objects as they are written, by their kinds."""
    usual = {
        "name": usual_name(wanted),
        "image": usual_image(wanted),
        "gpu_resource": usual_gpu_resource(wanted),
    }
    found = plain(render(wanted, Asked(**{**usual, **said}), api))
    return {each["kind"]: each for each in found}


def variables(document: dict[str, Any]) -> list[dict[str, Any]]:
    """What an object sets in the container."""
    return [*document["spec"].get("env", []), *document["spec"].get("containerEnv", [])]


@crds.needs_crds
@pytest.mark.parametrize("plan", TEMPLATED)
def test_the_crds_of_v1alpha1_take_every_plan(plan: str, wanted: Mapping[str, Needs]) -> None:
    for said in OPTIONS:
        objects = manifests(wanted[plan], **said)
        assert list(objects) == ["AIMModel", "AIMServiceTemplate", "AIMService"]
        for each in objects.values():
            assert crds.faults(each) == [], said


@pytest.mark.parametrize("plan", PLANS)
def test_v1alpha2_is_as_its_reference_says(plan: str, wanted: Mapping[str, Needs]) -> None:
    for said in OPTIONS:
        for each in manifests(wanted[plan], Api.PROFILES, **said).values():
            assert aim_v1alpha2.faults(each) == [], said


@crds.needs_crds
@pytest.mark.parametrize(
    ("kind", "place", "field"),
    [
        ("AIMModel", (), "imagee"),
        ("AIMServiceTemplate", (), "profileID"),
        ("AIMServiceTemplate", ("hardware", "gpu"), "count"),
        ("AIMService", ("template",), "profile"),
        ("AIMService", ("env", 0), "val"),
    ],
)
def test_the_crds_see_a_misspelled_field(
    kind: str, place: tuple[str | int, ...], field: str, wanted: Mapping[str, Needs]
) -> None:
    document = manifests(wanted["cohere-mi300x"])[kind]
    into = document["spec"]
    for step in place:
        into = into[step]
    into[field] = "x"
    assert any(field in fault for fault in crds.faults(document))


@crds.needs_crds
@pytest.mark.parametrize(
    ("field", "value"), [("metric", "speed"), ("precision", "fp9"), ("type", "general"), ("env", {})]
)
def test_the_crds_see_a_wrong_word(field: str, value: object, wanted: Mapping[str, Needs]) -> None:
    document = manifests(wanted["cohere-mi300x"])["AIMServiceTemplate"]
    document["spec"][field] = value
    assert any(fault.startswith(f"spec.{field}") for fault in crds.faults(document))


def test_the_reference_sees_a_misspelled_field_and_a_missing_one(wanted: Mapping[str, Needs]) -> None:
    objects = manifests(wanted["custom"], Api.PROFILES)
    objects["AIMProfile"]["spec"]["acceleratormodel"] = objects["AIMProfile"]["spec"].pop("image")
    found = aim_v1alpha2.faults(objects["AIMProfile"])
    assert any("acceleratormodel" in fault for fault in found)
    assert any("'image' is a required property" in fault for fault in found)
    del objects["AIMService"]["spec"]["profile"]
    assert aim_v1alpha2.faults(objects["AIMService"])


def test_a_template_has_the_plan_and_the_service_that_template(wanted: Mapping[str, Needs]) -> None:
    objects = manifests(wanted["cohere-mi300x-2"], replicas=2)
    template, service = objects["AIMServiceTemplate"]["spec"], objects["AIMService"]["spec"]
    needed = wanted["cohere-mi300x-2"]
    decided = needed.profile.metadata
    assert template["profileId"] == needed.profile_id
    assert [template[key] for key in ("metric", "precision")] == [decided.metric, decided.precision]
    assert template["hardware"] == {"gpu": {"requests": 2, "model": "MI300X", "resourceName": "amd.com/gpu"}}
    assert template["modelName"] == objects["AIMModel"]["metadata"]["name"] == service["model"]["name"]
    assert service["template"]["name"] == objects["AIMServiceTemplate"]["metadata"]["name"]
    assert service["replicas"] == 2
    assert objects["AIMModel"]["spec"]["image"].startswith("aim-coherelabs-command-a-reasoning-08-2025:")


def test_named_weights_are_the_sources(wanted: Mapping[str, Needs]) -> None:
    for each in (
        *(manifests(wanted["s3"])[kind] for kind in ("AIMModel", "AIMServiceTemplate")),
        manifests(wanted["s3"], Api.PROFILES)["AIMProfile"],
    ):
        [source] = each["spec"]["modelSources"]
        assert source == {"modelId": wanted["s3"].model_id, "sourceUri": "s3://models/qwen3"}
        assert re.fullmatch(r"[a-zA-Z0-9_-]+/[a-zA-Z0-9._-]+", source["modelId"])


def test_the_image_of_an_aim_is_asked_for_its_profile_by_v1alpha2(wanted: Mapping[str, Needs]) -> None:
    objects = manifests(wanted["cohere-mi300x"], Api.PROFILES)
    assert list(objects) == ["AIMService"]
    service = objects["AIMService"]
    assert service["metadata"]["annotations"] == {"aim.eai.amd.com/reconciler-pipeline": "profile"}
    assert service["spec"]["profile"]["selector"]["profileId"] == wanted["cohere-mi300x"].profile_id


@pytest.mark.parametrize("plan", ["custom", "smollm2-cpu", "s3"])
def test_a_profile_that_the_image_does_not_have_is_carried_by_v1alpha2(
    plan: str, wanted: Mapping[str, Needs]
) -> None:
    objects, needed = manifests(wanted[plan], Api.PROFILES), wanted[plan]
    profile, service = objects["AIMProfile"]["spec"], objects["AIMService"]["spec"]
    assert service["profile"] == {"name": objects["AIMProfile"]["metadata"]["name"]}
    assert profile["engineArgs"].keys() == needed.profile.content.engine_args.keys()
    assert None not in profile["engineArgs"].values()
    assert profile.get("engineEnv", {}) == needed.profile.content.env_vars
    assert profile.get("acceleratorCount", 0) == needed.accelerators.gpus


def test_the_token_reaches_what_fetches_and_the_key_what_serves(wanted: Mapping[str, Needs]) -> None:
    guarded = replace(wanted["custom"], secrets=("HF_TOKEN", "VLLM_API_KEY"), guards=("VLLM_API_KEY",))
    profile = manifests(guarded, Api.PROFILES)["AIMProfile"]["spec"]
    assert [each["name"] for each in profile["caching"]["env"]] == ["HF_TOKEN"]
    stored = manifests(wanted["s3"], Api.PROFILES)["AIMProfile"]["spec"]["caching"]["env"]
    assert {"AWS_ENDPOINT_URL", "AWS_SECRET_ACCESS_KEY"} <= {each["name"] for each in stored}
    said = [each["name"] for each in profile["containerEnv"]]
    assert "VLLM_API_KEY" in said
    assert "HF_TOKEN" not in said


@pytest.mark.parametrize("api", Api)
def test_a_drain_ends_before_the_pod_is_killed(api: Api, wanted: Mapping[str, Needs]) -> None:
    for plan in ("cohere-mi300x", "guarded"):
        said = [one for each in manifests(wanted[plan], api).values() for one in variables(each)]
        drains = [each["value"] for each in said if each["name"] == "AIM_DRAIN_SECONDS"]
        # Kubernetes' own terminationGracePeriodSeconds, which neither the operator nor KServe sets.
        assert drains
        assert all(int(each) < 30 for each in drains)


def test_the_operator_gets_no_variable_that_it_sets_itself(wanted: Mapping[str, Needs]) -> None:
    for plan in TEMPLATED:
        for api in Api:
            for each in manifests(wanted[plan], api).values():
                names = {one["name"] for one in variables(each)}
                assert not names & {"AIM_PROFILE_ID", "AIM_MODEL_ID", "AIM_CACHE_PATH", "AIM_PORT"}


def test_keda_counts_in_place_of_a_fixed_number(wanted: Mapping[str, Needs]) -> None:
    said = {"autoscaler": Autoscaler.KEDA, "replicas": 2, "max_replicas": 6}
    spec = manifests(wanted["cohere-mi300x"], **said)["AIMService"]["spec"]
    assert [spec["minReplicas"], spec["maxReplicas"], "replicas" in spec] == [2, 6, False]
    queries = [each["podmetric"]["metric"]["query"] for each in spec["autoScaling"]["metrics"]]
    assert queries[0] == "vllm:num_requests_waiting"


CANNOT: Mapping[str, tuple[Api, dict[str, Any], dict[str, Any], type[Exception], str]] = {
    "a port of one's own": (Api.TEMPLATES, {"port": 9000}, {}, InvalidValue, "unset AIM_PORT"),
    "arguments": (
        *(Api.TEMPLATES, {"arguments": ("--max-model-len", "4096")}, {}, InvalidValue),
        "say them in AIM_ENGINE_ARGS",
    ),
    "a partition in v1alpha2": (
        *(Api.PROFILES, {}, {"gpu_resource": "amd.com/cpx_nps4"}, InvalidValue),
        "use --api v1alpha1",
    ),
    "a long namespace": (Api.TEMPLATES, {}, {"namespace": "n" * 43}, InvalidValue, "at most 42 characters"),
    "both names": (
        *(Api.TEMPLATES, {}, {"name": "a" * 50, "namespace": "n" * 13}, InvalidValue),
        "62 for both names",
    ),
    "a name without an organisation": (
        *(Api.PROFILES, {"model_id": "bucket"}, {}, InvalidValue),
        "AIM_CUSTOM_MODEL_NAME=my-org/my-model",
    ),
    "another source": (
        *(Api.PROFILES, {"source": ModelRef.parse("https://example.org/m.tar")}, {}, NotDeployable),
        "generate kserve",
    ),
}


@pytest.mark.parametrize("case", CANNOT)
def test_what_the_operator_cannot_have_is_refused_with_what_to_do(
    case: str, wanted: Mapping[str, Needs]
) -> None:
    api, needed, said, kind, hint = CANNOT[case]
    with pytest.raises(kind) as caught:
        manifests(replace(wanted["smollm2-cpu"], **needed), api, **said)
    assert hint in caught.value.hint


def test_a_gpu_of_another_vendor_is_refused(wanted: Mapping[str, Needs]) -> None:
    other = replace(wanted["cohere-mi300x"].accelerators, model="H100", vendor=Vendor.NVIDIA)
    with pytest.raises(NotDeployable, match="H100 is no GPU of AMD's"):
        manifests(replace(wanted["cohere-mi300x"], accelerators=other))


def test_a_profile_of_ones_own_and_arguments_need_the_other_api(wanted: Mapping[str, Needs]) -> None:
    with pytest.raises(InvalidValue) as caught:
        manifests(wanted["custom"])
    assert f"custom/{COHERE}/mine" in caught.value.message
    assert "use --api v1alpha2" in caught.value.hint
    needed = wanted["cohere-mi300x"]
    argued = replace(needed, variables={**needed.variables, "AIM_ENGINE_ARGS": '{"max-model-len": 4096}'})
    assert manifests(argued)
    with pytest.raises(ConfigError) as refused:
        manifests(argued, Api.PROFILES)
    assert "use --api v1alpha1" in refused.value.hint
