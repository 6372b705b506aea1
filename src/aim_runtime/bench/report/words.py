"""Numbers as the report says them."""

from __future__ import annotations

from aim_runtime.bench.sample import Measured
from aim_runtime.slo import Slo

NOTHING = "\N{EN DASH}"
TIMES = "\N{MULTIPLICATION SIGN}"
TITLES = {"ttft": "TTFT", "tpot": "TPOT", "itl": "ITL", "e2e": "End to end"}
MEANINGS = {
    "ttft": "time to first token",
    "tpot": "time per output token after the first, the mean of a request",
    "itl": "time between two chunks of an answer",
    "e2e": "from the request to its last token",
}


def number(value: float | None) -> str:
    """About three digits: 1,234 or 12.3 or 0.0123."""
    if value is None:
        return NOTHING
    if abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) >= 1:
        return f"{value:.3g}"
    return f"{value:.2g}" if value else "0"


def milliseconds(seconds: float | None) -> str:
    """Without the unit, as a column has it."""
    return NOTHING if seconds is None else number(seconds * 1000)


def duration(seconds: float | None) -> str:
    """With the unit that suits it."""
    if seconds is None:
        return NOTHING
    return f"{number(seconds)} s" if seconds >= 1 else f"{milliseconds(seconds)} ms"


def percentile(measured: Measured, figure: str, at: int) -> float | None:
    """`figure` (`ttft`) at a percentile, in seconds; None where there is none."""
    spread = getattr(measured, figure)
    return None if spread is None else float(getattr(spread, f"p{at}"))


def shape(measured: Measured) -> str:
    """The lengths that a point asks for."""
    return f"{measured.point.input_tokens} in / {measured.point.output_tokens} out"


def load(measured: Measured) -> float:
    """Requests under way at the same time, or that arrive in a second."""
    return measured.point.concurrency or measured.point.rate or 0.0


def load_order(measured: Measured) -> tuple[bool, float]:
    """Concurrencies before rates, the light before the heavy."""
    return measured.point.rate is not None, load(measured)


def load_label(measured: Measured) -> str:
    """As `8` or `2/s`."""
    return f"{load(measured):g}{'' if measured.point.rate is None else '/s'}"


def load_name(measured: Measured) -> str:
    """As `8 at a time` or `2/s`."""
    if measured.point.concurrency is not None:
        return f"{measured.point.concurrency} at a time"
    return f"{measured.point.rate:g}/s"


def failures(measured: Measured) -> str:
    """What kept a point from being whole, as `2 of 40 not answered: 2 x timeout`; or nothing."""
    if measured.ok:
        return ""
    known = sum(measured.errors.values())
    lost = measured.point.requests - len(measured.samples) - known
    kinds = [f"{count} {TIMES} {kind}" for kind, count in sorted(measured.errors.items())]
    kinds += [f"{lost} of which nothing is known"] if lost > 0 else []
    return f"{known + max(lost, 0)} of {measured.point.requests} not answered: {', '.join(kinds)}"


def broken(measured: Measured, slo: Slo) -> tuple[str, ...]:
    """What `slo` limits and a point exceeds (`TTFT p90`); a point that failed keeps no limit."""
    return tuple(
        f"{TITLES[each.figure]} p{each.percentile}"
        for each in slo.objectives
        if not measured.ok or (percentile(measured, each.figure, each.percentile) or 0) > each.limit_s
    )
