"""In which order profiles are taken: the usual one, and the one by a service level. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aim_runtime.hardware.accelerator import Hardware
from aim_runtime.profiles.profile import Profile
from aim_runtime.profiles.selection import Verdict
from aim_runtime.vocabulary import AcceleratorType, ProfileType, Standing, State, place

# Chance makes so much: profiles that differ in their cache alone were seen at 249 and 264 tokens/s.
_SAME_RATE = 0.9


def rank(profile: Profile) -> tuple[int, int, int, int, str]:
    """Sort key, best first: the most accelerators, then search layer, precision, type, id."""
    metadata = profile.metadata
    count = metadata.accelerator_count if metadata.accelerator_type is AcceleratorType.GPU else 0
    return (-count, place(profile.origin), place(metadata.precision), place(metadata.type), profile.id)


def ranked(verdicts: Sequence[Verdict], hardware: Hardware) -> list[Verdict]:
    """The verdicts on profiles that would run, best first.

    On a CPU, of one search layer, a profile for exactly this processor goes before one for a more
    general kind of it. Where a service level was asked for and a profile that may be taken meets it: first
    those that do, by their throughput (nine tenths of the highest count as the highest), then those without
    evidence, then those that miss it. Where none does, evidence moves nothing: an unknown profile is no
    better than one that is known to fall short.
    """
    kinds = hardware.cpu.models
    compatible = [verdict for verdict in verdicts if verdict.state is State.COMPATIBLE]
    pool = _pool(compatible)
    by_level = any(verdict.level and verdict.level.standing is Standing.MEETS for verdict in pool)
    alike = _SAME_RATE * max(map(_rate, pool), default=0.0)

    def usual(verdict: Verdict) -> tuple[Any, ...]:
        count, layer, *rest = rank(verdict.profile)
        metadata = verdict.profile.metadata
        model = metadata.accelerator_model
        nearness = kinds.index(model) if model in kinds else 0
        # All are of one metric, but where a service level may be met by either: then latency goes first.
        return (place(metadata.metric), count, layer, nearness, *rest)

    def key(verdict: Verdict) -> tuple[Any, ...]:
        return (*(_by_level(verdict, alike) if by_level else ()), *usual(verdict))

    return sorted(compatible, key=key)


def _pool(compatible: Sequence[Verdict]) -> list[Verdict]:
    """Those whose evidence counts: what may be taken by itself, or the last resort where nothing may."""
    return [verdict for verdict in compatible if verdict.automatic] or [
        verdict for verdict in compatible if verdict.profile.metadata.type is ProfileType.UNOPTIMIZED
    ]


def _by_level(verdict: Verdict, alike: float) -> tuple[int, float, bool]:
    """Sort key: standing, then throughput where it is met, then a measurement before what was published.

    Rates of `alike` tokens/s and more count as that.
    """
    level = verdict.level
    standing = level.standing if level else Standing.NO_EVIDENCE
    published = bool(level and level.source == "published")
    return (place(standing), -min(_rate(verdict), alike), published)


def _rate(verdict: Verdict) -> float:
    """Tokens per second where a service level is met; 0 where that is not known, or it is not met."""
    return (verdict.level.tokens_per_s or 0.0) if verdict.level else 0.0
