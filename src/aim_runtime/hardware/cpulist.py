"""Lists of CPUs as the kernel writes them: 0-3,8,10-11."""

from __future__ import annotations

from collections.abc import Iterable

# The most that a kernel can be built for is 8192; a damaged file must not ask for memory.
_MOST = 8192


def parse(listed: str) -> tuple[int, ...]:
    """The numbers of a list, in order; a part that is not one is left out."""
    found: set[int] = set()
    for part in listed.split(","):
        first, _, last = part.strip().partition("-")
        last = last or first
        if not (first.isascii() and first.isdigit() and last.isascii() and last.isdigit()):
            continue
        if len(last) <= 5 and len(first) <= 5 and int(last) < _MOST:
            found.update(range(int(first), int(last) + 1))
    return tuple(sorted(found))


def spaced(numbers: Iterable[int]) -> str:
    """The same for people: 0-3, 8."""
    return written(numbers).replace(",", ", ")


def written(numbers: Iterable[int]) -> str:
    """The numbers as a list: 0-3,8."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
