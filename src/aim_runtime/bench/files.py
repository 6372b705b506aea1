"""The files of a benchmark's results."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from aim_runtime.bench.result import Benchmark, to_csv, to_json
from aim_runtime.errors import FileNotWritable


def _json(benchmark: Benchmark) -> str:
    return json.dumps(to_json(benchmark), ensure_ascii=False, separators=(",", ":")) + "\n"


# The names of AMD's runtime 0.12.
WRITERS: dict[str, Callable[[Benchmark], str]] = {
    "benchmark_results.json": _json,
    "benchmark_results.csv": to_csv,
}
REPORT = "benchmark_report.html"
SERVICE_LOG = "benchmark_service.log"


def prepare(folder: Path) -> Path:
    """The folder, made where it is not there. Raises FileNotWritable before hours of measuring, not after."""
    probe = folder / ".aim-benchmark"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise FileNotWritable(
            f"{folder} cannot be written: {error.strerror}", hint="say --output-dir"
        ) from error
    return folder


def write(benchmark: Benchmark, folder: Path, hide: Callable[[str], str] = str) -> list[Path]:
    """Write every file and return their paths; `hide` takes secrets out of a text. Raises FileNotWritable."""
    return [_write(folder / name, hide(text_of(benchmark))) for name, text_of in WRITERS.items()]


def write_report(benchmark: Benchmark, folder: Path, hide: Callable[[str], str] = str) -> Path:
    """Write the page with the plots. Raises FileNotWritable, and ToolMissing where nothing can draw."""
    from aim_runtime.bench.report import report

    return _write(folder / REPORT, hide(report([benchmark])))


def _write(path: Path, text: str) -> Path:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise FileNotWritable(f"{path} cannot be written: {error.strerror}") from error
    return path
