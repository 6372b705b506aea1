"""Every choice of every space is one that the engine takes, in a profile that lint has nothing against."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from aim_runtime.authoring.engine_version import engine_version
from aim_runtime.authoring.lint import lint
from aim_runtime.errors import HardwareError
from aim_runtime.hardware.accelerator import Accelerator, Gpu, Processor
from aim_runtime.profiles.profile import Evidence, Metadata, ProfileFile
from aim_runtime.tune.profile_text import text_of
from aim_runtime.tune.sampler import Sampler
from aim_runtime.tune.space import Kind, Knob, Seed, Space
from aim_runtime.tune.spaces import space_for
from aim_runtime.tune.trial import Outcome, Trial
from aim_runtime.vocabulary import AcceleratorType, Metric, Precision, ProfileType, Vendor

GIB = 1024**3
CPU = Accelerator(AcceleratorType.CPU, 0, "CPU", "a processor", 64 * GIB, 8, processor=Processor())

AMX = replace(CPU, processor=Processor(features=("amx_tile", "amx_bf16")))


def gpu(index: int, vendor: Vendor = Vendor.AMD) -> Accelerator:
    about = Gpu(vendor, "gfx942")
    return Accelerator(AcceleratorType.GPU, index, "MI300X", "MI300X", 192 * GIB, gpu=about)


SPACES = {
    "cpu": (space_for("vllm", (CPU,)), "CPU", 1),
    "cpu, AMX": (space_for("vllm", (AMX,)), "CPU", 1),
    "rocm": (space_for("vllm", (gpu(0),)), "MI300X", 1),
    "rocm, two": (space_for("vllm", (gpu(0), gpu(1))), "MI300X", 2),
}


def linted(folder: Path, name: str, settings: dict[str, object]) -> list[str]:
    """What lint has against a profile with these settings."""
    space, model, count = SPACES[name]
    kinds = {knob.name: knob.kind for knob in space.knobs}
    metadata = Metadata(
        engine="vllm",
        accelerator_type=AcceleratorType.CPU if model == "CPU" else AcceleratorType.GPU,
        accelerator_model=model,
        accelerator_count=count,
        precision=Precision.BF16,
        metric=Metric.LATENCY,
        type=ProfileType.OPTIMIZED,
    )
    content = ProfileFile(
        aim_id="acme/tiny",
        model_id="acme/tiny",
        metadata=metadata,
        engine_args={key: value for key, value in settings.items() if kinds[key] is Kind.ARGUMENT},
        env_vars={key: str(value) for key, value in settings.items() if kinds[key] is Kind.VARIABLE},
        evidence=Evidence(source="derived", engine="vLLM 0.32.0", date="2026-11-25"),
    )
    path = folder / "custom" / "acme" / "tiny" / f"vllm-{model.lower()}-bf16-tp{count}-latency.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text_of(content, {knob.name: knob.why for knob in space.knobs}))
    return [finding.text for finding in lint([path], engine_version("0.32.0"))]


@pytest.mark.parametrize("name", SPACES)
def test_every_choice_passes_lint(name: str, tmp_path: Path) -> None:
    space = SPACES[name][0]
    for knob in space.knobs:
        assert knob.why
        assert bool(knob.when) == (knob.applies is not Knob("", Kind.ARGUMENT, (), "").applies)
        for value in knob.choices:
            if value is not None:
                assert linted(tmp_path, name, {knob.name: value}) == [], (knob.name, value)


@pytest.mark.parametrize("name", SPACES)
def test_every_seed_passes_lint_and_is_in_the_space(name: str, tmp_path: Path) -> None:
    space = SPACES[name][0]
    assert space.seeds
    for seed in space.seeds:
        assert space.settled(seed.settings) == dict(seed.settings)
        assert linted(tmp_path, name, dict(seed.settings)) == []


def test_what_only_several_gpus_have_is_varied_for_several() -> None:
    assert "VLLM_ROCM_QUICK_REDUCE_QUANTIZATION" not in SPACES["rocm"][0].names
    assert "VLLM_ROCM_QUICK_REDUCE_QUANTIZATION" in SPACES["rocm, two"][0].names


def test_weights_of_8_bits_are_for_who_asks_and_another_precision() -> None:
    assert "quantization" not in SPACES["cpu"][0].names
    whole = SPACES["cpu, AMX"][0]
    eight, usual = {"quantization": "fp8_per_block"}, {"enforce-eager": True}
    assert whole.precision(eight) is Precision.FP8
    assert whole.precision(usual) is None
    assert whole.precision({"dtype": "float32"}) is Precision.FP32

    def asks_for_eight(space: Space) -> bool:
        return any(eight.items() <= seed.settings.items() for seed in space.fixing({}).seeds)

    assert asks_for_eight(whole.only(also=["quantization"]))
    assert not asks_for_eight(whole.only())
    assert not whole.only().settled(eight)


def test_nothing_is_known_of_other_accelerators() -> None:
    with pytest.raises(HardwareError, match="nothing is known of what to vary"):
        space_for("vllm", (gpu(0, Vendor.NVIDIA),))


EAGER = Knob("eager", Kind.ARGUMENT, (None, True), "fast")
AOT = Knob("aot", Kind.VARIABLE, (None, "0"), "warm", applies=lambda on: not on.get("eager"), when="compiled")
STATS = Knob("stats", Kind.ARGUMENT, (None, True), "less", price="nothing is seen")
SMALL = Space((EAGER, AOT, STATS), frozenset(), (Seed({"eager": True}, "first"),))


def test_what_does_not_apply_is_not_set() -> None:
    assert SMALL.settled({"aot": "0", "eager": True, "stats": None}) == {"eager": True}
    assert [what for _, what in SMALL.only().neighbours({"aot": "0"})] == ["eager=true", "aot left alone"]


def test_a_price_is_paid_by_who_asks() -> None:
    assert SMALL.only().names == {"eager", "aot"}
    assert SMALL.only(also=["stats"], without=["aot"]).names == {"eager", "stats"}


def test_what_is_held_goes_into_every_trial() -> None:
    space = SMALL.only(without=["eager"]).fixing({"eager": True, "aot": "0"})
    assert dict(space.fixed) == {"eager": True}
    assert space.seeds == SMALL.seeds
    assert space.settled({"aot": "0"}) == {}
    assert list(space.neighbours({})) == []
    assert Sampler(space).ask() == {}


def test_a_seed_that_what_is_held_contradicts_is_none() -> None:
    compiled = replace(SMALL, seeds=(*SMALL.seeds, Seed({"aot": "0"}, "compiled")))
    assert compiled.only(without=["eager"]).fixing({}).seeds == compiled.seeds[1:]
    assert compiled.only(without=["eager"]).fixing({"eager": True}).seeds == SMALL.seeds


def test_the_sampler_goes_for_what_was_better_and_takes_up_where_it_was() -> None:
    def trials(sampler: Sampler) -> list[object]:
        for number in range(12):
            settings = {"block": 64} if number % 2 else {}
            gain = 2.0 if number % 2 else 0.5
            sampler.tell(settings, Trial(number, str(number), "", settings, Outcome.LOST, gain=gain))
        return [sampler.ask().get("block") for _ in range(20)]

    space = Space((Knob("block", Kind.ARGUMENT, (None, 64), "size"),), frozenset())
    first = trials(Sampler(space))
    assert first == trials(Sampler(space))
    assert first.count(64) > 10
