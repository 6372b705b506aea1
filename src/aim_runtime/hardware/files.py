"""Reading the kernel's small files, whatever is in them: what cannot be read is None, never an error."""

from __future__ import annotations

from pathlib import Path

# The longest of them is a page; what is longer is not the kernel's.
_MOST_BYTES = 65536


def text(path: Path | str) -> str | None:
    """What the file says without the white space around it; None where it cannot be read."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - a third of the time of Path.read_text
            return file.read(_MOST_BYTES).decode("ascii", "replace").strip()
    except (OSError, ValueError):
        return None


def number(path: Path | str) -> int | None:
    """The file's one number, decimal or 0x hexadecimal; None for anything else."""
    return as_number(text(path) or "")


def as_number(word: str) -> int | None:
    """A number as the kernel writes it, not negative and of at most 64 bits."""
    digits = word[2:] if word[:2] in ("0x", "0X") else ""
    try:
        found = int(digits, 16) if digits else int(word) if word.isascii() and word.isdigit() else None
    except ValueError:
        return None
    return found if found is not None and 0 <= found < 1 << 64 else None


def properties(content: str) -> dict[str, int]:
    """The numbers of `name value` lines; other lines are left out."""
    found = {}
    for line in content.splitlines():
        name, _, value = line.partition(" ")
        parsed = as_number(value.strip())
        if name and parsed is not None:
            found[name] = parsed
    return found


def numbered(folder: Path) -> list[int] | None:
    """The entries of a folder whose names are numbers, in order; None where it cannot be listed."""
    try:
        names = [entry.name for entry in folder.iterdir()]
    except OSError:
        return None
    return sorted(int(name) for name in names if name.isascii() and name.isdigit() and len(name) < 10)
