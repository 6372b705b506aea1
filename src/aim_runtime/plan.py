"""DECIDE: from what was asked and what was seen to one plan, which dry-run prints and serve executes."""

from __future__ import annotations

from dataclasses import dataclass, replace

from aim_runtime import weights
from aim_runtime.engines import ENGINES
from aim_runtime.engines.launch import EngineInstall, Launch
from aim_runtime.hardware.devices import BY_MODEL, MIB
from aim_runtime.models.architecture import UNKNOWN_MODEL, Architecture
from aim_runtime.models.facts import of_folder
from aim_runtime.models.location import Location
from aim_runtime.models.storage import NOT_LOOKED_AT
from aim_runtime.profiles.choose import candidates
from aim_runtime.profiles.judge import judge
from aim_runtime.profiles.profile import Profile
from aim_runtime.profiles.select import select
from aim_runtime.profiles.selection import Selection, Verdict
from aim_runtime.settings import Settings
from aim_runtime.site import Site
from aim_runtime.weights import require_a_model


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
        return (
            *self.settings.warnings,
            *self.site.hardware.problems,
            *self.selection.warnings,
            *self.launch.notes,
        )


def make_plan(settings: Settings, site: Site) -> Plan:
    """Decide. Looks at nothing but the cache (`stat`); raises ConfigError or ProfileError."""
    require_a_model(settings)
    selection = select(settings, site.catalog, judge_all(settings, site), site.hardware)
    location = locate(settings, site, selection.profile)
    model = selection.verdict.model or UNKNOWN_MODEL
    engine, host = ENGINES[settings.engine], site.hardware.cpu
    storage = site.storage.get(location.path, NOT_LOOKED_AT)
    launch = engine.launch(selection, location, settings, site.engine, model, host, storage, site.adapters)
    return Plan(settings, site, selection, location, launch)


def judge_all(settings: Settings, site: Site) -> tuple[Verdict, ...]:
    """Judge every profile of the catalogue, the chosen engine's own objections included."""
    engine, machines = ENGINES[settings.engine], settings.nodes.count if settings.nodes else 1
    models: dict[object, Architecture] = {}  # most profiles are about one model: one look at it is enough
    verdicts = []
    for profile in site.catalog.profiles:
        model, demand, memory = UNKNOWN_MODEL, None, None
        if _concerns(profile, settings):
            key = _what_is_loaded(profile)
            if key not in models:
                models[key] = architecture(profile, settings, site)
            model, memory = models[key], _memory_bytes(profile, site)
            demand = engine.demand(profile, settings, site.engine, model, memory)
        problems = engine.problems(profile, site.engine, machines)
        verdicts.append(judge(profile, settings, site.hardware, problems, model, demand, memory))
    return tuple(verdicts)


def _concerns(profile: Profile, settings: Settings) -> bool:
    """Whether the profile is for the model that was asked for; a custom profile's id says one too."""
    if settings.aim is None:
        return profile.content.aim_id is not None and settings.profile_id == profile.id
    return profile.content.aim_id in (None, settings.aim)


def _what_is_loaded(profile: Profile) -> object:
    """What `architecture` asks of a profile: two profiles with the same answer load the same weights."""
    content = profile.content
    return content.model_id, content.metadata.precision, "quantization" in content.engine_args


def _memory_bytes(profile: Profile, site: Site) -> int | None:
    """What each accelerator of the profile's kind has: as this machine's do, else as all of that model do."""
    devices = candidates(profile, site.hardware)
    if devices:
        return min((each.memory_bytes for each in devices if each.memory_bytes), default=None)
    known = BY_MODEL.get(profile.metadata.accelerator_model)
    return known.memory_mib * MIB if known and known.memory_mib else None


def locate(settings: Settings, site: Site, profile: Profile) -> Location:
    """Find the weights that the profile would serve."""
    return weights.locate(settings, site.catalog, site.cache, profile)


def architecture(profile: Profile, settings: Settings, site: Site) -> Architecture:
    """What is known of the model: as it lies in the cache, else as the AIM says, else as its hub says."""
    location = locate(settings, site, profile)
    found = of_folder(location.path) if location.present else None
    aim = site.catalog.aim
    if found is None and aim is not None and (location.size_bytes or aim.aim_id == location.model_id):
        return Architecture.from_config(aim.config, location.size_bytes, "the AIM's metadata")
    if found is None and site.looked_up and site.looked_up[0] == location.sources[0]:
        found = site.looked_up[1]
    if found is None:
        return Architecture(location.size_bytes)
    if "quantization" in profile.content.engine_args:
        # What is stored is made smaller while it is loaded: only the AIM may know by how much.
        return replace(found, weights_bytes=location.size_bytes)
    return found
