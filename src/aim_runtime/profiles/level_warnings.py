"""What to say where no profile that may be taken is known to meet the service level. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from aim_runtime.profiles.selection import Verdict
from aim_runtime.settings import Settings
from aim_runtime.vocabulary import Standing


def warnings(settings: Settings, chosen: Verdict, compatible: Sequence[Verdict]) -> tuple[str, ...]:
    """One sentence: which profile came nearest and by how much, and what would help; none where it is met."""
    slo = settings.slo
    if slo is None or (chosen.level and chosen.level.standing is Standing.MEETS):
        return ()
    taken = f"{chosen.profile.id} is taken by the usual order"
    helps = f"`aim-runtime tune --slo {shlex.quote(slo.text)}` looks for one that does"
    parts = [
        f"AIM_SLO={slo.text}: no profile that may be taken is known to meet it",
        _nearest(compatible),
        taken,
        helps,
    ]
    return ("; ".join(parts),)


def _nearest(compatible: Sequence[Verdict]) -> str:
    """Who would meet it, but for a barrier; else who misses by the least; else why nobody can tell."""
    levels = [(verdict, verdict.level) for verdict in compatible if verdict.level]
    barred = [(verdict, level) for verdict, level in levels if level.standing is Standing.MEETS]
    for verdict, level in barred[:1]:
        barrier = verdict.barrier
        if barrier:
            return f"{verdict.profile.id} {level.text}, but {barrier.text}: {barrier.change}"
    missing = [(level.miss.factor, verdict.profile.id, level.text) for verdict, level in levels if level.miss]
    if missing:
        _, name, text = min(missing)
        return f"{name} comes nearest and {text}"
    return "none has evidence for it"
