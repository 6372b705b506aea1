"""What a load generator is: a program of somebody else, started once a point, whose report is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from aim_runtime.bench.sample import Measured
from aim_runtime.bench.workload import Point
from aim_runtime.service.target import Service


@dataclass(frozen=True)
class Job:
    """One point to put on a service. `folder` is the generator's own, `seed` what its prompts come from."""

    service: Service
    point: Point
    tokenizer: str
    folder: Path
    seed: int

    @property
    def report(self) -> Path:
        return self.folder / "report.json"


@dataclass(frozen=True)
class Done:
    """So many requests have ended, of which so many failed, as far as the generator tells."""

    ended: int
    failed: int = 0


class Generator(Protocol):
    """A program that puts the load of a job on its service and writes its report."""

    @property
    def name(self) -> str: ...

    def installed(self) -> bool:
        """Whether this Python can run it."""
        ...

    def command(self, job: Job) -> list[str]:
        """The command that does the job; it holds no secret, since others can read it."""
        ...

    def environment(self, key: str | None) -> Mapping[str, str]:
        """What it is told by its environment: the key of the service among others."""
        ...

    def done(self, line: str) -> Done | None:
        """How far it is, where a line of its output tells that."""
        ...

    def read(self, job: Job) -> Measured:
        """What its report says. Raises OSError, ValueError, KeyError, TypeError for one that is not whole."""
        ...
