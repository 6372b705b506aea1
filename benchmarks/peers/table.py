"""The result of a run as a part of a page."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from peers.contenders import BASE

BEGIN, END = (
    "<!-- figures of benchmarks/serving.py: begin -->",
    "<!-- figures of benchmarks/serving.py: end -->",
)


@dataclass(frozen=True)
class Column:
    """A figure in the tables."""

    head: str
    unit: str
    figure: str
    digits: int = 0
    scale: float = 1.0

    def cell(self, value: float) -> str:
        return f"{value * self.scale:.{self.digits}f}"


COLUMNS = (
    Column("start to first token", "s", "start_to_first_token_s", 1),
    Column("1 client: TTFT", "ms", "clients_1_ttft_p50_s", 0, 1000),
    Column("1 client: TPOT", "ms", "clients_1_tpot_p50_s", 1, 1000),
    Column("8 clients: throughput", "tokens/s", "clients_8_tokens_per_s"),
    Column("32 clients: throughput", "tokens/s", "clients_32_tokens_per_s"),
    Column("32 clients: TTFT", "s", "clients_32_ttft_p50_s", 2),
    Column("peak memory", "MB", "peak_memory_bytes", 0, 1e-6),
)
TPOT = "clients_1_tpot_p50_s"


def render(result: Mapping[str, Any]) -> str:
    """The figures, their ratios, the roofline and what was measured, as Markdown."""
    return "\n\n".join(
        [_about(result), _figures(result), _ratios(result), _roofline(result), _commands(result)]
    )


def fill(page: Path, text: str) -> None:
    """Put a text between the page's two marks."""
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise SystemExit(f"{page.name} has no {BEGIN} with {END} after it")
    page.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")


def _about(result: Mapping[str, Any]) -> str:
    machine, versions = result["machine"], result["versions"]
    rounds = max(len(each["rounds"]) for each in result["contenders"])
    programs = ", ".join(f"{name} {version}" for name, version in versions.items())
    return (
        f"{result['date']}, {machine['cores']} cores of an {machine['cpu']}, {machine['memory_gib']} GiB; "
        f"{result['model']}; {result['output_tokens']} output tokens a request; {programs}. "
        f"Medians of {rounds} round{'s' * (rounds > 1)}."
    )


def _figures(result: Mapping[str, Any]) -> str:
    def cells(contender: Mapping[str, Any]) -> list[str]:
        runs = _runs(contender)
        if not runs:
            return ["failed"] + [""] * (len(COLUMNS) - 1)
        return [column.cell(statistics.median(run[column.figure] for run in runs)) for column in COLUMNS]

    return _table(["", *(f"{column.head}, {column.unit}" for column in COLUMNS)], result["contenders"], cells)


def _ratios(result: Mapping[str, Any]) -> str:
    base = next((each for each in result["contenders"] if each["name"] == BASE), None)
    if base is None or not _runs(base):
        return f"Without {BASE} in the run there are no ratios."

    def cells(contender: Mapping[str, Any]) -> list[str]:
        return [_ratio(contender["rounds"], base["rounds"], column.figure) for column in COLUMNS]

    others = [each for each in result["contenders"] if each is not base]
    heads = [f"relative to {BASE}", *(column.head for column in COLUMNS)]
    return _table(heads, others, cells)


def _ratio(runs: Sequence[Any], base: Sequence[Any], figure: str) -> str:
    """The median of the rounds' ratios, and their spread; a round counts where both were measured."""
    ratios = [run[figure] / its[figure] for run, its in zip(runs, base, strict=False) if run and its]
    if not ratios:
        return ""
    spread = f" ({min(ratios):.2f} to {max(ratios):.2f})" if len(ratios) > 1 else ""
    return f"{statistics.median(ratios):.2f}{spread}"


def _roofline(result: Mapping[str, Any]) -> str:
    memory = max(each["memory_bytes_per_s"] for each in result["bandwidth"])
    cache = max(each["level_3_bytes_per_s"] for each in result["bandwidth"])

    def cells(contender: Mapping[str, Any]) -> list[str]:
        ceiling = memory / contender["weight_bytes"]
        row = [contender["precision"], f"{contender['weight_bytes'] / 1e6:.0f}", f"{ceiling:.0f}"]
        runs = _runs(contender)
        if not runs:
            return [*row, "", ""]
        speed = 1 / statistics.median(run[TPOT] for run in runs)
        return [*row, f"{speed:.1f}", f"{speed / ceiling:.0%}"]

    heads = [
        "",
        "weights",
        "MB read a token",
        "ceiling, tokens/s",
        "1 client, tokens/s",
        "share of the ceiling",
    ]
    said = f"All cores together read {memory / 1e9:.1f} GB/s from memory, and {cache / 1e9:.1f} GB/s"
    return f"{said} from the last cache.\n\n" + _table(heads, result["contenders"], cells)


def _commands(result: Mapping[str, Any]) -> str:
    return "\n".join(f"- {each['name']}: `{each['command']}`" for each in result["contenders"])


def _runs(contender: Mapping[str, Any]) -> list[Mapping[str, float]]:
    return [run for run in contender["rounds"] if run]


def _table(
    heads: Sequence[str],
    contenders: Sequence[Mapping[str, Any]],
    cells: Callable[[Mapping[str, Any]], list[str]],
) -> str:
    rows = [heads, ["---"] * len(heads), *([each["name"], *cells(each)] for each in contenders)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
