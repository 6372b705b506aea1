"""The space of `tune --dry-run`: what would be varied and why, and what the plan refuses of it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from aim_runtime.cli.terminal import paint, wrapped
from aim_runtime.tune.candidate import judge, write
from aim_runtime.tune.goal import Goal
from aim_runtime.tune.proposals import Proposal, first
from aim_runtime.tune.space import shown, words
from aim_runtime.tune.subject import Subject


@dataclass(frozen=True)
class _Looked:
    """A proposal and what the plan says against it; empty where it says nothing."""

    proposal: Proposal
    refusal: str


def space_text(subject: Subject, goal: Goal, *, as_json: bool) -> str:
    """What would be tried, as text or JSON. Profiles are written to a temporary folder to be planned."""
    begin = _looked(subject, list(first(subject)))
    changes = [Proposal(settings, what) for settings, what in subject.space.neighbours(subject.reference)]
    refused = [each for each in _looked(subject, changes) if each.refusal]
    if as_json:
        return json.dumps(_object(subject, goal, begin, refused), indent=2, default=str)
    return "\n".join(_lines(subject, goal, begin, refused))


def _looked(subject: Subject, proposals: list[Proposal]) -> list[_Looked]:
    found = []
    with tempfile.TemporaryDirectory(prefix="aim-tune-") as folder:
        for number, each in enumerate(proposals):
            candidate = write(subject, each.settings, number, each.origin, Path(folder), "2026-01-01")
            found.append(_Looked(each, judge(subject, candidate, Path(folder)).refusal))
    return found


def _lines(subject: Subject, goal: Goal, begin: list[_Looked], refused: list[_Looked]) -> Iterator[str]:
    about = subject.metadata
    yield paint(f"{subject.settings.aim} on {about.accelerator_count} x {about.accelerator_model}", bold=True)
    counts = ", ".join(f"{name} (x {weight:g})" for name, weight in goal.weights.items())
    yield f"  for {goal.metric}: {counts}, at {goal.point.name}, {goal.point.requests} requests a run"
    held = {**subject.arguments, **subject.variables}
    yield ""
    yield paint("Held", bold=True)
    yield from (f"  {name}={value}" for name, value in held.items() if name not in subject.space.names)
    yield ""
    yield paint("Varied", bold=True)
    for knob in subject.space.knobs:
        choices = ", ".join(map(words, knob.choices))
        yield f"  {knob.name}: {choices}"
        yield from (paint(line, dim=True) for line in wrapped(knob.why, "    "))
        if knob.when:
            yield from (paint(line, dim=True) for line in wrapped(f"only {knob.when}", "    "))
    yield ""
    yield paint("Tried first", bold=True)
    for each in begin:
        yield f"  {each.proposal.origin}: {_settings(each.proposal)}"
        if each.refusal:
            yield from wrapped(f"refused by the plan: {each.refusal}", "    ")
    yield ""
    yield paint("Refused by the plan, beside the engine's defaults", bold=True)
    for each in refused:
        yield from wrapped(f"{each.proposal.origin}: {each.refusal}", "  ", "    ")
    if not refused:
        yield "  nothing"


def _settings(proposal: Proposal) -> str:
    return ", ".join(shown(name, value) for name, value in proposal.settings.items()) or "nothing set"


def _object(subject: Subject, goal: Goal, begin: list[_Looked], refused: list[_Looked]) -> dict[str, object]:
    return {
        "model": subject.settings.aim,
        "metric": str(goal.metric),
        "weights": dict(goal.weights),
        "workload": goal.point.name,
        "held": {**subject.arguments, **subject.variables},
        "space": [
            {
                "name": knob.name,
                "kind": str(knob.kind),
                "choices": list(knob.choices),
                "why": knob.why,
                "when": knob.when or None,
            }
            for knob in subject.space.knobs
        ],
        "first": [_told(each) for each in begin],
        "refused": [_told(each) for each in refused],
    }


def _told(looked: _Looked) -> dict[str, object]:
    return {
        "origin": looked.proposal.origin,
        "settings": dict(looked.proposal.settings),
        "refused": looked.refusal or None,
    }
