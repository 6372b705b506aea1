"""The choice among the profiles as it is told: what was decided, by what, and in which order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aim_runtime.engines import ENGINES
from aim_runtime.engines.launch import EnvironmentVariable
from aim_runtime.errors import InvalidProfile, NoProfile, ProfileError
from aim_runtime.plan import Plan, judge_all, make_plan
from aim_runtime.profiles.profile import Profile
from aim_runtime.profiles.ranking import ranked
from aim_runtime.profiles.select import nearest_misses, select
from aim_runtime.profiles.selection import Objection, Selection, Verdict
from aim_runtime.settings import Settings
from aim_runtime.site import Site
from aim_runtime.vocabulary import AcceleratorType, Origin, Standing, State

# The parts of the catalogue, in words.
LAYERS = {
    Origin.CUSTOM_MODEL: "custom, for one model",
    Origin.CUSTOM_GENERAL: "custom, for any model",
    Origin.MODEL: "of the model",
    Origin.GENERAL: "general, for any model",
}


@dataclass(frozen=True)
class Choice:
    """Every verdict, and the selection or why there is none."""

    settings: Settings
    site: Site
    verdicts: tuple[Verdict, ...]
    selection: Selection | None
    refusal: ProfileError | None = None

    @classmethod
    def of(cls, plan: Plan) -> Choice:
        """The choice that a plan was made by."""
        return cls(plan.settings, plan.site, plan.selection.verdicts, plan.selection)

    @property
    def chosen(self) -> Verdict | None:
        return self.selection.verdict if self.selection else None

    def ranked(self) -> list[Verdict]:
        """The profiles that would run, best first."""
        return ranked(self.verdicts, self.site.hardware)

    def in_order(self) -> list[Verdict]:
        """All of them: the chosen, others that would run, the nearest misses, what is for something else."""
        first = [self.chosen] if self.chosen else []
        order = [*first, *self.ranked(), *nearest_misses(self.verdicts, self.site.hardware), *self.verdicts]
        return list({verdict.profile.id: verdict for verdict in order}.values())

    def environment(self, verdict: Verdict) -> tuple[EnvironmentVariable, ...]:
        """What the engine would get for the profile here; nothing where it has no accelerator here."""
        if not verdict.uses:
            return ()
        engine, hardware = ENGINES[self.settings.engine], self.site.hardware
        return engine.environment(verdict.profile, verdict.uses, hardware, self.settings)

    def nearest(self) -> Verdict | None:
        """The profile that the least change would let be chosen, None where no change helps."""
        barred = [verdict for verdict in self.ranked() if not verdict.automatic]
        near = nearest_misses(self.verdicts, self.site.hardware)
        return next((verdict for verdict in (*barred, *near) if verdict.change), None)


def choose(settings: Settings, site: Site) -> Choice:
    """Choose as `serve` would. Raises what it would, but for the lack of a profile that is right."""
    try:
        selection = make_plan(settings, site).selection
    except (NoProfile, InvalidProfile) as error:
        return Choice(settings, site, judge_all(settings, site), None, error)
    return Choice(settings, site, selection.verdicts, selection)


def choose_among(settings: Settings, site: Site, verdicts: tuple[Verdict, ...]) -> Choice:
    """Choose among verdicts, model or no model, and keep every objection instead of raising it."""
    try:
        return Choice(settings, site, verdicts, select(settings, site.catalog, verdicts, site.hardware))
    except ProfileError as error:
        return Choice(settings, site, verdicts, None, error)


def why(choice: Choice) -> str:
    """One sentence: what decided for the chosen profile, or why there is none."""
    chosen = choice.chosen
    if chosen is None:
        return str(choice.refusal.message).partition("\n")[0] if choice.refusal else ""
    if choice.settings.profile_id:
        return "AIM_PROFILE_ID names it"
    ranking = choice.ranked()
    place = ranking.index(chosen)
    if not chosen.automatic:
        return "taken because AIM_ALLOW_UNOPTIMIZED is set and nothing better is right"
    passed = "".join(
        f"; {verdict.profile.id} ranks higher, but {verdict.barrier.text}"
        for verdict in ranking[:place][:1]
        if verdict.barrier
    )
    second = next((verdict for verdict in ranking[place + 1 :] if verdict.automatic), None)
    by_level = _by_level(chosen, second)
    if by_level:
        return by_level + passed
    if choice.settings.slo:
        passed += "; no profile that may be taken is known to meet AIM_SLO"
    if second is None:
        only = (
            "the only one that is right" if len(ranking) == 1 else "the only one that need not be asked for"
        )
        return only + passed
    return _decided(chosen.profile, second.profile, choice) + passed


def _by_level(chosen: Verdict, second: Verdict | None) -> str:
    """What of the service level decided; empty where it did not."""
    level, other = chosen.level, second.level if second else None
    if level is None or level.standing is not Standing.MEETS:
        return ""
    if second is None or other is None or other.standing is not Standing.MEETS:
        return f"{level.text}; no other is known to"
    return f"{level.text}, before {second.profile.id}, which {other.text}"


def _decided(first: Profile, second: Profile, choice: Choice) -> str:
    """The first criterion of the ranking in which the two differ."""
    kinds = choice.site.hardware.cpu.models
    ours, theirs = _criteria(first), _criteria(second)
    for name, value in ours.items():
        if name == "processor" and first.metadata.accelerator_model not in kinds:
            continue
        if value != theirs[name]:
            return f"ranks first by {name}: {value}, before {theirs[name]} of {second.id}"
    return f"ranks first by id, before {second.id}"


def _criteria(profile: Profile) -> dict[str, Any]:
    metadata = profile.metadata
    return {
        "metric": metadata.metric,
        "the number of accelerators": counted(profile),
        "processor": metadata.accelerator_model,
        "search layer": f"'{LAYERS[profile.origin]}'",
        "precision": metadata.precision,
        "type": metadata.type,
    }


def counted(profile: Profile) -> int:
    """The accelerators that ranking counts: none for a CPU, whose count is the cores recommended."""
    metadata = profile.metadata
    return metadata.accelerator_count if metadata.accelerator_type is AcceleratorType.GPU else 0


def of_another_model(verdict: Verdict) -> bool:
    """Whether it is for another model, whatever else speaks against it."""
    return any(objection.state is State.MODEL_MISMATCH for objection in verdict.objections)


def against(verdict: Verdict) -> tuple[Objection, ...]:
    """All that keeps a profile from being taken by itself."""
    return (*verdict.objections, *([verdict.barrier] if verdict.barrier else []))
