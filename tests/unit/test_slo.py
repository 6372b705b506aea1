"""Service level objectives are read, or refused with what is wrong."""

from __future__ import annotations

import pytest

from aim_runtime.slo import Objective, Slo, parse_slo


def test_terms_become_limits_in_seconds() -> None:
    text = "ttft_p90_ms<=500, tpot_p50_ms <= 62.5,clients>=8"
    slo = parse_slo(text)
    assert slo == Slo((Objective("ttft", 90, 0.5), Objective("tpot", 50, 0.0625)), 8)
    assert slo.text == "ttft_p90_ms<=500,tpot_p50_ms<=62.5,clients>=8"
    assert [each.key for each in slo.objectives] == ["ttft_p90_s", "tpot_p50_s"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty term"),
        ("fast", "fast is not NAME<=NUMBER"),
        ("ttft_p90<=500", r"ttft_p90 is not a figure; did you mean ttft_p90_ms\?"),
        ("ttft_p90_ms>=500", "takes <="),
        ("ttft_p90_ms<500", "takes <="),
        ("clients<=8,ttft_p90_ms<=1", "takes >="),
        ("ttft_p90_ms<=0", "not a number above 0"),
        ("ttft_p90_ms<=fast", "not a number above 0"),
        ("clients>=1.5,ttft_p90_ms<=1", "not a number above 0"),
        ("ttft_p90_ms<=1,ttft_p90_ms<=2", "limited twice"),
        ("clients>=8", "no latency"),
        ("ttft_p90_ms<=1,", "empty term"),
    ],
)
def test_what_is_wrong_is_said(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_slo(text)
