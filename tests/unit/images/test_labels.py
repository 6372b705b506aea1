"""Labels from an AIM's metadata and profiles: what is refused, and how a list is made where there is none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec import convert

from aim_runtime.errors import InvalidLabel
from aim_runtime.images.labels import DEPLOYMENTS, Build, labels, labels_for_any_model
from aim_runtime.images.names import BASE, CPU
from aim_runtime.profiles.aim import AimFile
from aim_runtime.profiles.profile import Profile, ProfileFile
from aim_runtime.vocabulary import Origin

BUILD = Build("1.2.3", "abc123", "2026-11-25T20:00:00Z")
OCI = "org.opencontainers.image"


def aim(image: dict[str, Any] | None = None, model: dict[str, Any] | None = None, **ours: Any) -> AimFile:
    """The metadata of acme/chat, with these values in it."""
    said = {
        "vendor": "Acme",
        "licenses": "MIT",
        "description": "A model.",
        "source": "https://acme.test/chat",
    }
    named = {"canonicalName": "acme/chat", "publisher": "Acme", **(model or {})}
    content = {
        "org": {"opencontainers": {"image": {**said, **(image or {})}}},
        "com": {"amd": {"aim": {"title": "Chat", "model": named, **ours}}},
        "weights": {"sources": ["hf://acme/chat"]},
    }
    return convert(content, AimFile)


def profile(stem: str, type_: str = "optimized", *, kind: str = "gpu") -> Profile:
    engine, model, precision, count, metric = stem.split("-")
    metadata = {
        "engine": engine,
        "accelerator_type": kind,
        "accelerator_model": model.upper(),
        "accelerator_count": int(count.removeprefix("tp")),
        "precision": precision,
        "metric": metric,
        "type": type_,
    }
    named = {"aim_id": "acme/chat", "model_id": "acme/chat"}
    content = convert({**named, "metadata": metadata, "engine_args": {}, "env_vars": {}}, ProfileFile)
    return Profile(stem, stem, Origin.MODEL, Path(f"{stem}.yaml"), content)


FAST, WIDE = profile("vllm-mi300x-fp8-tp1-latency"), profile("vllm-mi300x-fp16-tp4-throughput", "preview")


def listed(**more: Any) -> dict[str, Any]:
    return {"recommendedDeployments": [{"gpuModel": "MI300X", "gpuCount": 1, "metric": "latency", **more}]}


def deployments(found: dict[str, str]) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = json.loads(found[DEPLOYMENTS])
    return made


def test_every_label_that_is_known_is_written_and_no_empty_one() -> None:
    found = labels(aim(model={"tags": ["chat", "code"]}, hfToken={"required": True}), [FAST], BUILD)
    assert found == {
        "com.amd.aim.title": "Chat",
        "com.amd.aim.hfToken.required": "true",
        "com.amd.aim.model.canonicalName": "acme/chat",
        "com.amd.aim.model.publisher": "Acme",
        "com.amd.aim.model.tags": "chat,code",
        DEPLOYMENTS: '[{"gpuModel":"MI300X","gpuCount":1,"precision":"fp8","metric":"latency",'
        '"profileId":"vllm-mi300x-fp8-tp1-latency",'
        '"description":"Optimized for latency on MI300X using fp8 precision"}]',
        f"{OCI}.title": "acme/chat",
        f"{OCI}.description": "A model.",
        f"{OCI}.licenses": "MIT",
        f"{OCI}.vendor": "Acme",
        f"{OCI}.source": "https://acme.test/chat",
        f"{OCI}.version": "1.2.3",
        f"{OCI}.revision": "abc123",
        f"{OCI}.created": "2026-11-25T20:00:00Z",
    }


def test_the_build_says_where_the_sources_are() -> None:
    assert (
        labels(aim(), [], Build("1.2.3", source="https://fork.test"))[f"{OCI}.source"] == "https://fork.test"
    )


def test_without_a_list_each_gpu_gets_its_best_profile_of_each_metric() -> None:
    profiles = [
        *(WIDE, FAST),
        profile("vllm-mi300x-fp16-tp8-throughput", "preview"),
        profile("vllm-mi300x-fp16-tp1-throughput", "unoptimized"),
        profile("vllm-mi355x-fp8-tp1-latency", "unoptimized"),
        profile("vllm-cpu-bf16-tp1-latency", kind="cpu"),
    ]
    found = deployments(labels(aim(), profiles, BUILD))
    assert [each["profileId"] for each in found] == [
        *("vllm-mi300x-fp8-tp1-latency", "vllm-mi300x-fp16-tp4-throughput", "vllm-mi355x-fp8-tp1-latency")
    ]
    assert found[1]["description"] == "For throughput on MI300X using fp16 precision"
    assert DEPLOYMENTS not in labels(aim(), profiles[-1:], BUILD)


def test_a_list_is_kept_and_a_gpu_that_it_does_not_name_is_added() -> None:
    more = profile("vllm-mi325x-fp8-tp1-latency")
    model = listed(description="As fast as it gets")
    model["recommendedDeployments"][0]["metric"] = "throughput"
    model["recommendedDeployments"][0]["gpuCount"] = 4
    found = deployments(labels(aim(model=model), [FAST, WIDE, more], BUILD))
    assert [each["profileId"] for each in found] == [more.stem, WIDE.stem]  # optimized ones first
    assert found[1]["description"] == "As fast as it gets"


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"gpuCount": 2}, "2 x MI300X latency, is of no profile"),
        ({"precision": "fp4"}, "1 x MI300X fp4 latency, is of no profile"),
        ({"profileId": "vllm-mi300x-fp16-tp4-throughput"}, "is of no profile"),
        ({}, "is of several profiles: vllm-mi300x-fp8-tp1-latency, vllm-mi300x-fp16-tp1-latency"),
    ],
    ids=["count", "precision", "another-profile", "two-of-them"],
)
def test_a_listed_deployment_is_of_one_profile(said: dict[str, Any], reason: str) -> None:
    profiles = [FAST, WIDE, profile("vllm-mi300x-fp16-tp1-latency")]
    with pytest.raises(InvalidLabel) as raised:
        labels(aim(model=listed(**said)), profiles, BUILD)
    assert "acme/chat: recommendedDeployments[0] of metadata.yaml" in raised.value.message
    assert reason in raised.value.message
    assert raised.value.hint


def test_precision_or_id_says_which_of_two() -> None:
    profiles = [FAST, profile("vllm-mi300x-fp16-tp1-latency")]
    for said in ({"precision": "fp16"}, {"profileId": "vllm-mi300x-fp16-tp1-latency"}):
        found = deployments(labels(aim(model=listed(**said)), profiles, BUILD))
        assert [each["profileId"] for each in found] == ["vllm-mi300x-fp16-tp1-latency"]


def test_an_apostrophe_of_prose_is_written_as_one_and_no_quote() -> None:
    full = {"full": "Cohere's Command A"}
    found = labels(aim({"description": "Cohere's"}, description=full), [], BUILD)
    assert found[f"{OCI}.description"] == "Cohere\N{RIGHT SINGLE QUOTATION MARK}s"
    assert "'" not in found["com.amd.aim.description.full"]


@pytest.mark.parametrize(
    ("of", "field", "text"),
    [
        (aim(model=listed(description="Cohere's best")), "recommendedDeployments[0] of", '"Cohere\'s best"'),
        (aim(model={"tags": ["chat", "it's"]}), "com.amd.aim.model.tags", "it's"),
        (aim({"licenses": "a\nb"}), f"{OCI}.licenses", "not one line of text: 'a\\nb'"),
        (aim(release={"notes": "* new\n* newer"}), "com.amd.aim.release.notes", "* new"),
        (aim(model={"variants": ["a/b,c"]}), "com.amd.aim.model.variants", "an item with a comma: 'a/b,c'"),
        (aim({"description": "x" * 161}), f"{OCI}.description", "161 characters, 160 are allowed"),
    ],
    ids=["apostrophe-in-json", "apostrophe-in-list", "two-lines", "notes", "comma", "too-long"],
)
def test_what_would_not_be_understood_is_refused_by_name(of: AimFile, field: str, text: str) -> None:
    with pytest.raises(InvalidLabel) as raised:
        labels(of, [FAST], BUILD)
    assert field in raised.value.message
    assert text in raised.value.message
    assert raised.value.hint
    assert raised.value.exit_code == 8


@pytest.mark.parametrize("image", [BASE, CPU])
def test_an_image_for_any_model_names_none(image: str) -> None:
    found = labels_for_any_model(image, BUILD)
    assert found[f"{OCI}.title"] == image
    assert not any(name.startswith("com.amd.aim.model") for name in found)
    assert not any("'" in value for value in found.values())
