"""What a service is asked while it is measured: points of load."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Point:
    """One load: so many requests of so many tokens, by clients that ask one after the other, or at a rate.

    `input_tokens` of a prompt, `output_tokens` of an answer (the end of text is ignored, so that all are
    equally long). Either `concurrency`, requests under way at the same time, or `rate`, requests a second
    that arrive at random times (Poisson).
    """

    input_tokens: int
    output_tokens: int
    requests: int
    concurrency: int | None = None
    rate: float | None = None

    def __post_init__(self) -> None:
        if (self.concurrency is None) == (self.rate is None):
            raise ValueError("a point has either a concurrency or a rate")
        if min(self.input_tokens, self.output_tokens, self.requests, self.concurrency or self.rate or 0) <= 0:
            raise ValueError("every number of a point is above 0")

    @property
    def name(self) -> str:
        """As `256/128 x 8` (8 at a time) or `256/128 at 2/s`."""
        load = f"x {self.concurrency}" if self.concurrency is not None else f"at {self.rate:g}/s"
        return f"{self.input_tokens}/{self.output_tokens} {load}"


@dataclass(frozen=True)
class Suite:
    """Points under a name."""

    name: str
    points: tuple[Point, ...]
