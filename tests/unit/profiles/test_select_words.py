"""One profile asked for by name, and what a refusal tells."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from aim_runtime.errors import AimError, InvalidProfile, NoProfile, ProfileNotFound
from aim_runtime.hardware.accelerator import Hardware
from aim_runtime.models.architecture import UNKNOWN_MODEL, Architecture
from aim_runtime.profiles.catalog import Problem, load_catalog
from aim_runtime.profiles.profile import Profile
from aim_runtime.profiles.ranking import rank
from aim_runtime.profiles.selection import Selection
from aim_runtime.settings import Settings
from aim_runtime.vocabulary import AcceleratorType, Metric, Origin, Precision
from unit.profiles import build
from unit.profiles.build import AIM, GIB, catalog, content, machine, processor, profile, write

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
    refused: Mapping[str, tuple[str, ...]] | None = None,
    model: Architecture = UNKNOWN_MODEL,
    **asked: Any,
) -> Selection:
    settings = Settings(**{"aim_id": AIM, **asked})
    return build.choose(catalog(*profiles, problems=problems), settings, hardware, model, refused)


def test_a_stem_means_the_models_own_profile_before_that_of_another_model() -> None:
    other = profile("MI300X", Origin.CUSTOM_MODEL, aim_id="acme/other")
    assert other.stem == ANY.stem
    assert choose([other, ANY], profile_id=ANY.stem).profile is ANY
    assert choose([other], profile_id=other.stem).profile is other


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
    assert "aim-runtime explain" in caught.value.hint


def test_no_two_profiles_rank_the_same() -> None:
    ranked = [profile("MI300X", variant=variant) for variant in ("-b", "", "-a")]
    assert [each.stem.removeprefix(STEM) for each in sorted(ranked, key=rank)] == ["", "-a", "-b"]


def test_every_profile_is_judged() -> None:
    found = choose([OWN, ANY, MINE])
    assert [verdict.profile for verdict in found.verdicts] == [MINE, OWN, ANY]


def refusal(profiles: list[Profile], hardware: Hardware = EIGHT, **asked: Any) -> NoProfile:
    with pytest.raises(NoProfile) as caught:
        choose(profiles, hardware, **asked)
    return caught.value


TP = {count: profile(f"MI300X/fp16/{count}") for count in (1, 2, 4, 8)}


@pytest.mark.parametrize(
    ("hardware", "asked", "words"),
    [
        (EIGHT, {"metric": Metric.THROUGHPUT}, f"no profile for {AIM} (throughput) on 8 x MI300X (a test)"),
        (EIGHT, {"precision": Precision.FP8}, f"no profile for {AIM} (latency, fp8) on 8 x MI300X (a test)"),
        (EIGHT, {"accelerator_count": 3}, "on 8 x MI300X (a test, 3 of them asked for)"),
        (machine("MI210", "2*MI250X"), {}, "on 1 x MI210, 2 x MI250X (a test)"),
        (machine(), {}, "on a machine without a GPU"),
    ],
    ids=["metric", "precision", "count", "mixed", "no GPU"],
)
def test_the_first_line_says_what_was_asked_and_seen(
    hardware: Hardware, asked: dict[str, Any], words: str
) -> None:
    first, *rest = refusal([TP[8]], hardware, **asked).message.split("\n")
    assert words in first
    assert rest


@pytest.mark.parametrize(
    ("profiles", "hardware", "asked", "hint"),
    [
        ([TP[8]], EIGHT, {"metric": Metric.THROUGHPUT}, "set AIM_METRIC=latency"),
        ([TP[8]], EIGHT, {"precision": Precision.FP8}, "set AIM_PRECISION=fp16"),
        ([TP[8], TP[4]], EIGHT, {"accelerator_count": 2}, "set AIM_ACCELERATOR_COUNT=4"),
        ([TP[8]], machine("4*MI300X"), {}, "use a machine with 8 x MI300X"),
        ([TP[8]], machine("8*MI325X"), {}, "use a machine with 8 x MI300X"),
        ([TP[8]], machine(), {"accelerator_type": AcceleratorType.CPU}, "unset AIM_ACCELERATOR_TYPE"),
        ([ON_CPU], EIGHT, {}, "set AIM_ACCELERATOR_TYPE=cpu"),
        (
            [TP[8]],
            EIGHT,
            {"metric": Metric.THROUGHPUT, "precision": Precision.FP8},
            "set AIM_METRIC=latency; set AIM_PRECISION=fp16",
        ),
    ],
    ids=[
        "metric",
        "precision",
        "count",
        "more of them",
        "other ones",
        "not the CPU",
        "the CPU",
        "two things",
    ],
)
def test_the_hint_is_the_change_that_would_do(
    profiles: list[Profile], hardware: Hardware, asked: dict[str, Any], hint: str
) -> None:
    assert refusal(profiles, hardware, **asked).hint.startswith(f"{hint}; see every profile")


def test_the_misfit_is_told_before_what_is_only_missing() -> None:
    model = Architecture(weights_bytes=207 * GIB)
    profiles = [profile("MI300X/fp16/1"), *(profile(f"{kind}/fp16/1") for kind in ("A", "B", "C", "D"))]
    message = refusal(profiles, machine("MI300X"), model=model).message
    first = message.split("\n")[1]
    assert first.startswith(
        f"  - {profiles[0].id} does not fit: weights 207.0 GiB an accelerator > 176.6 GiB"
    )
    assert len(message.split("\n")) == 4


def test_a_shorter_context_is_proposed_before_fewer_accelerators() -> None:
    model = Architecture(100 * GIB, 64, 8, layers=80, head_dim=128, hidden_size=8192, max_positions=131072)
    long = profile("MI300X/fp16/2", args={"gpu-memory-utilization": 0.35})
    small = profile("MI300X/fp16/1", args={"max-model-len": 1024})
    error = refusal([long, small], machine("2*MI300X"), model=model, accelerator_count=2)
    assert error.hint.startswith("use max-model-len <= ")


def test_a_broken_profile_among_good_ones_does_not_matter() -> None:
    assert choose([OWN], problems=(BROKEN,)).profile == OWN


def test_a_profile_by_name_that_does_not_fit_is_taken_with_the_numbers() -> None:
    model = Architecture(weights_bytes=207 * GIB)
    found = choose([TP[1]], machine("2*MI300X"), model=model, profile_id=TP[1].id)
    assert found.profile == TP[1]
    (warning,) = found.warnings
    assert warning.startswith(f"{TP[1].id} does not fit: weights 207.0 GiB an accelerator > 176.6 GiB that")
    assert "2 x MI300X would hold it" in warning


def test_a_profile_by_name_on_busy_devices_takes_the_idle_ones_first() -> None:
    hardware = machine("3*MI300X", free_gib=(10, 191, 50))
    found = choose([TP[2]], hardware, profile_id=TP[2].id)
    assert [device.index for device in found.uses] == [1, 2]
    assert [left.device.index for left in found.leaves] == [0]
    assert "GPU 2 has 50.0 of 192.0 GiB free" in found.warnings[0]


@pytest.mark.parametrize("asked", [{}, {"metric": Metric.THROUGHPUT}], ids=["else right", "else wrong too"])
def test_a_profile_by_name_that_would_not_start_is_refused(asked: dict[str, Any]) -> None:
    model = Architecture(weights_bytes=GIB, max_positions=8192)
    given = profile("MI300X/fp16/8", args={"max-model-len": 9000})
    with pytest.raises(InvalidProfile, match="max-model-len 9000 is more than the 8192 tokens") as caught:
        choose([given], model=model, profile_id=given.id, **asked)
    assert "8192" in caught.value.hint


@pytest.mark.parametrize("organisation", ["general", "custom"])
def test_an_organisation_may_have_the_name_of_a_layer(tmp_path: Path, organisation: str) -> None:
    aim = f"{organisation}/model"
    stem = "vllm-mi300x-fp16-tp8-latency"
    write(tmp_path / "general" / f"{stem}.yaml", content(None))
    write(tmp_path / aim / f"{stem}.yaml", content(aim))
    write(tmp_path / "acme/other" / f"{stem}.yaml", content("acme/other"))
    loaded = load_catalog((tmp_path,), aim)
    assert loaded.problems == ()
    own = stem if organisation == "general" else f"custom/{aim}/{stem}"
    assert build.choose(loaded, Settings(aim_id=aim), EIGHT).profile.id == own
    theirs = load_catalog((tmp_path,), "acme/other")
    assert build.choose(theirs, Settings(aim_id="acme/other"), EIGHT).profile.id == stem
    named = build.choose(loaded, Settings(aim_id=aim, profile_id=f"general/{stem}"), EIGHT).profile
    assert (named.id, named.origin) == (f"general/{stem}", Origin.GENERAL)


def test_a_kind_of_cpu_by_name_on_another_is_taken_with_a_warning() -> None:
    given = profile("EPYC_ZEN5/bf16/1")
    found = choose([given], machine(cpu=processor("EPYC_ZEN4")), profile_id=given.id)
    assert found.warnings == (
        f"{given.id} is for EPYC_ZEN5, not this CPU; taken because AIM_PROFILE_ID names it",
    )
    assert found.uses[0].model == "EPYC_ZEN4"
