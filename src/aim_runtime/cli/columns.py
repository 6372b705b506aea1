"""Lines of cells as columns, in a pipe and on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def columns(lines: Sequence[Sequence[str]], right: Iterable[int] = ()) -> list[str]:
    """Lines of cells as columns with two spaces between them; those in `right` have their ends in line."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    aligned = "  ".join(
        f"{{:{'>' if number in right else '<'}{width}}}" for number, width in enumerate(widths)
    )
    return [aligned.format(*line).rstrip() for line in lines]
