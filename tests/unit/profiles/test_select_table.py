"""Selection as a table: what is in the catalogue, what the machine has, what was asked, what is taken."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from aim_runtime.errors import NoProfile
from aim_runtime.hardware.accelerator import Hardware
from aim_runtime.models.architecture import Architecture
from aim_runtime.profiles.profile import Profile
from aim_runtime.settings import Settings
from aim_runtime.vocabulary import AcceleratorType, Metric, Origin, Precision
from unit.profiles.build import AIM, GIB, catalog, choose, machine, processor, profile

GENERAL, MODEL = Origin.GENERAL, Origin.MODEL
CUSTOM, CUSTOM_GENERAL = Origin.CUSTOM_MODEL, Origin.CUSTOM_GENERAL

TP = {count: profile(f"MI300X/fp16/{count}") for count in (1, 2, 4, 8)}
TP8_FP8 = profile("MI300X/fp8")
TP8_INT4 = profile("MI300X/int4")
TP8_FP32 = profile("MI300X/fp32")
TP8_BF16 = profile("MI300X/bf16")
TP4_FP8 = profile("MI300X/fp8/4")
PREVIEW = profile("MI300X/fp16/8/latency/preview")
OPTIMIZED_LATE = profile("MI300X", variant="-z")  # an id after the preview's
VARIANT_A, VARIANT_B = profile("MI300X", variant="-a"), profile("MI300X", variant="-b")
MANUAL_PREVIEW = profile("MI300X/fp16/8/latency/preview", manual=True)
UNOPTIMIZED = profile("MI300X/fp16/8/latency/unoptimized")
UNOPTIMIZED_FP8 = profile("MI300X/fp8/8/latency/unoptimized")
AUTOMATIC_UNOPTIMIZED = profile("MI300X/fp16/8/latency/unoptimized", manual=False)
THROUGHPUT = profile("MI300X/fp16/8/throughput")
MI325X = profile("MI325X/fp16/8")
MI325X_TP4 = profile("MI325X/fp16/4")
ANYS = {count: profile(f"MI300X/fp16/{count}/latency/general", GENERAL) for count in (1, 2, 4, 8)}
ANY_MANUAL = profile("MI300X/fp16/8/latency/general", GENERAL, manual=True)
MINE = profile("MI300X/fp16/8/latency/unoptimized", CUSTOM, manual=False)
MINE_TP2 = profile("MI300X/fp16/2", CUSTOM)
MINE_MANUAL = profile("MI300X/fp16/8/latency/unoptimized", CUSTOM)
OUR_GENERAL = profile("MI300X/fp16/8/latency/general", CUSTOM_GENERAL)
OTHERS = profile("MI300X/fp16/8", CUSTOM, aim_id="other/model")
OTHER_ENGINE = profile("MI300X/int4/8", engine="sglang")
ON_CPU = profile("CPU/bf16/1")
ON_CPU_ANY = profile("CPU/bf16/1/latency/general", GENERAL)
ON_CPU_MINE = profile("CPU/bf16/1", CUSTOM)
ON_9965, ON_ZEN5, ON_ZEN4 = (profile(f"EPYC_{kind}/bf16/1") for kind in ("9965", "ZEN5", "ZEN4"))
ON_ZEN5_ANY = profile("EPYC_ZEN5/bf16/1/latency/general", GENERAL)
ALL_CPU = [ON_CPU, ON_CPU_ANY, ON_9965, ON_ZEN5, ON_ZEN4, ON_ZEN5_ANY]
# The engine's arguments that make a profile larger.
LONG = {count: profile(f"MI300X/fp16/{count}", args={"max-model-len": 131072}) for count in (1, 2)}
WIDE = profile("MI300X/fp16/1", args={"max-num-batched-tokens": 262144})
SMALL_SHARE = profile("MI300X/fp16/8", args={"gpu-memory-utilization": 0.1})
TOO_LONG = profile("MI300X/fp16/1", args={"max-model-len": 200000})

EIGHT, FOUR = machine("8*MI300X"), machine("4*MI300X")
ONE, TWO = machine("MI300X"), machine("2*MI300X")
ZEN4, ZEN5 = machine(cpu=processor("EPYC_ZEN4")), machine(cpu=processor("EPYC_ZEN5"))
EPYC_9965 = machine(cpu=processor("EPYC_9965", "EPYC_ZEN5"))
# Llama 3.3 70B as facts, 131.4 GiB: on one MI300X a request of 131072 tokens does not fit beside it.
LLAMA = Architecture(
    141107412992, 64, 8, "LlamaForCausalLM", 80, 8192, 128, 28672, vocabulary=128256, max_positions=131072
)
GPU, ON_THE_CPU = {"accelerator_type": AcceleratorType.GPU}, {"accelerator_type": AcceleratorType.CPU}
IDLE, BUSY = 191.0, 10.0
ALLOWED = {"allow_unoptimized": True}
FP16 = {"precision": Precision.FP16}


def count(number: int) -> dict[str, Any]:
    return {"accelerator_count": number}


@dataclass(frozen=True)
class Row:
    """`expected` is the profile taken, or what the refusal says; `helps` is in its hint.

    `uses` are the indices of the accelerators taken where it matters which; of the model `model` is
    known, or only the size of its weights and its heads.
    """

    name: str
    profiles: list[Profile]
    machine: Hardware
    expected: Profile | str
    asked: dict[str, Any] = field(default_factory=dict)
    weights_gib: float | None = None
    leaves: int = 0
    heads: tuple[int | None, int | None] = (None, None)
    model: Architecture | None = None
    uses: tuple[int, ...] | None = None
    helps: str = ""


def given(**arguments: Any) -> dict[str, Any]:
    """What AIM_ENGINE_ARGS says."""
    return {"engine_args": {name.replace("_", "-"): value for name, value in arguments.items()}}


def busy(*indices: int, of: int = 8) -> Hardware:
    """So many MI300X, of which these are in use."""
    return machine(f"{of}*MI300X", free_gib=tuple(BUSY if index in indices else IDLE for index in range(of)))


ALL = list(TP.values())
MIXED_BUSY = machine("2*MI300X", "4*MI325X", free_gib=(IDLE, IDLE, IDLE, BUSY, IDLE, IDLE))
BEYOND = {"engine_environment": {"VLLM_ALLOW_LONG_MAX_MODEL_LEN": "1"}}
ROWS = [
    # How many accelerators.
    Row("all eight", ALL, EIGHT, TP[8]),
    Row("all four", ALL, FOUR, TP[4]),
    Row("one of one", ALL, ONE, TP[1]),
    Row("three: the largest smaller count", ALL, machine("3*MI300X"), TP[2], leaves=1),
    Row("sixteen: the largest smaller count", ALL, machine("16*MI300X"), TP[8], leaves=8),
    Row("eight, only tp2 written", [TP[1], TP[2]], EIGHT, TP[2], leaves=6),
    Row("one, none small enough", [TP[4], TP[8]], ONE, "needs 4 x MI300X, 1 available"),
    Row("four asked of eight", ALL, EIGHT, TP[4], count(4), leaves=4),
    Row("one asked of eight", ALL, EIGHT, TP[1], count(1), leaves=7),
    Row("an asked count is exact", [TP[2], TP[8]], EIGHT, "uses 2 accelerators, not 4", count(4)),
    Row("more asked than there are", [TP[8]], FOUR, "needs 8 x MI300X, 4 available", count(8)),
    # Which precision.
    Row("int4 before the rest", [TP8_FP32, TP[8], TP8_FP8, TP8_INT4], EIGHT, TP8_INT4),
    Row("fp8 before fp16", [TP[8], TP8_FP8], EIGHT, TP8_FP8),
    Row("fp16 before bf16", [TP8_BF16, TP[8]], EIGHT, TP[8]),
    Row("bf16 before fp32", [TP8_FP32, TP8_BF16], EIGHT, TP8_BF16),
    Row("the asked precision", [TP[8], TP8_FP8], EIGHT, TP[8], FP16),
    Row("the asked precision on fewer", [TP[4], TP8_FP8], EIGHT, TP[4], FP16, leaves=4),
    Row("no such precision", [TP[8]], EIGHT, "is fp16, not fp8", {"precision": Precision.FP8}),
    Row("the count before the precision", [TP[8], TP4_FP8], EIGHT, TP[8]),
    # Which type.
    Row("preview", [PREVIEW], EIGHT, PREVIEW),
    Row("optimized before preview", [PREVIEW, OPTIMIZED_LATE], EIGHT, OPTIMIZED_LATE),
    Row("the id at last", [VARIANT_B, VARIANT_A], EIGHT, VARIANT_A),
    Row("precision before type", [PREVIEW, TP8_FP32], EIGHT, PREVIEW),
    Row("preview before general", [ANYS[8], PREVIEW], EIGHT, PREVIEW),
    Row("unoptimized is manual", [UNOPTIMIZED], EIGHT, f"{UNOPTIMIZED.id} would do, but must be asked for"),
    Row("unless it says otherwise", [AUTOMATIC_UNOPTIMIZED], EIGHT, AUTOMATIC_UNOPTIMIZED),
    Row("a manual preview", [MANUAL_PREVIEW], EIGHT, "would do, but must be asked for"),
    Row("general instead of unoptimized", [UNOPTIMIZED, ANYS[8]], EIGHT, ANYS[8]),
    Row("fewer instead of unoptimized", [UNOPTIMIZED, TP[4]], EIGHT, TP[4], leaves=4),
    # What is allowed.
    Row("unoptimized allowed", [UNOPTIMIZED], EIGHT, UNOPTIMIZED, ALLOWED),
    Row("allowed, the last resort", [UNOPTIMIZED, ANYS[8]], EIGHT, ANYS[8], ALLOWED),
    Row("allowed, best first", [UNOPTIMIZED, UNOPTIMIZED_FP8], EIGHT, UNOPTIMIZED_FP8, ALLOWED),
    Row(
        "allowed, no fallback",
        [UNOPTIMIZED, ANYS[8]],
        EIGHT,
        UNOPTIMIZED,
        {"allow_unoptimized": True, "allow_general_profile_fallback": False},
    ),
    Row("general as fallback", [ANYS[8], MI325X], EIGHT, ANYS[8]),
    Row("no fallback", [ANYS[8]], EIGHT, "would do, but must", {"allow_general_profile_fallback": False}),
    Row("no fallback needed", [ANYS[8], TP[8]], EIGHT, TP[8], {"allow_general_profile_fallback": False}),
    Row("a manual general", [ANY_MANUAL], EIGHT, "would do, but must be asked for"),
    # Which layer.
    Row("custom over all", [MINE, OUR_GENERAL, TP[8], ANYS[8]], EIGHT, MINE),
    Row("custom general over the model's", [OUR_GENERAL, TP[8], ANYS[8]], EIGHT, OUR_GENERAL),
    Row("the model's over general", [ANYS[8], TP[8]], EIGHT, TP[8]),
    Row("the layer before the precision", [MINE, TP8_INT4], EIGHT, MINE),
    Row("a manual custom profile is not taken", [MINE_MANUAL, TP[8]], EIGHT, TP[8]),
    Row("the count before the layer", [MINE_TP2, TP[8]], EIGHT, TP[8]),
    Row("another model's", [OTHERS, TP[8]], EIGHT, TP[8]),
    Row(
        "only another model's",
        [OTHERS],
        EIGHT,
        f"no profile for {AIM} (latency) on 8 x MI300X (",
    ),
    # What it is for.
    Row("the other metric", [TP[8], THROUGHPUT], EIGHT, THROUGHPUT, {"metric": Metric.THROUGHPUT}),
    Row("no such metric", [THROUGHPUT], EIGHT, "is for throughput, not latency"),
    Row("another engine", [OTHER_ENGINE, TP[8]], EIGHT, TP[8]),
    Row("only another engine", [OTHER_ENGINE], EIGHT, f"no profile for {AIM}"),
    Row("another accelerator", [MI325X], EIGHT, "needs 8 x MI325X, none here"),
    Row("an unknown model's general", [ANYS[8], TP[8]], EIGHT, ANYS[8], {"aim_id": "un/known"}),
    # A mixed machine.
    Row(
        "mixed: the larger set",
        [TP[4], MI325X_TP4, TP[2]],
        machine("2*MI300X", "4*MI325X"),
        MI325X_TP4,
        leaves=2,
    ),
    Row(
        "mixed: counts are not summed",
        [TP[8]],
        machine("4*MI300X", "4*MI325X"),
        "needs 8 x MI300X, 4 available",
    ),
    # Memory: 192 GiB each.
    Row("fits on all", ALL, EIGHT, TP[8], weights_gib=207),
    Row("fits on two, not on one", [TP[1], TP[2]], TWO, TP[2], weights_gib=207),
    Row("does not fit on one", [TP[1]], ONE, "does not fit: weights 207.0 GiB", weights_gib=207),
    Row("an asked count that does not fit", ALL, EIGHT, "does not fit", count(1), 207),
    Row("does not fit, though allowed", [UNOPTIMIZED], EIGHT, "does not fit", ALLOWED, 9999),
    # Tensor parallelism divides the attention heads.
    Row("heads that divide", ALL, EIGHT, TP[8], heads=(96, 8)),
    Row("nine heads on eight: one", ALL, EIGHT, TP[1], heads=(9, 3), leaves=7),
    Row("nine heads on eight", [TP[8]], EIGHT, "cannot spread 9 attention heads", heads=(9, 3)),
    Row("two key-value heads are copied", ALL, EIGHT, TP[8], heads=(64, 2)),
    Row("heads are not spread on a CPU", [ON_CPU], machine(), ON_CPU, heads=(9, 3)),
    # The CPU: 64 GiB.
    Row("no GPU", [ON_CPU, TP[8]], machine(), ON_CPU),
    Row("no GPU, general", [ON_CPU_ANY, TP[8]], machine(), ON_CPU_ANY),
    Row("no GPU, the model's over general", [ON_CPU_ANY, ON_CPU], machine(), ON_CPU),
    Row("no GPU, no CPU profile", [TP[8]], machine(), "needs 8 x MI300X, none here"),
    Row(
        "a GPU is never passed over",
        [ON_CPU],
        EIGHT,
        "this machine has GPUs",
        helps="set AIM_ACCELERATOR_TYPE=cpu",
    ),
    Row("all of the CPU's memory", [ON_CPU], machine(), ON_CPU, weights_gib=50),
    Row("too large for the CPU", [ON_CPU], machine(), "does not fit: weights 207.0 GiB", weights_gib=207),
    Row("a GPU asked for", [ON_CPU], machine(), "not a GPU", GPU),
    Row("the CPU asked for", [ON_CPU], machine(), ON_CPU, ON_THE_CPU),
    Row("a count is no test of a CPU", [ON_CPU], machine(), ON_CPU, count(8)),
    # The kinds of CPU, the nearest first, within one layer.
    Row("a 9965's own", ALL_CPU, EPYC_9965, ON_9965),
    Row("a 9965 runs what a Zen 5 does", [ON_CPU, ON_ZEN5, ON_ZEN4], EPYC_9965, ON_ZEN5),
    Row("a 9965 runs what any CPU does", [ON_CPU, ON_ZEN4], EPYC_9965, ON_CPU),
    Row("a Zen 5's own", ALL_CPU, ZEN5, ON_ZEN5),
    Row("a Zen 4's own", ALL_CPU, ZEN4, ON_ZEN4),
    Row("an unknown CPU", ALL_CPU, machine(), ON_CPU),
    Row("another kind of CPU", [ON_ZEN5], ZEN4, "is for EPYC_ZEN5, not this CPU"),
    Row("the layer before the kind of CPU", [ON_9965, ON_CPU_MINE], EPYC_9965, ON_CPU_MINE),
    Row("the model's before a nearer general", [ON_CPU, ON_ZEN5_ANY], ZEN5, ON_CPU),
    # Partly busy: of 192 GiB the engine takes 176.6, and they must be free.
    Row("six idle of eight", ALL, busy(0, 5), TP[4], leaves=4, uses=(1, 2, 3, 4)),
    Row("two busy of four: the idle pair", ALL, busy(0, 2, of=4), TP[2], leaves=2, uses=(1, 3)),
    Row("one idle of eight", ALL, busy(*range(7)), TP[1], leaves=7, uses=(7,)),
    Row("one asked, the idle one taken", ALL, busy(0, of=4), TP[1], count(1), leaves=3, uses=(1,)),
    Row("eight asked, one busy", ALL, busy(3), "GPU 3 has 10.0 of 192.0 GiB free", count(8)),
    Row("busy is said with the engine's share", [TP[8]], busy(3), "the engine takes 176.6 GiB (gpu-memory"),
    Row("and what to free", [TP[8]], busy(3), "GPU 3", helps="free 167 GiB on GPU 3"),
    Row("all busy", ALL, busy(0, of=1), "GPU 0 has 10.0 of 192.0 GiB free", helps="free 167 GiB on GPU 0"),
    Row("the freest of the busy is named", [TP[1]], machine("2*MI300X", free_gib=(10, 90)), "GPU 1 has 90.0"),
    Row("a smaller share is free", ALL, busy(0, of=1), TP[1], given(gpu_memory_utilization=0.05), uses=(0,)),
    Row("a mixed machine's idle set", [TP[2], MI325X_TP4], MIXED_BUSY, TP[2], leaves=4, uses=(0, 1)),
    Row("use that is not known is no use", ALL, machine("2*MI300X", free_gib=(IDLE,)), TP[2]),
    # Misfits: weights, activations, one request's KV cache; and what would help.
    Row("weights: more would hold them", [TP[1]], ONE, "2 x MI300X would hold it", weights_gib=207),
    Row("weights: nothing does", [TP[8]], EIGHT, "does not fit: weights 250.0 GiB", weights_gib=2000),
    Row("only four fits", [*ALL[:3], SMALL_SHARE], EIGHT, TP[4], weights_gib=400, leaves=4),
    Row("activations", [WIDE], ONE, "activations 63.0 GiB + runtime 1.0 GiB + graphs 2.0 GiB", model=LLAMA),
    Row("a smaller batch", [WIDE], ONE, WIDE, given(max_num_batched_tokens=8192), model=LLAMA),
    Row("one request", [LONG[1]], ONE, "one request of 131072 tokens needs 40.0 GiB of KV", model=LLAMA),
    Row("and the length that fits", [LONG[1]], ONE, "does not fit", model=LLAMA, helps="max-model-len <= 12"),
    Row("a shorter context", [LONG[1]], ONE, LONG[1], given(max_model_len=32768), model=LLAMA),
    Row("as long as fits", [LONG[1]], ONE, LONG[1], given(max_model_len="auto"), model=LLAMA),
    Row(
        "by the command line",
        [LONG[1]],
        ONE,
        LONG[1],
        {"extra_args": ("--max-model-len", "32k")},
        model=LLAMA,
    ),
    Row("eight bits of cache", [LONG[1]], ONE, LONG[1], given(kv_cache_dtype="fp8"), model=LLAMA),
    Row("more accelerators", [LONG[1], LONG[2]], TWO, LONG[2], model=LLAMA),
    Row(
        "a longer one does not fit", [TP[1]], ONE, "131072", given(max_num_batched_tokens=16384), model=LLAMA
    ),
    Row(
        "too long for the model",
        [TOO_LONG],
        ONE,
        "more than the 131072 tokens",
        model=LLAMA,
        helps="<= 131072",
    ),
    Row("too long by setting", [LONG[2]], TWO, "200000", given(max_model_len=200000), model=LLAMA),
    Row("too long, allowed", [LONG[2]], TWO, LONG[2], given(max_model_len=150000) | BEYOND, model=LLAMA),
    # Nothing at all.
    Row("an empty catalogue", [], EIGHT, "the catalogue has no profiles"),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_selection(row: Row) -> None:
    settings = Settings(**{"aim_id": AIM, **row.asked})
    weights_bytes = None if row.weights_gib is None else int(row.weights_gib * GIB)
    model = row.model or Architecture(weights_bytes, row.heads[0], row.heads[1])
    if isinstance(row.expected, str):
        with pytest.raises(NoProfile) as caught:
            choose(catalog(*row.profiles), settings, row.machine, model)
        assert row.expected in caught.value.message
        assert caught.value.hint
        assert row.helps in caught.value.hint
        return
    found = choose(catalog(*row.profiles), settings, row.machine, model)
    assert found.profile == row.expected
    wanted = row.expected.metadata
    on_cpu = wanted.accelerator_type is AcceleratorType.CPU
    assert len(found.uses) == (1 if on_cpu else wanted.accelerator_count)
    assert all(wanted.accelerator_model in device.models for device in found.uses)
    assert len(found.leaves) == row.leaves
    assert not {left.device for left in found.leaves} & set(found.uses)
    if row.uses is not None:
        assert tuple(device.index for device in found.uses) == row.uses


def outcome(row: Row, profiles: list[Profile], hardware: Hardware) -> tuple[str, str]:
    """The id that is taken, or the words of the refusal and its hint."""
    weights_bytes = None if row.weights_gib is None else int(row.weights_gib * GIB)
    model = row.model or Architecture(weights_bytes, row.heads[0], row.heads[1])
    loaded = catalog()
    loaded = replace(loaded, profiles=tuple(profiles))
    try:
        return choose(loaded, Settings(**{"aim_id": AIM, **row.asked}), hardware, model).profile.id, ""
    except NoProfile as error:
        return error.message, error.hint


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_the_order_of_the_catalogue_and_of_the_devices_decides_nothing(row: Row) -> None:
    first = outcome(row, row.profiles, row.machine)
    shuffle = random.Random(row.name)
    for _ in range(4):
        profiles = shuffle.sample(row.profiles, len(row.profiles))
        gpus = tuple(shuffle.sample(row.machine.gpus, len(row.machine.gpus)))
        assert outcome(row, profiles, replace(row.machine, gpus=gpus)) == first


def test_row_names_are_unique() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS) >= 100
