"""Selection by a service level, as a table; and what holds of it whatever the evidence says."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aim_runtime.errors import NoProfile
from aim_runtime.models.architecture import Architecture
from aim_runtime.profiles.profile import Evidence, Profile
from aim_runtime.profiles.ranking import ranked
from aim_runtime.profiles.selection import Selection
from aim_runtime.settings import Settings
from aim_runtime.slo import parse_slo
from aim_runtime.vocabulary import Metric, Origin, Standing
from unit.profiles.build import AIM, GIB, catalog, choose, machine, profile
from unit.profiles.test_service_level import measured

CUSTOM, GENERAL = Origin.CUSTOM_MODEL, Origin.GENERAL
SLO = "tpot_p90_ms<=50"
EIGHT = machine("8*MI300X")
ANY = {"any_metric": True}


def seen(ms: float, tokens: float = 100.0, clients: int = 8, **more: Any) -> Evidence:
    figures = {f"clients_{clients}_tpot_p90_s": ms / 1000, f"clients_{clients}_tokens_per_s": tokens}
    return measured(figures, model=AIM, **more)


def published(ms: float, tokens: float = 100.0) -> Evidence:
    found = seen(ms, tokens)
    return Evidence(
        source="published", release="AMD AIM", reference="a page", machine="MI300X", figures=found.figures
    )


UNKNOWN, UNKNOWN_TP4 = profile("MI300X"), profile("MI300X/fp16/4")
FAST = profile("MI300X", evidence=seen(40, 300), variant="-fast")
FASTER = profile("MI300X", evidence=seen(45, 400), variant="-later")
FAST_TP4 = profile("MI300X/fp16/4", evidence=seen(40, 300))
HARDLY_FASTER = profile("MI300X", evidence=seen(40, 330), variant="-later")
PUBLISHED_HARDLY_FASTER = profile("MI300X", evidence=published(40, 330), variant="-a")
TENTH_FASTER = profile("MI300X", evidence=seen(40, 340), variant="-later")
FAST_B = profile("MI300X", evidence=seen(40, 300), variant="-fast-b")
PUBLISHED = profile("MI300X", evidence=published(40, 300), variant="-a")
NO_RATE = profile("MI300X", evidence=measured({"clients_8_tpot_p90_s": 0.01}), variant="-a")
SLOW = profile("MI300X", evidence=seen(81), variant="-slow")
SLOWER = profile("MI300X", evidence=seen(120), variant="-a")
MANY = profile("MI300X/fp16/8/throughput", evidence=seen(48, 900))
MANY_SLOW = profile("MI300X/fp16/8/throughput", evidence=seen(60, 900))
MANY_UNKNOWN = profile("MI300X/int4/8/throughput")
MINE, MINE_SLOW = profile("MI300X", CUSTOM), profile("MI300X", CUSTOM, evidence=seen(81))
MINE_FAST = profile("MI300X", CUSTOM, evidence=seen(40, 200))
ANY_FAST = profile("MI300X/fp16/8/latency/general", GENERAL, evidence=seen(40, 500))
MANUAL = profile("MI300X", evidence=seen(10, 900), manual=True, variant="-manual")
UNOPTIMIZED = profile("MI300X/fp16/8/latency/unoptimized", evidence=seen(40))
UNOPTIMIZED_FP8 = profile("MI300X/fp8/8/latency/unoptimized", evidence=seen(81))
UNOPTIMIZED_FASTER = profile("MI300X/fp8/8/latency/unoptimized", evidence=seen(40, 200))
OTHER_GPU = profile("MI325X", evidence=seen(1, 9000, machine="8 x MI325X"))
TOO_LARGE = profile("MI300X/fp16/1", evidence=seen(1, 9000))


@dataclass(frozen=True)
class Row:
    """`expected` is the profile taken; `warned` is in the warning, and empty where there must be none."""

    name: str
    profiles: list[Profile]
    expected: Profile
    warned: str = ""
    slo: str = SLO
    asked: dict[str, Any] = field(default_factory=dict)


ROWS = [
    Row("one that meets it before one that is unknown", [UNKNOWN, FAST], FAST),
    Row("one that meets it before one that misses it", [SLOWER, FAST], FAST),
    Row("the higher throughput", [FAST, FASTER], FASTER),
    Row("the same throughput: the usual order", [FAST_B, FAST], FAST),
    Row("hardly more throughput: the usual order", [HARDLY_FASTER, FAST], FAST),
    Row("hardly more, of what must be asked for", [HARDLY_FASTER, FAST, MANUAL], FAST),
    Row("hardly more, published", [PUBLISHED_HARDLY_FASTER, FAST], FAST),
    Row("more than a tenth more", [TENTH_FASTER, FAST], TENTH_FASTER),
    Row("the same throughput: the most accelerators", [FAST_TP4, FAST], FAST),
    Row("the same figures: measured before published", [PUBLISHED, FAST], FAST),
    Row("published is evidence", [UNKNOWN, PUBLISHED], PUBLISHED),
    Row("a throughput that is not known is the least", [NO_RATE, FAST], FAST),
    Row("fewer accelerators that meet it", [UNKNOWN, FAST_TP4], FAST_TP4),
    Row("a shipped one that meets it before a custom one that is unknown", [MINE, FAST], FAST),
    Row("before a custom one that misses it", [MINE_SLOW, FAST], FAST),
    Row("before a custom one that meets it at less", [MINE_FAST, FAST], FAST),
    Row("a general one that meets it", [UNKNOWN, ANY_FAST], ANY_FAST),
    Row("general ones switched off", [FAST, ANY_FAST], FAST, asked={"allow_general_profile_fallback": False}),
    # No metric was asked for: either may meet it.
    Row("a throughput profile that meets it", [UNKNOWN, MANY], MANY, asked=ANY),
    Row("the more of both", [FAST, MANY], MANY, asked=ANY),
    Row("none of both is known: latency as usual", [UNKNOWN, MANY_UNKNOWN], UNKNOWN, "none has", asked=ANY),
    Row("only one for throughput", [MANY_UNKNOWN], MANY_UNKNOWN, "none has evidence for it", asked=ANY),
    Row("latency asked for", [FAST, MANY], FAST),
    Row("throughput asked for", [FAST, MANY], MANY, asked={"metric": Metric.THROUGHPUT}),
    # None meets it.
    Row("nobody knows", [UNKNOWN, UNKNOWN_TP4], UNKNOWN, "none has evidence for it"),
    Row(
        "the nearest is named",
        [SLOW, SLOWER],
        SLOWER,
        f"{SLOW.id} comes nearest and misses tpot_p90_ms 81 > 50",
    ),
    Row("what is known to miss is no worse than what is unknown", [SLOWER, UNKNOWN_TP4], SLOWER, "120 > 50"),
    Row("a custom one stays first", [MINE_SLOW, UNKNOWN], MINE_SLOW, "81 > 50 at 8 clients (measured)"),
    Row("the metric stays first", [UNKNOWN, MANY_SLOW], UNKNOWN, f"{MANY_SLOW.id} comes nearest", asked=ANY),
    Row("what would help", [SLOW], SLOW, "`aim-runtime tune --slo 'tpot_p90_ms<=50'`"),
    Row(
        "more clients than were seen", [UNKNOWN, FAST_TP4], UNKNOWN, "none has evidence", f"{SLO},clients>=9"
    ),
    Row("as many clients as were seen", [UNKNOWN, FAST_TP4], FAST_TP4, slo=f"{SLO},clients>=8"),
    Row("another percentile", [UNKNOWN, FAST_TP4], UNKNOWN, "none has evidence", "tpot_p50_ms<=50"),
    # Evidence opens no door.
    Row("one that must be asked for", [UNKNOWN, MANUAL], UNKNOWN, f"set AIM_PROFILE_ID={MANUAL.id}"),
    Row("that one does not order the others", [SLOWER, UNKNOWN_TP4, MANUAL], SLOWER, MANUAL.id),
    Row("for another accelerator", [SLOW, OTHER_GPU], SLOW, f"{SLOW.id} comes nearest"),
    Row("that does not fit", [UNKNOWN, TOO_LARGE], UNKNOWN, "none has evidence"),
    Row(
        "the last resort that meets it",
        [UNOPTIMIZED_FP8, UNOPTIMIZED],
        UNOPTIMIZED,
        asked={"allow_unoptimized": True},
    ),
    Row(
        "the last resort stays the last",
        [UNOPTIMIZED, UNKNOWN],
        UNKNOWN,
        f"{UNOPTIMIZED.id} meets AIM_SLO up to 8 clients at 100 tokens/s (measured), but is unoptimized",
        asked={"allow_unoptimized": True},
    ),
    Row(
        "the last resort with more throughput",
        [UNOPTIMIZED, UNOPTIMIZED_FASTER],
        UNOPTIMIZED_FASTER,
        asked={"allow_unoptimized": True},
    ),
    # A name is a name.
    Row("the one that is named", [FAST, UNKNOWN], UNKNOWN, asked={"profile_id": UNKNOWN.id}),
    Row(
        "the one that is named misses it",
        [FAST, SLOW],
        SLOW,
        f"{SLOW.id} misses tpot_p90_ms 81 > 50 at 8 clients (measured)",
        asked={"profile_id": SLOW.id},
    ),
]
MODEL = Architecture(int(207 * GIB))  # on one MI300X it does not fit


def taken(row: Row, profiles: list[Profile]) -> Selection:
    loaded = replace(catalog(), profiles=tuple(profiles))
    settings = Settings(**{"aim_id": AIM, "slo": parse_slo(row.slo), **row.asked})
    return choose(loaded, settings, EIGHT, MODEL)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_selection(row: Row) -> None:
    shuffle = random.Random(row.name)
    for _ in range(4):
        found = taken(row, shuffle.sample(row.profiles, len(row.profiles)))
        assert found.profile == row.expected
        assert row.warned in " ".join(found.warnings)
        told = [each for each in found.warnings if "nothing better is right" not in each]
        assert bool(told) == bool(row.warned)


def test_row_names_are_unique() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS)


def test_the_order_is_met_then_unknown_then_missed() -> None:
    profiles = [SLOWER, FASTER, UNKNOWN, MINE, SLOW, FAST]
    found = taken(Row("", profiles, FASTER), profiles)
    order = [each.profile for each in ranked(found.verdicts, EIGHT)]
    assert order == [FASTER, FAST, MINE, UNKNOWN, SLOWER, SLOW]


def test_a_service_level_does_not_make_up_a_profile() -> None:
    with pytest.raises(NoProfile, match=r"\(latency or throughput\) on 8 x MI300X"):
        taken(Row("", [], FAST, asked=ANY), [OTHER_GPU])


SHORT = st.sampled_from(
    [
        *("MI300X", "MI300X/fp8", "MI300X/fp16/4", "MI300X/fp16/1", "MI325X", "CPU/bf16/1"),
        *(
            "MI300X/fp16/8/throughput",
            "MI300X/fp16/4/throughput/preview",
            "MI300X/fp16/8/latency/unoptimized",
        ),
    ]
)
EVIDENCE = (
    st.none()
    | st.builds(seen, st.integers(10, 100), st.integers(1, 900), st.sampled_from([1, 8, 32]))
    | st.builds(published, st.integers(10, 100))
)
PROFILES = st.lists(
    st.builds(
        profile,
        SHORT,
        st.sampled_from([Origin.MODEL, CUSTOM]),
        evidence=EVIDENCE,
        manual=st.sampled_from([None, True]),
        variant=st.sampled_from(["", "-a", "-b"]),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda each: each.id,
)


def outcome(profiles: list[Profile], **asked: Any) -> Selection | str:
    settings = Settings(**{"aim_id": AIM, **asked})
    try:
        return choose(replace(catalog(), profiles=tuple(profiles)), settings, EIGHT, MODEL)
    except NoProfile as error:
        return error.message


@given(PROFILES, st.sampled_from([SLO, f"{SLO},clients>=8"]), st.booleans(), st.randoms())
def test_whatever_the_evidence(
    profiles: list[Profile], text: str, any_metric: bool, shuffle: random.Random
) -> None:
    asked = {"slo": parse_slo(text), "any_metric": any_metric}
    found, without = outcome(profiles, **asked), outcome(profiles)
    again = outcome(shuffle.sample(profiles, len(profiles)), **asked)
    if isinstance(found, str):
        assert again == found
        assert isinstance(without, str), "what is served without a service level is served with one"
        return
    assert not isinstance(again, str)
    assert (again.profile, again.warnings) == (found.profile, found.warnings)
    verdict = found.verdict
    assert verdict.automatic, "evidence takes nothing that would not run or must be asked for"
    assert verdict.level is not None
    meeting = [
        each.level.tokens_per_s
        for each in found.verdicts
        if each.automatic and each.level and each.level.standing is Standing.MEETS
    ]
    if meeting:
        assert verdict.level.tokens_per_s >= 0.9 * max(meeting)  # type: ignore[operator, type-var]
        assert verdict.level.standing is Standing.MEETS
        assert found.warnings == ()
    else:
        assert len(found.warnings) == 1
        assert isinstance(without, str) or found.profile == without.profile, "evidence that shows nothing"
