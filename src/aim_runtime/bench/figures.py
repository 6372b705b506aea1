"""The figures of a measured point by their names, in the order in which tables and files have them."""

from __future__ import annotations

from collections.abc import Iterator

from aim_runtime.bench.sample import Measured
from aim_runtime.slo import Slo

LATENCIES = ("ttft", "tpot", "itl", "e2e")
STATISTICS = ("mean", "p50", "p90", "p99")


def figures(measured: Measured, slo: Slo | None = None) -> dict[str, float | None]:
    """Figure to value, named as in a profile's evidence (`ttft_p90_s`); None where there is none to have."""
    found: dict[str, float | None] = {
        "requests_per_s": measured.requests_per_s,
        "tokens_per_s": measured.output_tokens_per_s,
        "total_tokens_per_s": measured.total_tokens_per_s,
    }
    if slo is not None:
        found["goodput_per_s"] = measured.goodput(slo)
    return found | dict(_latencies(measured))


def _latencies(measured: Measured) -> Iterator[tuple[str, float | None]]:
    spreads = (measured.ttft, measured.tpot, measured.itl, measured.e2e)
    for name, spread in zip(LATENCIES, spreads, strict=True):
        for statistic in STATISTICS:
            yield f"{name}_{statistic}_s", None if spread is None else getattr(spread, statistic)
