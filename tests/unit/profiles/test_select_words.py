"""One profile asked for by name, what a refusal tells, and the memory arithmetic."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aim_runtime.errors import AimError, InvalidProfile, NoProfile, ProfileNotFound
from aim_runtime.hardware.accelerator import Hardware
from aim_runtime.models.architecture import Architecture
from aim_runtime.profiles.catalog import Catalog, Problem
from aim_runtime.profiles.fit import Fit, fit_weights
from aim_runtime.profiles.profile import Profile
from aim_runtime.profiles.select import judge, rank, select
from aim_runtime.profiles.selection import Selection
from aim_runtime.settings import Settings
from aim_runtime.vocabulary import Metric, Origin, State
from unit.profiles.build import AIM, CPU, GIB, catalog, machine, profile

EIGHT = machine("8*MI300X")
OWN = profile("MI300X")
ANY = profile("MI300X/fp16/8/latency/general", Origin.GENERAL)
MINE = profile("MI300X/fp8/8/latency/unoptimized", Origin.CUSTOM_MODEL)
OURS = profile("MI300X/fp16/8/latency/general", Origin.CUSTOM_GENERAL)
ON_CPU = profile("CPU/bf16/1")
STEM = OWN.stem
BROKEN = Problem(
    f"custom/{AIM}/bad", Origin.CUSTOM_MODEL, Path(f"/p/custom/{AIM}/bad.yaml"), "line 3: metadata.type: 'x'"
)


def choose(
    profiles: list[Profile],
    hardware: Hardware = EIGHT,
    problems: tuple[Problem, ...] = (),
    refused: dict[str, tuple[str, ...]] | None = None,
    **asked: Any,
) -> Selection:
    """Select; `refused` is what the engine has against a profile, by id."""
    settings = Settings(**{"aim_id": AIM, **asked})
    loaded = Catalog(catalog(*profiles).profiles, problems)
    verdicts = tuple(
        judge(each, settings, hardware, (refused or {}).get(each.id, ())) for each in loaded.profiles
    )
    return select(settings, loaded, verdicts, hardware)


@pytest.mark.parametrize(
    ("profile_id", "expected"),
    [
        (OWN.id, OWN),
        (ANY.id, ANY),
        (MINE.id, MINE),
        (MINE.stem, MINE),
        (OURS.id, OURS),
        (ON_CPU.stem, ON_CPU),
    ],
    ids=["model", "general", "custom", "custom by stem", "custom general", "cpu"],
)
def test_by_id_or_stem(profile_id: str, expected: Profile) -> None:
    assert choose([OWN, ANY, MINE, OURS, ON_CPU], profile_id=profile_id).profile == expected


def test_a_stem_goes_by_the_search_order_and_an_id_before_a_stem() -> None:
    assert choose([ANY, OURS], profile_id=STEM).profile == OURS
    assert choose([ANY], profile_id=STEM).profile == ANY
    assert choose([ANY, OURS, OWN], profile_id=STEM).profile == OWN  # its id is its stem


@pytest.mark.parametrize(
    ("hardware", "asked", "warning"),
    [
        (machine(), {}, "needs 8 x MI300X, none here"),
        (machine("4*MI300X"), {}, "needs 8 x MI300X, 4 available"),
        (EIGHT, {"metric": Metric.THROUGHPUT}, "is for latency, not throughput"),
        (EIGHT, {"aim_id": "other/model"}, f"is for {AIM}, not other/model"),
        (EIGHT, {"accelerator_count": 4}, "uses 8 accelerators, not 4"),
    ],
)
def test_what_does_not_match_is_taken_with_a_warning(
    hardware: Hardware, asked: dict[str, Any], warning: str
) -> None:
    found = choose([OWN], hardware, profile_id=STEM, **asked)
    assert found.profile == OWN
    assert found.warnings == (f"{STEM} {warning}; taken because AIM_PROFILE_ID names it",)


def test_what_matches_is_taken_silently() -> None:
    assert choose([OWN], profile_id=STEM).warnings == ()


@pytest.mark.parametrize(
    ("profile_id", "kind", "words"),
    [
        ("vllm-mi300x-fp16-tp8-latenci", ProfileNotFound, f"no such profile; did you mean {STEM}?"),
        ("general/vllm-mi300x-fp16-tp8-latencies", ProfileNotFound, f"did you mean {ANY.id}?"),
        ("zzz", ProfileNotFound, "AIM_PROFILE_ID=zzz: no such profile"),
        (BROKEN.id, InvalidProfile, f"{BROKEN.path}: {BROKEN.reason}"),
        ("bad", InvalidProfile, f"the profile bad is broken: {BROKEN.path}: {BROKEN.reason}"),
    ],
)
def test_unknown_or_broken(profile_id: str, kind: type[AimError], words: str) -> None:
    with pytest.raises(kind) as caught:
        choose([OWN, ANY], problems=(BROKEN,), profile_id=profile_id)
    assert words in caught.value.message
    assert caught.value.exit_code == 4


def test_what_the_engine_would_refuse_is_not_taken() -> None:
    refused = {OWN.id: ("vLLM 0.32.0 has no option swap-space",)}
    assert choose([OWN, ANY], refused=refused).profile == ANY
    with pytest.raises(InvalidProfile, match=r"would not start: vLLM 0\.32\.0 has no") as caught:
        choose([OWN, ANY], refused=refused, profile_id=STEM)
    assert str(OWN.path) in caught.value.hint


def test_unoptimized_is_taken_with_a_warning() -> None:
    found = choose([MINE], allow_unoptimized=True)
    assert found.warnings == (
        f"{MINE.id} is unoptimized; taken because AIM_ALLOW_UNOPTIMIZED is set and nothing better is right",
    )


@pytest.mark.parametrize(
    ("profiles", "asked", "hint"),
    [
        ([MINE], {}, "set AIM_ALLOW_UNOPTIMIZED=true, or AIM_PROFILE_ID to one of them"),
        (
            [ANY],
            {"allow_general_profile_fallback": False},
            "set AIM_ALLOW_GENERAL_PROFILE_FALLBACK=true, or AIM_PROFILE_ID to one of them",
        ),
        ([profile("MI300X/fp16/8/latency/preview", manual=True)], {}, "set AIM_PROFILE_ID to one of them"),
        (
            [profile("MI300X/fp16/8/latency/general", Origin.GENERAL, manual=True)],
            {},
            "set AIM_PROFILE_ID to one",
        ),
    ],
    ids=["unoptimized", "general", "manual", "manual general"],
)
def test_the_hint_is_a_switch_that_helps(profiles: list[Profile], asked: dict[str, Any], hint: str) -> None:
    with pytest.raises(NoProfile) as caught:
        choose(profiles, **asked)
    assert caught.value.hint.startswith(hint)
    assert profiles[0].id in caught.value.message


def test_a_refusal_names_the_nearest_and_what_is_broken() -> None:
    far = [profile(f"{model}/fp16/{count}") for model in ("MI325X", "MI300X") for count in (1, 2, 4, 8)]
    with pytest.raises(NoProfile) as caught:
        choose(far, machine("3*MI250X"), problems=(BROKEN,))
    message = caught.value.message
    what = f"no profile for {AIM} (latency) on 3 x MI250X ("
    assert message.startswith(what)
    assert "vllm-mi300x-fp16-tp1-latency needs 1 x MI300X" in message
    assert "tp8" not in message
    assert message.endswith(f"{BROKEN.path} is broken: {BROKEN.reason}")
    assert "list-profiles" in caught.value.hint


@pytest.mark.parametrize(
    ("given", "asked", "state", "reasons"),
    [
        (OWN, {}, State.COMPATIBLE, 0),
        (profile("MI300X", engine="sglang"), {}, State.ENGINE_MISMATCH, 1),
        (OWN, {"metric": Metric.THROUGHPUT}, State.METRIC_MISMATCH, 1),
        (OWN, {"aim_id": "a/b"}, State.MODEL_MISMATCH, 1),
        (profile("MI325X"), {}, State.GPU_MISMATCH, 1),
        (profile("MI325X", engine="sglang"), {"aim_id": "a/b"}, State.ENGINE_MISMATCH, 3),
    ],
)
def test_a_verdict_has_every_reason(
    given: Profile, asked: dict[str, Any], state: State, reasons: int
) -> None:
    verdict = judge(given, Settings(**{"aim_id": AIM, **asked}), EIGHT)
    assert (verdict.state, len(verdict.reasons)) == (state, reasons)


def test_no_two_profiles_rank_the_same() -> None:
    ranked = [profile("MI300X", variant=variant) for variant in ("-b", "", "-a")]
    assert [each.stem.removeprefix(STEM) for each in sorted(ranked, key=rank)] == ["", "-a", "-b"]


def test_every_profile_is_judged() -> None:
    found = choose([OWN, ANY, MINE])
    assert [verdict.profile for verdict in found.verdicts] == [MINE, OWN, ANY]


@pytest.mark.parametrize(
    ("args", "memory_gib", "weights_gib", "state"),
    [
        ({}, 100, 91, State.COMPATIBLE),
        ({}, 100, 93, State.MEMORY_MISMATCH),
        ({"gpu-memory-utilization": 0.5}, 100, 51, State.MEMORY_MISMATCH),
        ({"gpu_memory_utilization": 0.5}, 100, 51, State.MEMORY_MISMATCH),
        ({"gpu-memory-utilization": 0.95}, 100, 94, State.COMPATIBLE),
        ({"gpu-memory-utilization": None}, 100, 91, State.COMPATIBLE),
        ({"gpu-memory-utilization": "high"}, 100, 91, State.COMPATIBLE),
        ({}, None, 9999, State.COMPATIBLE),
        ({}, 100, None, State.COMPATIBLE),
    ],
)
def test_memory(args: dict[str, Any], memory_gib: int | None, weights_gib: int | None, state: State) -> None:
    hardware = machine("MI300X", memory_bytes=memory_gib and memory_gib * GIB)
    given = profile("MI300X/fp16/1", args=args)
    verdict = judge(
        given, Settings(aim_id=AIM), hardware, (), Architecture(weights_gib and weights_gib * GIB)
    )
    assert verdict.state is state


def test_the_smallest_device_counts() -> None:
    big, small = machine("MI300X").gpus[0], machine("MI300X", memory_bytes=GIB).gpus[0]
    both = Hardware((big, small), CPU, "a test")
    verdict = judge(profile("MI300X/fp16/2"), Settings(aim_id=AIM), both, (), Architecture(4 * GIB))
    assert verdict.reasons == (
        "does not fit: weights 2.0 GiB an accelerator > 0.9 GiB that the engine may use of it",
    )


@pytest.mark.parametrize(
    ("model", "memory", "count", "utilization", "expected"),
    [
        (None, 10, 1, 0.9, None),
        (10, None, 1, 0.9, None),
        (100, 50, 4, 0.9, Fit(25, 45)),
        (222115160064, 206141652992, 1, 0.95, Fit(222115160064, 195834570342)),
        (222115160064, 206141652992, 2, 0.95, Fit(111057580032, 195834570342)),
    ],
)
def test_fit(
    model: int | None, memory: int | None, count: int, utilization: float, expected: Fit | None
) -> None:
    assert fit_weights(model, memory, count, utilization) == expected


def test_fit_says_the_numbers() -> None:
    misfit, fit = Fit(207 * GIB, 182 * GIB), Fit(26 * GIB, 182 * GIB)
    assert (misfit.fits, fit.fits, Fit(GIB, GIB).fits) == (False, True, False)
    assert str(misfit) == "weights 207.0 GiB an accelerator > 182.0 GiB that the engine may use of it"
    assert str(fit) == "weights 26.0 GiB an accelerator < 182.0 GiB that the engine may use of it"
