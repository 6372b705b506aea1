"""One configuration on its way through the search: its profile as a file, and what the plan says of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from msgspec.structs import replace as changed

from aim_runtime.errors import AimError
from aim_runtime.plan import make_plan
from aim_runtime.profiles.catalog import load_catalog
from aim_runtime.profiles.fit import Fit
from aim_runtime.profiles.profile import Evidence, ProfileFile
from aim_runtime.tune.profile_text import text_of
from aim_runtime.tune.space import Configuration
from aim_runtime.tune.subject import Subject, stem_of
from aim_runtime.vocabulary import State

# What is said against a profile that AIM_PROFILE_ID names, and does not keep it from being served.
_MATTERS_NOT = (State.METRIC_MISMATCH, State.PRECISION_MISMATCH)


@dataclass(frozen=True)
class Candidate:
    """A configuration with the profile that serves by it; `origin` says where it comes from."""

    number: int
    settings: Configuration
    content: ProfileFile
    origin: str
    profile_id: str

    @property
    def key(self) -> str:
        """The same for two that would be started alike."""
        return key_of(self.content)


def key_of(content: ProfileFile) -> str:
    """The same for two profiles that would be started alike."""
    same = [sorted(content.engine_args.items()), sorted(content.env_vars.items())]
    return hashlib.sha256(json.dumps(same, sort_keys=True, default=str).encode()).hexdigest()[:16]


def write(
    subject: Subject, settings: Configuration, number: int, origin: str, root: Path, today: str
) -> Candidate:
    """Write the profile of a trial below `root`, which is what AIM_PROFILES_PATH names."""
    variant = f"trial{number}"
    engine = subject.site.engine
    evidence = Evidence(
        source="derived",
        engine=f"{subject.metadata.engine} {engine.version if engine else 'not installed'}",
        date=today,
        changes=[f"trial {number} of aim-runtime tune: {origin}"],
    )
    content = changed(subject.content(settings, variant), evidence=evidence)
    stem = f"{stem_of(content.metadata)}-{variant}"
    path = root / "custom" / str(content.aim_id) / f"{stem}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text_of(content, reasons_of(subject)), encoding="utf-8")
    return Candidate(
        number, subject.space.settled(settings), content, origin, f"custom/{content.aim_id}/{stem}"
    )


def reasons_of(subject: Subject) -> Mapping[str, str]:
    return {knob.name: knob.why for knob in subject.space.knobs}


@dataclass(frozen=True)
class Judged:
    """What the plan says of a candidate: why it is not started, or what it takes of an accelerator."""

    refusal: str = ""
    takes_bytes: int | None = None


def judge(subject: Subject, candidate: Candidate, root: Path) -> Judged:
    """Plan the candidate as `serve` would, and start nothing."""
    settings = replace(
        subject.settings,
        profile_id=candidate.profile_id,
        profiles_path=root,
        engine_args={},
        extra_args=(),
        engine_environment={
            name: value
            for name, value in subject.settings.engine_environment.items()
            if name not in candidate.content.env_vars and name not in subject.space.names
        },
    )
    catalog = replace(load_catalog([root], settings.aim), aim=subject.site.catalog.aim)
    try:
        plan = make_plan(settings, replace(subject.site, catalog=catalog))
    except AimError as error:
        return Judged(error.message)
    verdict = plan.selection.verdict
    against = [each.text for each in verdict.objections if each.state not in _MATTERS_NOT]
    if against:
        return Judged("; ".join(against))
    fit = verdict.fit
    if not isinstance(fit, Fit):
        return Judged()
    return Judged(takes_bytes=fit.budget_bytes if fit.demand.kv_bytes is None else fit.needs_bytes)
