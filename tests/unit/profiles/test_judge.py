"""Every reason for and against one profile."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from aim_runtime.engines import ENGINES
from aim_runtime.hardware.accelerator import Hardware
from aim_runtime.models.architecture import UNKNOWN_MODEL, Architecture
from aim_runtime.profiles.fit import Fit, NotKnown
from aim_runtime.profiles.judge import judge
from aim_runtime.profiles.profile import Profile
from aim_runtime.profiles.selection import Verdict
from aim_runtime.settings import Settings
from aim_runtime.vocabulary import AcceleratorType, Metric, Origin, Precision, State
from unit.profiles import build
from unit.profiles.build import AIM, CPU, GIB, machine, processor, profile

EIGHT = machine("8*MI300X")
OWN = profile("MI300X")
ONE = profile("MI300X/fp16/1")
ANY = profile("MI300X/fp16/8/latency/general", Origin.GENERAL)
ON_CPU = profile("CPU/bf16/1")


def verdict(
    given: Profile, hardware: Hardware = EIGHT, model: Architecture = UNKNOWN_MODEL, **asked: Any
) -> Verdict:
    return build.verdict(given, Settings(**{"aim_id": AIM, **asked}), hardware, model)


@pytest.mark.parametrize(
    ("given", "asked", "state", "reasons"),
    [
        (OWN, {}, State.COMPATIBLE, []),
        (OWN, {"metric": Metric.THROUGHPUT}, State.METRIC_MISMATCH, ["is for latency, not throughput"]),
        (OWN, {"aim_id": "a/b"}, State.MODEL_MISMATCH, [f"is for {AIM}, not a/b"]),
        (OWN, {"precision": Precision.FP8}, State.PRECISION_MISMATCH, ["is fp16, not fp8"]),
        (OWN, {"accelerator_count": 4}, State.GPU_MISMATCH, ["uses 8 accelerators, not 4"]),
        (OWN, {"accelerator_type": AcceleratorType.CPU}, State.GPU_MISMATCH, ["is for MI300X, not the CPU"]),
        (profile("MI325X"), {}, State.GPU_MISMATCH, ["needs 8 x MI325X, none here"]),
        (profile("MI300X/fp16/16"), {}, State.GPU_MISMATCH, ["needs 16 x MI300X, 8 available"]),
        (
            profile("MI300X", engine="sglang"),
            {},
            State.ENGINE_MISMATCH,
            ["is for the engine sglang, not vllm"],
        ),
        (ON_CPU, {}, State.GPU_MISMATCH, ["is for the CPU, and this machine has GPUs"]),
        (
            profile("MI325X", engine="sglang"),
            {"aim_id": "a/b", "metric": Metric.THROUGHPUT, "precision": Precision.FP8},
            State.ENGINE_MISMATCH,
            [
                "is for the engine sglang, not vllm",
                "is for latency, not throughput",
                f"is for {AIM}, not a/b",
                "needs 8 x MI325X, none here",
                "is fp16, not fp8",
            ],
        ),
    ],
)
def test_a_verdict_has_every_reason(
    given: Profile, asked: dict[str, Any], state: State, reasons: list[str]
) -> None:
    found = verdict(given, **asked)
    assert (found.state, list(found.reasons)) == (state, reasons)


@pytest.mark.parametrize(
    ("given", "asked", "automatic", "change"),
    [
        (OWN, {}, True, ""),
        (profile("MI300X", manual=True), {}, False, f"set AIM_PROFILE_ID={OWN.id}"),
        (
            profile("MI300X/fp16/8/latency/unoptimized"),
            {},
            False,
            f"set AIM_ALLOW_UNOPTIMIZED=true, or set AIM_PROFILE_ID={OWN.id}",
        ),
        (profile("MI300X/fp16/8/latency/unoptimized", manual=False), {}, True, ""),
        (ANY, {}, True, ""),
        (
            ANY,
            {"allow_general_profile_fallback": False},
            False,
            f"set AIM_ALLOW_GENERAL_PROFILE_FALLBACK=true, or set AIM_PROFILE_ID={ANY.id}",
        ),
        (OWN, {"metric": Metric.THROUGHPUT}, False, "set AIM_METRIC=latency"),
        (OWN, {"aim_id": "a/b"}, False, ""),
        (OWN, {"aim_id": "a/b", "metric": Metric.THROUGHPUT}, False, ""),  # not all of it can be mended
        (
            profile("MI300X/fp16/8/latency/unoptimized"),
            {"metric": Metric.THROUGHPUT},
            False,
            f"set AIM_METRIC=latency; set AIM_ALLOW_UNOPTIMIZED=true, or set AIM_PROFILE_ID={OWN.id}",
        ),
    ],
)
def test_what_would_make_it_run(given: Profile, asked: dict[str, Any], automatic: bool, change: str) -> None:
    found = verdict(given, **asked)
    assert (found.automatic, found.change) == (automatic, change)


def test_the_engines_objections_come_first_and_nothing_mends_them() -> None:
    found = judge(OWN, Settings(aim_id=AIM, metric=Metric.THROUGHPUT), EIGHT, ("no option a", "no option b"))
    assert (found.state, found.reasons[:2], found.change) == (
        State.INVALID,
        ("no option a", "no option b"),
        "",
    )


@pytest.mark.parametrize(
    ("args", "memory_gib", "weights_gib", "state"),
    [
        # 100 GiB: 92 of them are the engine's, 1 is the context's, 2 are the graphs'.
        ({}, 100, 88, State.COMPATIBLE),
        ({}, 100, 90, State.MEMORY_MISMATCH),
        ({}, 100, 93, State.MEMORY_MISMATCH),
        ({"enforce-eager": None}, 100, 90, State.COMPATIBLE),
        ({"gpu-memory-utilization": 0.5}, 100, 48, State.MEMORY_MISMATCH),
        ({"gpu_memory_utilization": 0.5}, 100, 46, State.COMPATIBLE),
        ({"gpu-memory-utilization": 0.95}, 100, 91, State.COMPATIBLE),
        ({}, None, 9999, State.COMPATIBLE),
        ({}, 100, None, State.COMPATIBLE),
    ],
)
def test_memory(args: dict[str, Any], memory_gib: int | None, weights_gib: int | None, state: State) -> None:
    hardware = machine("MI300X", memory_bytes=memory_gib and memory_gib * GIB)
    model = Architecture(weights_gib and weights_gib * GIB)
    found = verdict(profile("MI300X/fp16/1", args=args), hardware, model)
    assert found.state is state
    assert isinstance(found.fit, NotKnown) is (memory_gib is None or weights_gib is None)


def test_the_smallest_device_counts() -> None:
    big, small = machine("MI300X").gpus[0], machine("MI300X", memory_bytes=GIB).gpus[0]
    both = Hardware((big, replace(small, index=1)), CPU, "a test")
    found = verdict(profile("MI300X/fp16/2"), both, Architecture(4 * GIB))
    assert found.reasons == (
        "does not fit: weights 2.0 GiB an accelerator > 0.9 GiB that the engine may use of 1.0 GiB",
    )


def test_without_a_demand_no_memory_is_looked_at() -> None:
    found = judge(
        OWN, Settings(aim_id=AIM), machine("8*MI300X", free_gib=(0,) * 8), (), Architecture(9999 * GIB)
    )
    assert (found.objections, found.fit) == ((), None)


def test_a_profile_for_devices_that_are_not_here_is_computed_with_what_they_have() -> None:
    demand = ENGINES["vllm"].demand(OWN, Settings(aim_id=AIM), None, Architecture(), 192 * GIB)
    found = judge(OWN, Settings(aim_id=AIM), machine(), (), Architecture(8 * GIB), demand, 192 * GIB)
    assert isinstance(found.fit, Fit)
    assert found.fit.memory_bytes == 192 * GIB
    assert found.state is State.GPU_MISMATCH


@pytest.mark.parametrize(
    ("free_gib", "uses", "busy"),
    [
        ((191, 191, 191, 191), (0, 1), ()),
        ((10, 191, 191, 191), (1, 2), ()),
        ((10, 20, 30, 191), (2, 3), (2,)),
        ((10, 40, 30, 20), (1, 2), (1, 2)),
        ((), (0, 1), ()),
    ],
    ids=["all idle", "one busy", "the freest of the busy", "all busy", "not known"],
)
def test_idle_devices_are_used_first_in_their_order(
    free_gib: tuple[float, ...], uses: tuple[int, ...], busy: tuple[int, ...]
) -> None:
    found = verdict(profile("MI300X/fp16/2"), machine("4*MI300X", free_gib=free_gib))
    assert tuple(device.index for device in found.uses) == uses
    assert [reason[:5] for reason in found.reasons] == [f"GPU {index}" for index in busy]
    assert found.state is (State.MEMORY_MISMATCH if busy else State.COMPATIBLE)


def test_what_must_be_freed_is_enough() -> None:
    hardware = machine("MI300X", free_gib=(100,))
    found = verdict(ONE, hardware)
    assert found.change == "free 77 GiB on GPU 0"
    freed = machine("MI300X", free_gib=(100 + 77,))
    assert verdict(ONE, freed).automatic


def test_a_busy_cpu() -> None:
    found = verdict(ON_CPU, machine(cpu=processor(free_gib=20)))
    assert "the CPU has 20.0 of 64.0 GiB free, the engine takes 58.9 GiB" in found.reasons[0]
    assert found.change == "free 39 GiB on the CPU"
    given = profile("CPU/bf16/1", env={"VLLM_CPU_KVCACHE_SPACE": "4"})
    assert verdict(given, machine(cpu=processor(free_gib=20)), Architecture(GIB)).automatic
    small = verdict(given, machine(cpu=processor(free_gib=4)), Architecture(GIB))
    assert "weights 1.0 GiB + runtime" in small.reasons[0]
    assert "GiB of free memory would do" in small.reasons[0]


def test_the_memory_that_would_do_does() -> None:
    """By what is told for a CPU that is too small, a machine can be chosen on which it fits."""
    model = Architecture(60 * GIB, 32, 8, layers=32, head_dim=128, hidden_size=4096, max_positions=8192)
    reason = verdict(ON_CPU, machine(cpu=processor()), model).reasons[0]
    enough = int(reason.split(" GiB of free memory would do")[0].rsplit(" ", 1)[1])
    assert enough > 64
    assert verdict(ON_CPU, machine(cpu=processor(memory_gib=enough)), model).automatic
    assert not verdict(ON_CPU, machine(cpu=processor(memory_gib=enough - 2)), model).automatic


@pytest.mark.parametrize(
    ("kinds", "name", "compatible"),
    [
        (("EPYC_9965", "EPYC_ZEN5"), "EPYC_9965", True),
        (("EPYC_9965", "EPYC_ZEN5"), "EPYC_ZEN5", True),
        (("EPYC_9965", "EPYC_ZEN5"), "CPU", True),
        (("EPYC_9965", "EPYC_ZEN5"), "EPYC_ZEN4", False),
        (("EPYC_ZEN5",), "EPYC_9965", False),
        ((), "EPYC_ZEN4", False),
    ],
)
def test_kinds_of_cpu(kinds: tuple[str, ...], name: str, compatible: bool) -> None:
    found = verdict(profile(f"{name}/bf16/124"), machine(cpu=processor(*kinds)))
    assert found.automatic is compatible
    assert len(found.uses) == compatible


@pytest.mark.parametrize(
    ("heads", "words"),
    [
        ((9, 3), "cannot spread 9 attention heads (3 key-value heads) over 8 accelerators"),
        ((12, None), "cannot spread 12 attention heads (as many key-value heads) over 8 accelerators"),
        ((None, 3), "cannot spread 3 key-value heads over 8 accelerators"),
    ],
)
def test_heads_that_cannot_be_spread(heads: tuple[int | None, int | None], words: str) -> None:
    found = verdict(OWN, model=Architecture(None, *heads))
    assert found.reasons == (words,)
    assert found.change == ""


def test_too_long_a_context_is_the_engines_to_refuse() -> None:
    model = Architecture(GIB, max_positions=4096)
    given = profile("MI300X/fp16/1", args={"max-model-len": 8192})
    found = verdict(given, model=model)
    assert found.state is State.INVALID
    assert found.reasons == ("max-model-len 8192 is more than the 4096 tokens that the model can take",)
    assert "4096" in found.change
    shorter: dict[str, Any] = {"engine_args": {"max_model_len": 4096}}
    assert verdict(given, model=model, **shorter).automatic
    overridden: dict[str, Any] = {"engine_args": {"hf-overrides": {"max_position_embeddings": 8192}}}
    assert verdict(given, model=model, **overridden).automatic
    assert verdict(given, model=Architecture(GIB)).automatic
