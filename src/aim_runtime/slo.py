"""Service level objectives: `ttft_p90_ms<=500,tpot_p90_ms<=50` as a value."""

from __future__ import annotations

import re
from dataclasses import dataclass

from aim_runtime.errors import did_you_mean

# ttft: time to first token; tpot: time per output token after the first, the mean of a request; itl: the time
# between two tokens (inter-token latency); e2e: from the request to its last token.
FIGURES = ("ttft", "tpot", "itl", "e2e")
PERCENTILES = (50, 90, 99)
CLIENTS = "clients"
_NAMES = tuple(f"{figure}_p{percentile}_ms" for figure in FIGURES for percentile in PERCENTILES)
_TERM = re.compile(r"\s*([^<>=\s]+)\s*(<=|>=|<|>|=)\s*(\S+)\s*")
_NUMBER = re.compile(r"\d+(\.\d+)?")


@dataclass(frozen=True)
class Objective:
    """A limit on a percentile of a latency, in seconds."""

    figure: str
    percentile: int
    limit_s: float

    @property
    def key(self) -> str:
        """How evidence names the figure that it limits: `ttft_p90_s`."""
        return f"{self.figure}_p{self.percentile}_s"

    @property
    def text(self) -> str:
        return f"{self.figure}_p{self.percentile}_ms<={self.limit_s * 1000:g}"


@dataclass(frozen=True)
class Slo:
    """Objectives that hold together; with `clients` asking at the same time, where that is said."""

    objectives: tuple[Objective, ...]
    clients: int | None = None

    @property
    def text(self) -> str:
        clients = () if self.clients is None else (f"{CLIENTS}>={self.clients}",)
        return ",".join([*(each.text for each in self.objectives), *clients])


def parse_slo(text: str) -> Slo:
    """Read `figure_pNN_ms<=LIMIT` terms and `clients>=N`, parted by commas.

    Raises ValueError with what is wrong.
    """
    objectives: dict[str, Objective] = {}
    clients: int | None = None
    for term in text.split(","):
        found = _TERM.fullmatch(term)
        if not found:
            raise ValueError(f"{term.strip() or 'an empty term'} is not NAME<=NUMBER")
        name, sign, number = found.groups()
        if name != CLIENTS and name not in _NAMES:
            raise ValueError(f"{name} is not a figure{did_you_mean(name, (*_NAMES, CLIENTS))}")
        wanted = ">=" if name == CLIENTS else "<="
        if sign != wanted:
            raise ValueError(f"{name} takes {wanted}, not {sign}")
        if not _NUMBER.fullmatch(number) or not float(number) or (name == CLIENTS and "." in number):
            raise ValueError(f"{name}{sign}{number}: not a number above 0")
        if name in objectives or (name == CLIENTS and clients is not None):
            raise ValueError(f"{name} is limited twice")
        if name == CLIENTS:
            clients = int(number)
        else:
            figure, percentile, _ = name.split("_")
            objectives[name] = Objective(figure, int(percentile[1:]), float(number) / 1000)
    if not objectives:
        raise ValueError("no latency is limited")
    return Slo(tuple(objectives.values()), clients)
