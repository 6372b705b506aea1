"""When requests arrive, and how long they are: made from a rate by a seeded generator, or recorded."""

from __future__ import annotations

import csv
import math
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

HOUR_S, DAY_S = 3600.0, 86400.0


@dataclass(frozen=True)
class Request:
    """One request; `arrives_s` counts from the beginning of the pattern."""

    arrives_s: float
    input_tokens: int
    output_tokens: int


@dataclass(frozen=True)
class Pattern:
    """A rate over time, in what one full replica answers: 1.5 keeps one and a half replicas busy."""

    name: str
    length_s: float
    peak: float
    load: Callable[[float], float]

    def requests(self, per_replica: float, input_tokens: int, output_tokens: int, seed: int) -> list[Request]:
        """Poisson arrivals at `load` times `per_replica` requests a second.

        Output lengths are exponential with the mean `output_tokens`, at least one token.
        """
        chance = random.Random(seed)
        made = []
        for at in _thinned(self.load, self.peak, per_replica, self.length_s, chance):
            length = max(1, math.ceil(chance.expovariate(1 / output_tokens)))
            made.append(Request(at, input_tokens, length))
        return made


def _thinned(
    load: Callable[[float], float], peak: float, scale: float, length_s: float, chance: random.Random
) -> Iterator[float]:
    """Arrivals at a rate that changes: those at the highest rate, each kept by its chance (thinning)."""
    at = 0.0
    while (at := at + chance.expovariate(peak * scale)) < length_s:
        if chance.random() * peak < load(at):
            yield at


def _step(at: float) -> float:
    return 0.5 if at < STEP_S else 2.5


def _wave(at: float) -> float:
    return 1.5 - 1.2 * math.cos(2 * math.pi * at / DAY_S)


def _bursts(at: float) -> float:
    return 3.0 if 600 <= at % HOUR_S < 1200 else 0.3


STEP_S = 1200.0
# Invented, all four: which rates there are is said in `load`, in replicas.
STEADY = Pattern("steady", 2 * HOUR_S, 1.5, lambda at: 1.5)
STEP = Pattern("step", 2 * HOUR_S, 2.5, _step)
WAVE = Pattern("daily wave", DAY_S, 2.7, _wave)
BURSTS = Pattern("bursts", 3 * HOUR_S, 3.0, _bursts)
PATTERNS = (STEADY, STEP, WAVE, BURSTS)


def recorded(path: Path) -> list[Request]:
    """Read arrivals from a CSV: our columns, or those of Azure's LLM inference traces.

    Ours: arrived_s, input_tokens, output_tokens. Azure's: TIMESTAMP, ContextTokens, GeneratedTokens.
    Raises ValueError, with the line, for what cannot be read.
    """
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        read = _reader(path, reader.fieldnames or ())
        found = []
        for row in reader:
            try:
                found.append(read(row))
            except (TypeError, ValueError) as error:
                raise ValueError(f"{path.name}:{reader.line_num}: {error}") from error
    if not found:
        raise ValueError(f"{path.name}: no arrivals")
    return from_the_first(found)


def _reader(path: Path, columns: Iterable[str]) -> Callable[[dict[str, str]], Request]:
    if {"arrived_s", "input_tokens", "output_tokens"} <= set(columns):
        return _ours
    if {"TIMESTAMP", "ContextTokens", "GeneratedTokens"} <= set(columns):
        return _azures
    raise ValueError(f"{path.name}:1: no columns arrived_s, input_tokens, output_tokens")


def _ours(row: dict[str, str]) -> Request:
    return Request(float(row["arrived_s"]), int(row["input_tokens"]), max(1, int(row["output_tokens"])))


def _azures(row: dict[str, str]) -> Request:
    # Seven digits of a second, which fromisoformat reads from Python 3.11 on as six.
    at = datetime.fromisoformat(row["TIMESTAMP"]).timestamp()
    return Request(at, int(row["ContextTokens"]), max(1, int(row["GeneratedTokens"])))


def from_the_first(requests: Iterable[Request]) -> list[Request]:
    """The same requests in order, counted from the first of them."""
    ordered = sorted(requests, key=lambda each: each.arrives_s)
    first = ordered[0].arrives_s
    return [Request(each.arrives_s - first, each.input_tokens, each.output_tokens) for each in ordered]
