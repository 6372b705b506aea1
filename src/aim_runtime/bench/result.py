"""What a benchmark found, as a value and as JSON and CSV; the JSON can be read back without loss."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from aim_runtime.bench.figures import figures
from aim_runtime.bench.sample import Measured, Sample
from aim_runtime.bench.workload import Point
from aim_runtime.slo import Slo, parse_slo

FORMAT = "aim-runtime/benchmark/1"


@dataclass(frozen=True)
class Benchmark:
    """Measured points of one service, and what was measured: None where it is not known.

    `service` is the URL, `date` as ISO 8601 has it, `started_s` from the start of the service until it was
    ready, where the benchmark started it.
    """

    service: str
    model: str
    profile_id: str | None
    engine: str | None
    machine: str
    date: str
    suite: str
    generator: str
    points: tuple[Measured, ...]
    started_s: float | None = None
    slo: Slo | None = None

    @property
    def ok(self) -> bool:
        return all(each.ok for each in self.points)


def to_json(benchmark: Benchmark) -> dict[str, Any]:
    """The benchmark as JSON has it: `figures` are for the reader, everything else is read back."""
    about = {name: value for name, value in vars(benchmark).items() if name not in ("points", "slo")}
    return {
        "format": FORMAT,
        "success": benchmark.ok,
        **about,
        "slo": None if benchmark.slo is None else benchmark.slo.text,
        "points": [_point(each, benchmark.slo) for each in benchmark.points],
    }


def from_json(read: Mapping[str, Any]) -> Benchmark:
    """The benchmark that `to_json` wrote. Raises ValueError for anything else."""
    if not isinstance(read, Mapping) or read.get("format") != FORMAT:
        raise ValueError(f"not a benchmark: its format is not {FORMAT}")
    try:
        about = {name: read[name] for name in Benchmark.__dataclass_fields__ if name not in ("points", "slo")}
        slo = None if read["slo"] is None else parse_slo(read["slo"])
        return Benchmark(points=tuple(map(_measured, read["points"])), slo=slo, **about)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a whole benchmark: {type(error).__name__} {error}") from error


def to_csv(benchmark: Benchmark) -> str:
    """One line a point: what was measured, the load, the figures in seconds and in counts a second."""
    rows = [_row(each, benchmark) for each in benchmark.points]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _point(measured: Measured, slo: Slo | None) -> dict[str, Any]:
    return {
        "name": measured.point.name,
        "success": measured.ok,
        "point": asdict(measured.point),
        "seconds": measured.seconds,
        "completed": len(measured.samples),
        "errors": dict(measured.errors),
        "reasons": dict(measured.reasons),
        "figures": figures(measured, slo),
        "samples": [vars(each) | {"itl_s": list(each.itl_s)} for each in measured.samples],
    }


def _measured(read: Mapping[str, Any]) -> Measured:
    samples = (Sample(**(each | {"itl_s": tuple(each["itl_s"])})) for each in read["samples"])
    point, errors, reasons = Point(**read["point"]), dict(read["errors"]), dict(read["reasons"])
    return Measured(point, float(read["seconds"]), tuple(samples), errors, reasons)


def _row(measured: Measured, benchmark: Benchmark) -> dict[str, Any]:
    return {
        "model": benchmark.model,
        "profile_id": benchmark.profile_id,
        "engine": benchmark.engine,
        "suite": benchmark.suite,
        "generator": benchmark.generator,
        "date": benchmark.date,
        **asdict(measured.point),
        "success": str(measured.ok).lower(),
        "completed": len(measured.samples),
        "failed": sum(measured.errors.values()),
        "seconds": measured.seconds,
        **figures(measured, benchmark.slo),
    }
