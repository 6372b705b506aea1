"""Measure a service at points of load."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from aim_runtime.bench.drive import drive
from aim_runtime.bench.generators import choose
from aim_runtime.bench.generators.failures import NOT_MEASURED, unmeasured
from aim_runtime.bench.generators.generator import Done, Generator, Job
from aim_runtime.bench.progress import Progress
from aim_runtime.bench.sample import Measured
from aim_runtime.bench.tokenizer import is_local, tokenizer_for
from aim_runtime.bench.warm import warm
from aim_runtime.bench.workload import Point
from aim_runtime.service.target import Service

__all__ = ["Progress", "measure", "measure_each"]

KEY = "VLLM_API_KEY"
# What a point may take, as in AMD's runtime 0.12.
POINT_WITHIN_S = 14400.0
_OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}


def measure(
    service: Service,
    points: Sequence[Point],
    *,
    generator: Generator | str | None = None,
    tokenizer: Path | str | None = None,
    environment: Mapping[str, str],
    tell: Callable[[Progress], None] = lambda progress: None,
) -> list[Measured]:
    """Put the load of each point on `service`, one after the other.

    `generator` is the load generator or its name, else the first that is installed; `tokenizer` is a folder
    or a hub's name, for prompts of exactly so many tokens, else the one that the service tells of;
    `environment` is what the generator inherits, with the service's key as VLLM_API_KEY. What fails is
    counted in its point. Raises ToolMissing, InvalidValue, MissingSetting.
    """
    return list(
        measure_each(
            service, points, generator=generator, tokenizer=tokenizer, environment=environment, tell=tell
        )
    )


def measure_each(
    service: Service,
    points: Sequence[Point],
    *,
    generator: Generator | str | None = None,
    tokenizer: Path | str | None = None,
    environment: Mapping[str, str],
    tell: Callable[[Progress], None] = lambda progress: None,
    within_s: float = POINT_WITHIN_S,
) -> Iterator[Measured]:
    """As `measure`, a point as soon as it is measured; each may take `within_s`."""
    chosen = choose(generator) if generator is None or isinstance(generator, str) else generator
    words = tokenizer_for(service, tokenizer, environment.get(KEY))
    for number, point in enumerate(points, 1):
        watch = _Watch(point, number, len(points), tell)
        yield _point(service, point, chosen, words, environment, watch, within_s)


def _point(
    service: Service,
    point: Point,
    generator: Generator,
    tokenizer: str,
    environment: Mapping[str, str],
    watch: _Watch,
    within_s: float,
) -> Measured:
    """One point; where no warm-up is answered, or the generator fails, all of its requests failed."""
    watch.seen(None)
    key = environment.get(KEY)
    failed = warm(service, point, key, within_s)
    if failed:
        return unmeasured(point, *failed)
    # The key has the name that each generator looks for, and our own settings are none of its business.
    inherited = {name: value for name, value in environment.items() if not name.startswith("GUIDELLM__")}
    told = {**inherited, **(_OFFLINE if is_local(tokenizer) else {}), **generator.environment(key)}
    with tempfile.TemporaryDirectory(prefix="aim-benchmark-") as folder:
        # Prompts that were not asked before: a service that is measured twice would know their prefixes.
        job = Job(service, point, tokenizer, Path(folder), random.randrange(1 << 31))
        ended = drive(generator, job, told, watch.seen, within_s)
        if ended.exit_code is None:
            return unmeasured(point, "timeout", f"not done after {within_s:g} s")
        try:
            return generator.read(job)
        except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
            said = ended.lines[-1] if ended.lines else str(error)
            return unmeasured(
                point, NOT_MEASURED, f"{generator.name} ended with {ended.exit_code}: {said}"[:300]
            )


class _Watch:
    """Tells how far a point is. Its time begins with its load, not with what a generator imports."""

    def __init__(self, point: Point, number: int, points: int, tell: Callable[[Progress], None]) -> None:
        self._point, self._number, self._points, self._tell = point, number, points, tell
        self._began: float | None = None

    def seen(self, done: Done | None) -> None:
        now = time.monotonic()
        if done and self._began is None:
            self._began = now
        ended, failed = (done.ended, done.failed) if done else (0, 0)
        self._tell(
            Progress(
                self._point,
                self._number,
                self._points,
                ended - failed,
                failed,
                now - (self._began or now),
                warming=self._began is None,
            )
        )
