"""DECIDE: from what was asked and what was seen to one plan, which dry-run prints and serve executes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from aim_runtime.engines import ENGINES
from aim_runtime.engines.launch import EngineInstall, Launch
from aim_runtime.errors import MissingSetting
from aim_runtime.models.architecture import Architecture
from aim_runtime.models.location import Location
from aim_runtime.models.ref import ModelRef, Scheme
from aim_runtime.models.weights import bytes_on_disk
from aim_runtime.profiles.profile import Profile
from aim_runtime.profiles.select import judge, select
from aim_runtime.profiles.selection import Selection, Verdict
from aim_runtime.settings import Settings
from aim_runtime.site import Site


@dataclass(frozen=True)
class Plan:
    """Everything that serving does, decided: which profile and why, which weights, which command."""

    settings: Settings
    site: Site
    selection: Selection
    location: Location
    launch: Launch

    @property
    def profile(self) -> Profile:
        return self.selection.profile

    @property
    def engine(self) -> EngineInstall | None:
        return self.site.engine

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know before it starts, in the order in which it was decided."""
        return (*self.settings.warnings, *self.selection.warnings, *self.launch.notes)


def make_plan(settings: Settings, site: Site) -> Plan:
    """Decide. Looks at nothing but the cache (`stat`); raises ConfigError or ProfileError."""
    _require_a_model(settings)
    selection = select(settings, site.catalog, judge_all(settings, site), site.hardware)
    location = locate(settings, site, selection.profile)
    launch = ENGINES[settings.engine].launch(selection, location, settings, site.engine)
    return Plan(settings, site, selection, location, launch)


def judge_all(settings: Settings, site: Site) -> tuple[Verdict, ...]:
    """Judge every profile of the catalogue, the chosen engine's own objections included."""
    engine = ENGINES[settings.engine]
    size_of = cache(bytes_on_disk)  # most profiles are about one model: one look at its folder is enough
    return tuple(
        judge(
            profile,
            settings,
            site.hardware,
            engine.problems(profile, site.engine),
            _architecture(profile, settings, site, size_of),
        )
        for profile in site.catalog.profiles
    )


def _architecture(
    profile: Profile, settings: Settings, site: Site, size_of: Callable[[Path], int | None]
) -> Architecture:
    """What is known of the model: the weights as they lie in the cache, else as the AIM says."""
    if profile.content.aim_id not in (None, settings.aim) or settings.aim is None:
        return Architecture()
    location = locate(settings, site, profile)
    size = (size_of(location.path) if location.present else None) or location.size_bytes
    aim = site.catalog.aim
    if aim is None or aim.aim_id != location.model_id:
        return Architecture(size)
    return Architecture(size, aim.architecture.num_attention_heads, aim.architecture.num_key_value_heads)


def _require_a_model(settings: Settings) -> None:
    if settings.aim_id or settings.model_ref or (settings.profile_id or "").startswith("custom/"):
        return
    raise _no_model()


def _no_model() -> MissingSetting:
    return MissingSetting(
        "no model was named: neither AIM_ID nor AIM_MODEL_ID is set",
        hint="set AIM_ID=org/model (an AIM of the catalogue) or AIM_MODEL_ID=hf://org/model (any model)",
    )


def locate(settings: Settings, site: Site, profile: Profile) -> Location:
    """Find the weights: those the user named, else the AIM's, else the ones the profile is for."""
    aim = site.catalog.aim
    sources: tuple[ModelRef, ...]
    if settings.model_ref:
        sources = (settings.model_ref,)
    elif aim is not None:
        sources = aim.sources
    else:
        named = profile.content.model_id or settings.aim
        if named is None:
            raise _no_model()
        sources = (ModelRef.parse(named),)
    model_id = settings.custom_model_name or _model_id(settings, profile, sources[0])
    # A gate and a size belong to the weights, whatever name they are served under.
    known = aim if aim and sources[0].name in {source.name for source in aim.sources} else None
    return site.cache.locate(
        model_id,
        sources,
        token_required=known is not None and known.token_required and sources[0].scheme is Scheme.HF,
        size_bytes=known.size_bytes(profile.metadata.precision) if known else None,
    )


def _model_id(settings: Settings, profile: Profile, source: ModelRef) -> str:
    if settings.model_ref:
        return source.model_id
    return profile.content.model_id or settings.aim_id or source.model_id
