"""Which adapters vLLM is started with, and how: tables of profile, settings and folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace as changed

from aim_runtime.engines.adapting import Adapting
from aim_runtime.engines.launch import Launch, Layer
from aim_runtime.engines.vllm import Vllm
from aim_runtime.engines.vllm_adapters import refuse_unusable
from aim_runtime.models.adapter import Adapter, Adapters, Skipped
from aim_runtime.models.architecture import UNKNOWN_MODEL
from aim_runtime.models.location import Location
from aim_runtime.models.ref import ModelRef
from aim_runtime.models.storage import NOT_LOOKED_AT
from aim_runtime.profiles.profile import Profile
from aim_runtime.profiles.selection import Selection
from aim_runtime.settings import AdapterSettings, Settings
from aim_runtime.vocabulary import AdapterMode, Feature, Origin
from unit.adapters import CONFIG
from unit.profiles.build import AIM, machine, profile

SOURCE = Path("/adapters")
HERE = Location(AIM, Path("/models/acme/model"), True, (ModelRef.parse(f"hf://{AIM}"),))
ASKED = AdapterSettings(SOURCE, asked=True)
DYNAMIC = replace(ASKED, mode=AdapterMode.DYNAMIC, refresh_s=5)


def one(name: str = "poet", **config: Any) -> Adapter:
    said = {key: value for key, value in {**CONFIG, **config}.items() if value is not None}
    return Adapter(name, SOURCE / name, said, ((1, 1), (2, 2)))


def folder(*found: Adapter, skipped: tuple[Skipped, ...] = ()) -> Adapters:
    return Adapters(SOURCE, found, skipped, present=True)


def with_features(given: Profile, *features: Feature) -> Profile:
    metadata = changed(given.metadata, features=list(features))
    return replace(given, content=changed(given.content, metadata=metadata))


def launch(
    given: Profile, settings: AdapterSettings, looked: Adapters, location: Location = HERE, **asked: Any
) -> Launch:
    hardware = machine("2*MI300X")
    selection = Selection(given, hardware.gpus[: given.metadata.accelerator_count], (), ())
    whole = Settings(aim_id=AIM, adapters=settings, **asked)
    return Vllm().launch(selection, location, whole, None, UNKNOWN_MODEL, hardware.cpu, NOT_LOOKED_AT, looked)


def lora(found: Launch) -> dict[str, tuple[Any, Layer]]:
    return {each.key: (each.value, each.layer) for each in found.arguments if "lora" in each.key}


MODEL = profile("MI300X/fp16/2")
GENERAL = profile("MI300X/fp16/2", origin=Origin.GENERAL)
CUSTOM = profile("MI300X/fp16/2", origin=Origin.CUSTOM_MODEL)
FULL = with_features(MODEL, Feature.ADAPTERS)
SCALE = with_features(MODEL, Feature.ADAPTERS_SCALE_ONLY)
UNASKED = AdapterSettings(SOURCE)


@pytest.mark.parametrize(
    ("given", "settings", "mode"),
    [
        (FULL, UNASKED, AdapterMode.STATIC),
        (FULL, replace(UNASKED, mode=AdapterMode.DYNAMIC), AdapterMode.DYNAMIC),
        (SCALE, UNASKED, AdapterMode.STATIC),
        (SCALE, DYNAMIC, AdapterMode.STATIC),
        (MODEL, UNASKED, None),
        (MODEL, ASKED, None),
        (GENERAL, UNASKED, None),
        (GENERAL, ASKED, AdapterMode.STATIC),
        (GENERAL, DYNAMIC, AdapterMode.DYNAMIC),
        (CUSTOM, UNASKED, None),
        (CUSTOM, ASKED, AdapterMode.STATIC),
    ],
)
def test_who_may_have_adapters(given: Profile, settings: AdapterSettings, mode: AdapterMode | None) -> None:
    found = launch(given, settings, folder(one()))
    assert (found.adapting.mode if found.adapting else None) == mode
    assert bool(lora(found)) == (mode is not None)


def test_a_profile_that_does_not_allow_them_is_named() -> None:
    (note,) = launch(MODEL, ASKED, folder(one())).notes
    assert note.startswith("AIM_ADAPTER_SOURCE=/adapters: no adapter is served, because the profile ")
    assert "does not say features: [adapters]" in note
    assert launch(MODEL, UNASKED, folder(one())).notes == ()


def test_static() -> None:
    found = launch(FULL, UNASKED, folder(one("a"), one("b", r=32)))
    assert lora(found) == {
        "enable-lora": (None, Layer.MACHINE),
        "max-loras": (8, Layer.MACHINE),
        "max-cpu-loras": (16, Layer.MACHINE),
        "max-lora-rank": (32, Layer.MACHINE),
        "lora-modules": (["a=/adapters/a", "b=/adapters/b"], Layer.MACHINE),
    }
    argv = list(found.command)
    start = argv.index("--lora-modules")
    assert argv[start : start + 3] == ["--lora-modules", "a=/adapters/a", "b=/adapters/b"]
    assert found.adapting == Adapting(SOURCE, AdapterMode.STATIC, ("a", "b"))
    assert not [each for each in found.variables if "LORA" in each.name]


@pytest.mark.parametrize(
    "looked", [folder(), Adapters(SOURCE), folder(skipped=(Skipped("a", "no weights"),))]
)
def test_without_an_adapter_lora_stays_off(looked: Adapters) -> None:
    found = launch(FULL, UNASKED, looked)
    assert (lora(found), found.adapting) == ({}, None)


def test_dynamic() -> None:
    found = launch(FULL, DYNAMIC, folder())
    assert lora(found) == {
        "enable-lora": (None, Layer.RUNTIME),
        "max-loras": (8, Layer.RUNTIME),
        "max-cpu-loras": (16, Layer.RUNTIME),
        "max-lora-rank": (32, Layer.RUNTIME),
    }
    assert {name: value for name, value in found.environment.items() if "LORA" in name or "PLUG" in name} == {
        "VLLM_ALLOW_RUNTIME_LORA_UPDATING": "True",
        "VLLM_LORA_RESOLVER_CACHE_DIR": "/adapters",
        "VLLM_PLUGINS": "lora_filesystem_resolver",
    }
    assert found.adapting is not None
    assert (found.adapting.load_path, found.adapting.refresh_s) == ("/v1/load_lora_adapter", 5)


def test_dynamic_without_the_folder_does_without_the_resolver_that_would_end_the_engine() -> None:
    found = launch(FULL, DYNAMIC, Adapters(SOURCE))
    assert "VLLM_PLUGINS" not in found.environment
    assert found.environment["VLLM_ALLOW_RUNTIME_LORA_UPDATING"] == "True"
    assert "AIM_ADAPTER_SOURCE=/adapters: there is no such folder, so there are no adapters" in found.notes


def test_what_the_user_says_stands() -> None:
    found = launch(FULL, UNASKED, folder(one(r=64)), engine_args={"max-lora-rank": 64, "max-loras": 1})
    assert lora(found)["max-lora-rank"] == (64, Layer.ENGINE_ARGS)
    assert lora(found)["max-loras"] == (1, Layer.ENGINE_ARGS)
    assert found.adapting is not None
    assert (found.adapting.names, found.adapting.max_rank) == (("poet",), 64)
    off = launch(FULL, UNASKED, folder(one()), extra_args=("--no-enable-lora",))
    assert off.adapting is None
    assert "--lora-modules" not in off.command
    own = launch(FULL, UNASKED, folder(one()), extra_args=("--lora-modules", "x=/x"))
    assert lora(own)["lora-modules"] == ("x=/x", Layer.COMMAND_LINE)
    assert "lora-modules is given: it replaces the adapters of /adapters" in own.notes


@pytest.mark.parametrize(
    ("looked", "settings", "note"),
    [
        (folder(one(), skipped=(Skipped("x", "no weights"),)), ASKED, "the adapter x is skipped: no weights"),
        (folder(one(), one("big", r=64)), ASKED, "the adapter big is skipped: its rank 64 is more than 32"),
        (
            folder(one("a"), one("b"), one("c")),
            replace(ASKED, max_cpu_count=2),
            "3 adapters, of which 2 are in memory at once",
        ),
        (
            folder(one(base_model_name_or_path="meta-llama/Llama-3")),
            ASKED,
            "the adapter poet was trained for meta-llama/Llama-3, and acme/model is served",
        ),
        (
            replace(folder(), problem="/adapters cannot be read: no"),
            ASKED,
            "AIM_ADAPTER_SOURCE=/adapters cannot",
        ),
        (folder(one()), replace(DYNAMIC), "AIM_ADAPTER_MODE=dynamic: the profile allows adapters-scale-only"),
    ],
)
def test_notes(looked: Adapters, settings: AdapterSettings, note: str) -> None:
    assert any(each.startswith(note) for each in launch(SCALE, settings, looked).notes)


@pytest.mark.parametrize("base", ["acme/model", "/somewhere/Model/", None])
def test_an_adapter_of_this_model_needs_no_note(base: str | None) -> None:
    assert launch(FULL, ASKED, folder(one(base_model_name_or_path=base))).notes == ()


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"r": 64}, "its rank 64 is more than 32, the largest allowed (AIM_ADAPTER_MAX_RANK)"),
    ({"rank_pattern": {"q_proj": 128}}, "its rank 128 is more than 32"),
    ({"r": None}, "does not say r, which vLLM asks for"),
    ({"lora_alpha": None, "target_modules": None}, "does not say lora_alpha, target_modules"),
    ({"r": 0}, "its rank r is not a number from 1"),
    ({"r": "8"}, "its rank r is not a number from 1"),
    ({"use_dora": True}, "DoRA"),
    ({"bias": "all"}, "biases (bias)"),
    ({"lora_bias": True}, "biases (lora_bias)"),
    ({"modules_to_save": ["embed_tokens"]}, "modules_to_save"),
    ({"init_lora_weights": "pissa_niter_16"}, "init_lora_weights"),
    ({"alora_invocation_tokens": [1]}, "Activated LoRA"),
    ({"layer_replication": [[0, 4]]}, "layer_replication"),
    ({"use_bdlora": {"x": 1}}, "block-diagonal"),
    ({"use_qalora": True}, "QALoRA"),
]
TAKEN: list[dict[str, Any]] = [
    {},
    {"r": 32},
    {"bias": "none", "use_dora": False, "modules_to_save": None},
    {"modules_to_save": ["score"]},
    {"init_lora_weights": True},
    {"init_lora_weights": "Gaussian"},
    {"use_rslora": True, "rank_pattern": {"q_proj": 16}},
]


@pytest.mark.parametrize(("config", "reason"), REFUSED)
def test_what_the_engine_would_refuse_is_skipped(config: dict[str, Any], reason: str) -> None:
    found = refuse_unusable(folder(one(**config), one("good")), 32)
    assert [each.name for each in found.found] == ["good"]
    assert reason in found.skipped[0].reason


@pytest.mark.parametrize("config", TAKEN)
def test_what_the_engine_takes_is_left(config: dict[str, Any]) -> None:
    assert refuse_unusable(folder(one(**config)), 32).skipped == ()
