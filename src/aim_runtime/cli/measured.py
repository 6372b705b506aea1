"""A benchmark for a person, as a table, and for machines, in the shape of AMD's runtime 0.12."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aim_runtime.bench.figures import figures
from aim_runtime.bench.generators.failures import fix_of
from aim_runtime.bench.result import Benchmark
from aim_runtime.bench.sample import Measured, Spread
from aim_runtime.cli.columns import columns
from aim_runtime.errors import BenchmarkFailed

_HEAD = (
    *("Point", "Requests", "Requests/s", "Tokens/s", "TTFT ms p50", "p90", "p99"),
    *("TPOT ms p50", "p90", "p99", "ITL ms p99", "E2E s p90"),
)


def table(benchmark: Benchmark, _files: Sequence[Path]) -> str:
    """A line a point, its latencies in milliseconds; goodput where there are objectives."""
    goodput = ("Goodput/s",) if benchmark.slo else ()
    lines = [(*_HEAD, *goodput), *(_line(each, benchmark) for each in benchmark.points)]
    return "\n".join(columns(lines, right=range(1, len(lines[0]))))


def _line(measured: Measured, benchmark: Benchmark) -> tuple[str, ...]:
    asked, answered = measured.point.requests, len(measured.samples)
    goodput = (f"{measured.goodput(benchmark.slo):.2f}",) if benchmark.slo else ()
    return (
        measured.point.name,
        str(asked) if measured.ok else f"{answered} of {asked}",
        f"{measured.requests_per_s:.2f}",
        f"{measured.output_tokens_per_s:.1f}",
        *_ms(measured.ttft),
        *_ms(measured.tpot),
        _ms(measured.itl)[-1],
        f"{measured.e2e.p90:.2f}" if measured.e2e else "-",
        *goodput,
    )


def _ms(spread: Spread | None) -> tuple[str, str, str]:
    if spread is None:
        return ("-", "-", "-")
    p50, p90, p99 = (f"{value * 1000:.1f}" for value in (spread.p50, spread.p90, spread.p99))
    return p50, p90, p99


def as_json(benchmark: Benchmark, files: Sequence[Path]) -> str:
    return json.dumps(_object(benchmark, files), indent=2, ensure_ascii=False)


def as_line(benchmark: Benchmark, files: Sequence[Path]) -> str:
    """The same in one line."""
    return json.dumps(_object(benchmark, files), ensure_ascii=False)


FORMATS = {"table": table, "json": as_json, "ci": as_line}


def _object(benchmark: Benchmark, files: Sequence[Path]) -> dict[str, Any]:
    return {
        "success": benchmark.ok,
        "summary": summary(benchmark.points),
        "checks": [
            {
                "name": each.point.name,
                "result_type": "pass_fail",
                "success": each.ok,
                "value": None,
                "detail": ", ".join(_errors(each)),
                "warnings": [],
                "skipped": False,
                "gating": True,
            }
            for each in benchmark.points
        ],
        "metrics": {each.point.name: figures(each, benchmark.slo) for each in benchmark.points},
        "artifacts": list(map(str, files)),
    }


def summary(points: Sequence[Measured]) -> str:
    """How many points succeeded, and what went wrong with the others."""
    failed = [each for each in points if not each.ok]
    if not failed:
        return f"all {len(points)} points succeeded"
    named = "; ".join(f"{each.point.name}: {', '.join(_errors(each))}" for each in failed)
    return f"{len(failed)} of {len(points)} points failed: {named}"


def failure(points: Sequence[Measured], log: Path | None) -> BenchmarkFailed:
    """The error of points that failed, with what to do about their commonest one."""
    kinds: dict[str, int] = {}
    for each in points:
        for kind, count in each.errors.items():
            kinds[kind] = kinds.get(kind, 0) + count
    commonest = max(kinds, key=lambda kind: kinds[kind])
    said = {f"{kind}: {reason}": None for each in points for kind, reason in each.reasons.items()}
    where = f"; the log of the service: {log}" if log else ""
    return BenchmarkFailed(summary(points), hint=fix_of(commonest) + where, details=tuple(said))


def _errors(measured: Measured) -> list[str]:
    return [f"{count} of {measured.point.requests} {kind}" for kind, count in measured.errors.items()]
