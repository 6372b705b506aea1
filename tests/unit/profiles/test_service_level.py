"""What a profile's evidence says of a service level: kept, missed and by how much, or not known and why."""

from __future__ import annotations

from typing import Any

import pytest

from aim_runtime.models.ref import ModelRef
from aim_runtime.profiles.profile import Evidence, Profile
from aim_runtime.profiles.service_level import ServiceLevel, service_level
from aim_runtime.settings import Settings
from aim_runtime.slo import parse_slo
from aim_runtime.vocabulary import Origin, Standing
from unit.profiles.build import AIM, profile

ON_8 = "8 x AMD Instinct MI300X"
BOTH = "ttft_p90_ms<=500,tpot_p90_ms<=50"


def measured(figures: dict[str, float], **more: Any) -> Evidence:
    whole = {"source": "measured", "engine": "vLLM 0.32.0", "machine": ON_8, "date": "2026-11-25"}
    return Evidence(**{**whole, "figures": figures, **more})


def points(**of: tuple[float | None, float | None, float | None]) -> dict[str, float]:
    """`n8=(0.3, 0.04, 214.8)`: ttft p90 and tpot p90 in seconds and tokens/s, with 8 clients."""
    names = ("ttft_p90_s", "tpot_p90_s", "tokens_per_s")
    return {
        f"clients_{key[1:]}_{name}": value
        for key, values in of.items()
        for name, value in zip(names, values, strict=True)
        if value is not None
    }


def held(
    evidence: Evidence | None, slo: str = BOTH, of: str = "MI300X", cores: int = 2, **asked: Any
) -> ServiceLevel:
    found = service_level(
        profile(of, evidence=evidence), Settings(**{"aim_id": AIM, "slo": parse_slo(slo), **asked}), cores
    )
    assert found is not None
    return found


GOOD, SLOW, LATE = (0.3, 0.04, 100.0), (0.3, 0.081, 100.0), (0.6, 0.04, 100.0)
P50 = {"clients_1_ttft_p50_s": 0.07, "clients_1_tpot_p50_s": 0.02}
ROWS: list[tuple[str, dict[str, float], str, str]] = [
    ("one client", points(n1=GOOD), BOTH, "meets AIM_SLO up to 1 client at 100 tokens/s (measured)"),
    ("the most clients", points(n1=GOOD, n8=(0.5, 0.05, 214.8)), BOTH, "up to 8 clients at 214.8 tokens/s"),
    ("no throughput", points(n8=(0.3, 0.04, None)), BOTH, "meets AIM_SLO up to 8 clients (measured)"),
    ("until it breaks", points(n1=GOOD, n8=SLOW, n32=SLOW), BOTH, "meets AIM_SLO up to 1 client at"),
    ("chance is no evidence", points(n1=GOOD, n8=SLOW, n32=GOOD), BOTH, "meets AIM_SLO up to 1 client at"),
    ("missed at once", points(n1=SLOW, n8=GOOD), BOTH, "misses tpot_p90_ms 81 > 50 at 1 client (measured)"),
    ("the other limit", points(n8=LATE), BOTH, "misses ttft_p90_ms 600 > 500 at 8 clients (measured)"),
    ("the worst is named", points(n1=(0.6, 0.081, 1)), BOTH, "misses tpot_p90_ms 81 > 50 at 1 client"),
    ("one known limit is missed", points(n1=(None, 0.081, 1)), BOTH, "misses tpot_p90_ms 81 > 50 at 1"),
    ("one known limit is kept", points(n1=(None, 0.04, 1)), BOTH, "no evidence: no figure of ttft_p90"),
    ("p50 is no p90", P50, BOTH, "no evidence: no figure of ttft_p90 (only p50), tpot_p90 (only p50)"),
    ("p50 that would miss", P50, "ttft_p90_ms<=1", "no evidence: no figure of ttft_p90 (only p50)"),
    ("p50 where p50 is asked", P50, "ttft_p50_ms<=70", "meets AIM_SLO up to 1 client (measured)"),
    ("half a point is passed over", points(n1=(0.3, None, 9), n8=GOOD), BOTH, "meets AIM_SLO up to 8"),
    (
        "halves make no whole",
        points(n1=(0.3, None, 9), n8=(None, 0.04, 9)),
        BOTH,
        "no evidence: its figures are of different numbers of clients",
    ),
    ("enough clients", points(n1=GOOD, n8=GOOD), f"{BOTH},clients>=8", "meets AIM_SLO up to 8 clients"),
    ("more than asked", points(n32=GOOD), f"{BOTH},clients>=8", "meets AIM_SLO up to 32 clients"),
    ("fewer do not count", points(n1=SLOW, n8=GOOD), f"{BOTH},clients>=8", "meets AIM_SLO up to 8 clients"),
    ("broken at as many", points(n1=GOOD, n8=SLOW), f"{BOTH},clients>=8", "misses tpot_p90_ms 81 > 50 at 8"),
    (
        "too few clients",
        points(n1=GOOD, n4=GOOD),
        f"{BOTH},clients>=8",
        "no evidence: no figures with 8 clients or more, only with 1, 4",
    ),
    ("figures of no load", {"start_to_ready_s": 23.3}, BOTH, "no evidence: no figures"),
    ("exactly the limit", points(n1=(0.1048, 0.04, 1)), "ttft_p90_ms<=104.8", "meets AIM_SLO up to 1 client"),
    ("just over it", points(n1=(0.301801, 0.04, 1)), "ttft_p90_ms<=301.8", "ttft_p90_ms 301.801 > 301.8 at"),
]


@pytest.mark.parametrize(("figures", "slo", "said"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_what_figures_say(figures: dict[str, float], slo: str, said: str) -> None:
    found = held(measured(figures), slo)
    assert said in found.text
    starts = {"meets": Standing.MEETS, "misses": Standing.MISSES, "no": Standing.NO_EVIDENCE}
    assert found.standing is starts[found.text.partition(" ")[0]]
    assert (found.miss is not None) == (found.standing is Standing.MISSES)
    assert (found.clients is not None) == (found.standing is Standing.MEETS)
    assert (found.source, found.machine) in (("measured", ON_8), (None, None))
    assert held(measured(dict(reversed(figures.items()))), slo) == found


def test_without_a_service_level_nothing_is_said() -> None:
    assert service_level(profile("MI300X", evidence=measured(points(n1=GOOD))), Settings(), 2) is None


def test_what_is_published_counts_and_is_marked() -> None:
    evidence = Evidence(
        source="published",
        release="AMD AIM 0.12",
        reference="https://example.org/figures",
        machine=ON_8,
        figures=points(n1=GOOD),
    )
    found = held(evidence)
    assert found.text == "meets AIM_SLO up to 1 client at 100 tokens/s (published)"
    assert found.source == "published"
    assert "measured" not in str(found.as_object())


@pytest.mark.parametrize(
    ("evidence", "said"),
    [
        (None, "its file has none"),
        (
            Evidence(source="published", release="AMD AIM 0.11"),
            "no figures were published with it (AMD AIM 0",
        ),
        (
            Evidence(source="derived", engine="vLLM 0.32.0", date="2026-11-25"),
            "its settings are computed, nobody measured them",
        ),
        (measured(points(n1=GOOD), model="other/model"), "its figures are of other/model, another model"),
        (measured(points(n1=GOOD), machine="8 x MI325X"), "of 8 x MI325X, which names no MI300X"),
    ],
    ids=["none", "no figures", "derived", "another model", "another accelerator"],
)
def test_what_counts_for_nothing(evidence: Evidence | None, said: str) -> None:
    found = held(evidence)
    assert found.standing is Standing.NO_EVIDENCE
    assert found.text.startswith("no evidence: ")
    assert said in found.text
    assert found.source is None


@pytest.mark.parametrize(
    ("asked", "model", "said"),
    [
        ({}, AIM, "meets"),
        ({"aim_id": None, "model_ref": ModelRef.parse(AIM)}, AIM, "meets"),
        ({"model_ref": ModelRef.parse("acme/tuned")}, "acme/tuned", "meets"),
        ({}, "acme/other", "no evidence: its figures are of acme/other"),
        ({}, None, "no evidence: it does not say of which model"),
    ],
    ids=["this one", "by its name", "the weights", "another", "none"],
)
def test_a_general_profiles_figures_are_of_the_model_that_they_name(
    asked: dict[str, Any], model: str | None, said: str
) -> None:
    general: Profile = profile(
        "MI300X/fp16/8/latency/general", Origin.GENERAL, evidence=measured(points(n1=GOOD), model=model)
    )
    settings = Settings(**{"aim_id": AIM, "slo": parse_slo(BOTH), **asked})
    found = service_level(general, settings, 2)
    assert found is not None
    assert found.text.startswith(said)


@pytest.mark.parametrize(
    ("machine", "cores", "said"),
    [
        ("2 cores of an AMD EPYC, 24 GiB", 2, "meets"),
        ("2 cores of an AMD EPYC, 24 GiB", 64, "meets"),
        ("2 cores of an AMD EPYC, 24 GiB", 0, "meets"),
        ("an AMD EPYC", 2, "meets"),
        (
            "128 cores of 2 x AMD EPYC 9965",
            2,
            "no evidence: its figures are of 128 cores, and this machine has",
        ),
    ],
)
def test_figures_of_a_larger_cpu_do_not_count(machine: str, cores: int, said: str) -> None:
    assert held(measured(points(n1=GOOD), machine=machine), of="CPU/bf16/1", cores=cores).text.startswith(
        said
    )
