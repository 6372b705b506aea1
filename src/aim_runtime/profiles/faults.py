"""What is wrong with a file of the catalogue: each fault with its place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong; line and column count from 1, and are None where the whole file is meant."""

    line: int | None
    column: int | None
    text: str

    def __str__(self) -> str:
        if self.line is None:
            return self.text
        column = "" if self.column is None else f", column {self.column}"
        return f"line {self.line}{column}: {self.text}"

    @property
    def place(self) -> tuple[bool, int, int, str]:
        """Sort key: the order in which one reads the file, what is about the whole of it last."""
        return (self.line is None, self.line or 0, self.column or 0, self.text)


@dataclass(frozen=True)
class Broken:
    """A file that cannot be used, with everything that is wrong with it."""

    faults: tuple[Fault, ...]

    @property
    def reason(self) -> str:
        """Every fault, in one line."""
        return "; ".join(map(str, self.faults))


def whole_file(text: str) -> Broken:
    """A fault that has no place in the file."""
    return Broken((Fault(None, None, text),))
