"""Selection as a table: what is in the catalogue, what the machine has, what was asked, what is taken."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from aim_runtime.errors import NoProfile
from aim_runtime.hardware.accelerator import Hardware
from aim_runtime.models.architecture import Architecture
from aim_runtime.profiles.profile import Profile
from aim_runtime.profiles.select import judge, select
from aim_runtime.profiles.selection import Selection
from aim_runtime.settings import Settings
from aim_runtime.vocabulary import AcceleratorType, Metric, Origin, Precision
from unit.profiles.build import AIM, GIB, catalog, machine, profile

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

EIGHT, FOUR = ("8*MI300X",), ("4*MI300X",)
ALLOWED = {"allow_unoptimized": True}
FP16 = {"precision": Precision.FP16}


def count(number: int) -> dict[str, Any]:
    return {"accelerator_count": number}


@dataclass(frozen=True)
class Row:
    """`expected` is the profile taken, or what the refusal says."""

    name: str
    profiles: list[Profile]
    machine: tuple[str, ...]
    expected: Profile | str
    asked: dict[str, Any] = field(default_factory=dict)
    weights_gib: float | None = None
    leaves: int = 0
    heads: tuple[int, ...] = ()


ALL = list(TP.values())
ROWS = [
    # How many accelerators.
    Row("all eight", ALL, EIGHT, TP[8]),
    Row("all four", ALL, FOUR, TP[4]),
    Row("one of one", ALL, ("MI300X",), TP[1]),
    Row("three: the largest smaller count", ALL, ("3*MI300X",), TP[2], leaves=1),
    Row("sixteen: the largest smaller count", ALL, ("16*MI300X",), TP[8], leaves=8),
    Row("eight, only tp2 written", [TP[1], TP[2]], EIGHT, TP[2], leaves=6),
    Row("one, none small enough", [TP[4], TP[8]], ("MI300X",), "needs 4 x MI300X, 1 available"),
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
    Row("mixed: the larger set", [TP[4], MI325X_TP4, TP[2]], ("2*MI300X", "4*MI325X"), MI325X_TP4, leaves=2),
    Row("mixed: counts are not summed", [TP[8]], ("4*MI300X", "4*MI325X"), "needs 8 x MI300X, 4 available"),
    # Memory: 192 GiB each.
    Row("fits on all", ALL, EIGHT, TP[8], weights_gib=207),
    Row("fits on two, not on one", [TP[1], TP[2]], ("2*MI300X",), TP[2], weights_gib=207),
    Row("does not fit on one", [TP[1]], ("MI300X",), "does not fit: weights 207.0 GiB", weights_gib=207),
    Row("an asked count that does not fit", ALL, EIGHT, "does not fit", count(1), 207),
    Row("does not fit, though allowed", [UNOPTIMIZED], EIGHT, "does not fit", ALLOWED, 9999),
    # Tensor parallelism divides the attention heads.
    Row("heads that divide", ALL, EIGHT, TP[8], heads=(96, 8)),
    Row("nine heads on eight: one", ALL, EIGHT, TP[1], heads=(9, 3), leaves=7),
    Row("nine heads on eight", [TP[8]], EIGHT, "cannot spread 9 attention heads", heads=(9, 3)),
    Row("two key-value heads are copied", ALL, EIGHT, TP[8], heads=(64, 2)),
    Row("heads are not spread on a CPU", [ON_CPU], (), ON_CPU, heads=(9, 3)),
    # The CPU: 64 GiB.
    Row("no GPU", [ON_CPU, TP[8]], (), ON_CPU),
    Row("no GPU, general", [ON_CPU_ANY, TP[8]], (), ON_CPU_ANY),
    Row("no GPU, the model's over general", [ON_CPU_ANY, ON_CPU], (), ON_CPU),
    Row("no GPU, no CPU profile", [TP[8]], (), "needs 8 x MI300X, none here"),
    Row("a GPU is never passed over for the CPU", [ON_CPU], EIGHT, "set AIM_ACCELERATOR_TYPE=cpu"),
    Row("all of the CPU's memory", [ON_CPU], (), ON_CPU, weights_gib=50),
    Row("too large for the CPU", [ON_CPU], (), "does not fit: weights 207.0 GiB", weights_gib=207),
    Row("a GPU asked for", [ON_CPU], (), "not a GPU", {"accelerator_type": AcceleratorType.GPU}),
    Row("the CPU asked for", [ON_CPU], (), ON_CPU, {"accelerator_type": AcceleratorType.CPU}),
    Row("a count is no test of a CPU", [ON_CPU], (), ON_CPU, count(8)),
    # Nothing at all.
    Row("an empty catalogue", [], EIGHT, "the catalogue has no profiles"),
]


def choose(profiles: list[Profile], hardware: Hardware, settings: Settings, model: Architecture) -> Selection:
    loaded = catalog(*profiles)
    verdicts = tuple(judge(each, settings, hardware, (), model) for each in loaded.profiles)
    return select(settings, loaded, verdicts, hardware)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_selection(row: Row) -> None:
    settings = Settings(**{"aim_id": AIM, **row.asked})
    hardware = machine(*row.machine)
    weights_bytes = None if row.weights_gib is None else int(row.weights_gib * GIB)
    model = Architecture(weights_bytes, *row.heads)
    if isinstance(row.expected, str):
        with pytest.raises(NoProfile) as caught:
            choose(row.profiles, hardware, settings, model)
        assert row.expected in caught.value.message
        assert caught.value.hint
        return
    for order in (row.profiles, row.profiles[::-1]):
        found = choose(order, hardware, settings, model)
        assert found.profile == row.expected
        wanted = row.expected.metadata
        assert len(found.uses) == (1 if wanted.accelerator_model == "CPU" else wanted.accelerator_count)
        assert {device.model for device in found.uses} == {wanted.accelerator_model}
        assert len(found.leaves) == row.leaves
        assert not set(found.leaves) & set(found.uses)


def test_row_names_are_unique() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS) >= 40
