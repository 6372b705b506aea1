"""What is in a cache, as values: models, what is on its way to become one, and what was left behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from aim_runtime.models.layouts import Layout

# (device, inode): a file that two names lead to takes its room once.
Files = Mapping[tuple[int, int], int]


@dataclass(frozen=True)
class Entry:
    """One model in one place; `faults` keep it from being served, and none is there when it is whole.

    `ours` is False in the user's own Hugging Face cache, which is read and never changed. `used_s` is the
    time of the last use, in seconds since the epoch; `files` are the sizes in bytes of what it consists of.
    """

    model_id: str
    layout: Layout
    path: Path
    faults: tuple[str, ...]
    source: str | None = None
    revision: str | None = None
    refs: tuple[str, ...] = ()
    used_s: float | None = None
    ours: bool = True
    files: Files = field(default_factory=dict)

    @property
    def size_bytes(self) -> int:
        return sum(self.files.values())


class Kind(StrEnum):
    """What is not a model: a fetch under way or broken off, a replaced copy, a file that nothing reads,
    and what an engine has compiled."""

    STAGING = "staging"
    TRASH = "trash"
    ORPHAN = "orphan"
    COMPILED = "compiled"


@dataclass(frozen=True)
class Fetching:
    """Who fetches a model now; empty or None where the file that says so does not tell."""

    host: str = ""
    pid: int | None = None
    started: str = ""

    def __str__(self) -> str:
        where = f" on {self.host}" if self.host else ""
        since = f" since {self.started}" if self.started else ""
        return (f"process {self.pid}{where}" if self.pid else f"another process{where}") + since


@dataclass(frozen=True)
class Leftover:
    """`done_bytes` of `expected_bytes` have arrived, for staging; `changed_s` is when it changed last."""

    kind: Kind
    path: Path
    size_bytes: int
    changed_s: float
    model_id: str | None = None
    done_bytes: int = 0
    expected_bytes: int | None = None
    fetching: Fetching | None = None


@dataclass(frozen=True)
class Inventory:
    """All of a cache at one moment; `free_bytes` is None where the file system does not tell."""

    root: Path
    models: tuple[Entry, ...]
    leftovers: tuple[Leftover, ...]
    free_bytes: int | None

    @property
    def ours(self) -> tuple[Entry, ...]:
        return tuple(entry for entry in self.models if entry.ours)

    @property
    def models_bytes(self) -> int:
        """The room that the models of this cache take."""
        files = {file: size for entry in self.ours for file, size in entry.files.items()}
        return sum(files.values())

    @property
    def leftover_bytes(self) -> int:
        """The room that is taken by what is of no use, or not yet."""
        return sum(each.size_bytes for each in self.leftovers if each.kind is not Kind.COMPILED)

    @property
    def compiled_bytes(self) -> int:
        return sum(each.size_bytes for each in self.leftovers if each.kind is Kind.COMPILED)
