"""Does a profile keep a service level: its evidence, held against `AIM_SLO`. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aim_runtime.profiles.profile import Evidence, Profile
from aim_runtime.settings import Settings
from aim_runtime.slo import PERCENTILES, Objective, Slo
from aim_runtime.vocabulary import AcceleratorType, Standing

# How evidence names a figure that was seen with so many clients at the same time.
FIGURE = re.compile(r"clients_([1-9]\d*)_(.+)")
TOKENS = "tokens_per_s"
_CORES = re.compile(r"(\d+) cores?\b")
_DIGITS = 9  # limits come as milliseconds: 301.8 / 1000 need not be the number that 0.3018 is


@dataclass(frozen=True)
class Miss:
    """A figure beyond its limit, and how many clients asked when it was seen."""

    objective: Objective
    value_s: float
    clients: int

    @property
    def factor(self) -> float:
        """How many times the limit it is."""
        return self.value_s / self.objective.limit_s

    @property
    def text(self) -> str:
        figure = f"{self.objective.figure}_p{self.objective.percentile}_ms"
        limit = f"{self.objective.limit_s * 1000:g}"
        return f"{figure} {self.value_s * 1000:g} > {limit} at {counted(self.clients)}"


@dataclass(frozen=True)
class ServiceLevel:
    """What a profile's evidence says of the service level that was asked for.

    Where it is kept, `clients` are the most at which it is, `tokens_per_s` what all of them get together,
    where that is known. `source` and `machine` are those of the figures, None where none count.
    """

    standing: Standing
    text: str
    clients: int | None = None
    tokens_per_s: float | None = None
    miss: Miss | None = None
    source: str | None = None
    machine: str | None = None

    def as_object(self) -> dict[str, Any]:
        """Plain values; docs/reference/explain.md has every key."""
        miss = self.miss
        return {
            "standing": str(self.standing),
            "text": self.text,
            "clients": self.clients,
            "tokens_per_s": self.tokens_per_s,
            "missed": {
                "objective": miss.objective.text,
                "value_ms": round(miss.value_s * 1000, 6),
                "clients": miss.clients,
            }
            if miss
            else None,
            "source": self.source,
            "machine": self.machine,
        }


def service_level(profile: Profile, settings: Settings, cores: int) -> ServiceLevel | None:
    """Hold a profile's evidence against the service level; None where none was asked for.

    `cores` of this machine, 0 for "not known".
    """
    slo, evidence = settings.slo, profile.content.evidence
    if slo is None:
        return None
    if evidence is None:
        return _unknown("its file has none")
    reason = _without_figures(evidence) or _elsewhere(evidence, profile, settings, cores)
    return _unknown(reason) if reason else _held(slo, evidence)


def counted(clients: int) -> str:
    return f"{clients} client{'s' if clients != 1 else ''}"


def _unknown(reason: str) -> ServiceLevel:
    return ServiceLevel(Standing.NO_EVIDENCE, f"no evidence: {reason}")


def _without_figures(evidence: Evidence) -> str:
    """Why there is nothing to compare; empty where there is."""
    if evidence.source == "derived":
        return "its settings are computed, nobody measured them"
    return "" if evidence.figures else f"no figures were published with it ({evidence.release})"


def _elsewhere(evidence: Evidence, profile: Profile, settings: Settings, cores: int) -> str:
    """Why the figures say nothing of this model on this machine, as far as words can tell; else empty."""
    content, machine = profile.content, evidence.machine or ""
    asked = settings.model_ref.model_id if settings.model_ref else None
    of = evidence.model or content.model_id
    if of is None:
        return "it does not say of which model"
    if of not in (settings.aim, asked, content.aim_id, content.model_id):
        return f"its figures are of {of}, another model"
    metadata = content.metadata
    if metadata.accelerator_type is AcceleratorType.GPU:
        named = _plain(metadata.accelerator_model) in _plain(machine)
        return "" if named else f"its figures are of {machine}, which names no {metadata.accelerator_model}"
    found = _CORES.search(machine)
    if found and cores and int(found[1]) > cores:
        return f"its figures are of {found[1]} cores, and this machine has {cores}"
    return ""


def _plain(text: str) -> str:
    return re.sub(r"[\W_]", "", text).casefold()


def _held(slo: Slo, evidence: Evidence) -> ServiceLevel:
    """By the points from the fewest clients upwards: how far it holds, or else where it does not."""
    points = _points(evidence.figures)
    counting = {clients: points[clients] for clients in sorted(points) if clients >= (slo.clients or 1)}
    if not counting:
        least = f" with {counted(slo.clients)} or more" if slo.clients else ""
        known = f", only with {', '.join(map(str, sorted(points)))}" if points else ""
        return _unknown(f"no figures{least}{known}")
    best: int | None = None
    miss: Miss | None = None
    for clients, figures in counting.items():
        misses = list(_misses(slo, figures, clients))
        if misses:
            miss = max(misses, key=lambda each: each.factor)
            break  # more clients may do better by chance: nobody would rely on that
        if all(each.key in figures for each in slo.objectives):
            best = clients
    source, machine = str(evidence.source), evidence.machine
    if best is not None:
        tokens = counting[best].get(TOKENS)
        rate = "" if tokens is None else f" at {tokens:g} tokens/s"
        text = f"meets AIM_SLO up to {counted(best)}{rate} ({source})"
        return ServiceLevel(Standing.MEETS, text, best, tokens, None, source, machine)
    if miss:
        return ServiceLevel(
            Standing.MISSES, f"misses {miss.text} ({source})", miss=miss, source=source, machine=machine
        )
    return _unknown(_lacking(slo, counting))


def _points(figures: Mapping[str, float]) -> dict[int, dict[str, float]]:
    points: dict[int, dict[str, float]] = {}
    for name, value in figures.items():
        found = FIGURE.fullmatch(name)
        if found:
            points.setdefault(int(found[1]), {})[found[2]] = value
    return points


def _misses(slo: Slo, figures: Mapping[str, float], clients: int) -> Iterator[Miss]:
    for each in slo.objectives:
        value = figures.get(each.key)
        if value is not None and round(value, _DIGITS) > round(each.limit_s, _DIGITS):
            yield Miss(each, value, clients)


def _lacking(slo: Slo, counting: Mapping[int, Mapping[str, float]]) -> str:
    """Which figures are not known; another percentile is no substitute, and is named."""
    known = set().union(*counting.values())
    lacking = [each for each in slo.objectives if each.key not in known]
    if not lacking:
        return "its figures are of different numbers of clients"
    words = []
    for each in lacking:
        others = [f"p{number}" for number in PERCENTILES if f"{each.figure}_p{number}_s" in known]
        only = f" (only {' and '.join(others)})" if others else ""
        words.append(f"{each.figure}_p{each.percentile}{only}")
    return f"no figure of {', '.join(words)}"
