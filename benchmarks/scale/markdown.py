"""Tables as Markdown, and a page whose marked parts they fill."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines)


def marks(part: str) -> tuple[str, str]:
    return f"<!-- benchmarks/scaling.py {part}: begin -->", f"<!-- benchmarks/scaling.py {part}: end -->"


def filled(page: str, parts: Mapping[str, str]) -> str:
    """The page with each part's text between its marks; raises ValueError where a mark is missing."""
    for part, text in parts.items():
        begin, end = marks(part)
        before, found, rest = page.partition(begin)
        _, ended, after = rest.partition(end)
        if not (found and ended):
            raise ValueError(f"no {begin} with {end} after it")
        page = f"{before}{begin}\n\n{text}\n\n{end}{after}"
    return page


def seconds(value: float) -> str:
    """Two or three digits, in the unit that a person would take."""
    if value == 0:
        return "0"
    if value < 1:
        return f"{value * 1000:.3g} ms"
    if value < 120:
        return f"{value:.3g} s"
    return f"{value / 60:.0f} min" if value < 7200 else f"{value / 3600:.1f} h"


def size(value: float) -> str:
    if value >= 1e12:
        return f"{value / 1e12:.4g} TB"
    if value >= 1e9:
        return f"{value / 1e9:.3g} GB"
    return f"{value / 1e6:.3g} MB" if value >= 1e6 else f"{value / 1e3:.3g} KB"
