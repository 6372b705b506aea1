"""Measure a service at points of load."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from aim_runtime.bench.progress import Progress
from aim_runtime.bench.sample import Measured
from aim_runtime.bench.workload import Point
from aim_runtime.service.target import Service

__all__ = ["Progress", "measure"]


def measure(
    service: Service,
    points: Sequence[Point],
    *,
    generator: str | None = None,
    tokenizer: Path | str | None = None,
    environment: Mapping[str, str],
    tell: Callable[[Progress], None] = lambda progress: None,
) -> list[Measured]:
    """Put the load of each point on `service`, one after the other.

    `generator` names the load generator, else the first that is installed; `tokenizer` is a folder or a
    hub's name, for prompts of exactly so many tokens; `environment` is what the generator inherits.
    A request that fails is counted in its point. Raises ToolMissing, BenchmarkFailed.
    """
    raise NotImplementedError
