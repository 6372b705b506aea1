"""Recorded arrivals: what is read, and what is refused with its line."""

from __future__ import annotations

from pathlib import Path

import pytest
from autoscaling.arrivals import Request, recorded
from autoscaling.curve import measured

OURS = "arrived_s,input_tokens,output_tokens\n10,100,50\n12.5,100,70\n11,80,0\n"
AZURES = """TIMESTAMP,ContextTokens,GeneratedTokens
2023-11-16 18:17:03.9799600,4808,10
2023-11-16 18:17:04.0319600,3180,8
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "recorded.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_ours_are_put_in_order_and_counted_from_the_first(tmp_path: Path) -> None:
    found = recorded(written(tmp_path, OURS))
    assert found == [Request(0, 100, 50), Request(1, 80, 1), Request(2.5, 100, 70)]


def test_those_of_azure_are_read_as_they_are(tmp_path: Path) -> None:
    first, second = recorded(written(tmp_path, AZURES))
    assert first == Request(0, 4808, 10)
    assert (second.arrives_s, second.output_tokens) == (pytest.approx(0.052, abs=1e-5), 8)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n", "recorded.csv:1: no columns arrived_s, input_tokens, output_tokens"),
        ("", "recorded.csv:1: no columns"),
        (OURS + "soon,1,1\n", "recorded.csv:5: could not convert string to float: 'soon'"),
        (OURS + "7,1\n", "recorded.csv:5: "),
        ("arrived_s,input_tokens,output_tokens\n", "recorded.csv: no arrivals"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ValueError, match=r"recorded\.csv") as raised:
        recorded(written(tmp_path, text))
    assert str(raised.value).startswith(said)


def test_the_curve_of_evidence() -> None:
    figures = {"clients_8_tokens_per_s": 200.0, "clients_1_tokens_per_s": 50.0, "clients_1_ttft_p50_s": 0.1}
    curve = measured(figures)
    assert [curve.rate(n) for n in (0, 1, 8, 9)] == [0, 50, 200, 200]
    assert curve.rate(4) == pytest.approx(50 + 150 * 3 / 7)
    with pytest.raises(ValueError, match="clients_N_tokens_per_s"):
        measured({"start_to_ready_s": 29.0})
