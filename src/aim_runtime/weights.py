"""Which weights are meant: of `plan`, which knows the profile, and of `download-to-cache`, which need not."""

from __future__ import annotations

from aim_runtime.errors import InvalidProfile, MissingSetting
from aim_runtime.models.cache import Cache
from aim_runtime.models.events import Notice, Report
from aim_runtime.models.location import Location
from aim_runtime.models.ref import ModelRef, Scheme
from aim_runtime.profiles.catalog import Catalog, Problem
from aim_runtime.profiles.profile import Profile
from aim_runtime.profiles.select import find
from aim_runtime.settings import Settings


def require_a_model(settings: Settings) -> None:
    """Raise MissingSetting where nothing says which model is meant."""
    if not (settings.aim_id or settings.model_ref or (settings.profile_id or "").startswith("custom/")):
        raise no_model()


def no_model() -> MissingSetting:
    return MissingSetting(
        "no model was named: neither AIM_ID nor AIM_MODEL_ID is set",
        hint="set AIM_ID=org/model (an AIM of the catalogue) or AIM_MODEL_ID=hf://org/model (any model)",
    )


def locate(settings: Settings, catalog: Catalog, cache: Cache, profile: Profile | None) -> Location:
    """Find the weights: those the user named, else the profile's variant, else the AIM's."""
    aim = catalog.aim
    named = profile.content.model_id if profile else None
    size = aim.size_bytes(profile.content.metadata.precision) if aim and profile else None
    if settings.model_ref:
        sources: tuple[ModelRef, ...] = (settings.model_ref,)
    elif aim is not None and named in (None, aim.aim_id):
        sources = aim.sources
    elif named or settings.aim:
        # A profile of the AIM may be for other weights than the AIM's own: quantised ones.
        sources = (ModelRef.parse(named or settings.aim or ""),)
    else:
        raise no_model()
    own = aim is not None and sources[0].name in {source.name for source in aim.sources}
    # A size belongs to the weights, whatever name they are served under; a gate to the repository.
    of_the_aim = aim is not None and profile is not None and profile.content.aim_id == aim.aim_id
    ours = own or (of_the_aim and not settings.model_ref)
    return cache.locate(
        settings.custom_model_name or _model_id(settings, named, sources[0]),
        sources,
        token_required=own and aim is not None and aim.token_required and sources[0].scheme is Scheme.HF,
        size_bytes=size if ours else None,
    )


def _model_id(settings: Settings, named: str | None, source: ModelRef) -> str:
    if settings.model_ref:
        return source.model_id
    return named or settings.aim_id or source.model_id


def locate_without_a_machine(settings: Settings, catalog: Catalog, cache: Cache, report: Report) -> Location:
    """Find the weights where no device says which profile is right: AIM_PROFILE_ID's, else the AIM's."""
    require_a_model(settings)
    if settings.profile_id:
        profile = find(settings.profile_id, catalog, settings.aim, "AIM_PROFILE_ID=")
        if isinstance(profile, Problem):
            raise InvalidProfile(f"the profile {profile.id} is broken: {profile.path}: {profile.reason}")
        return locate(settings, catalog, cache, profile)
    location = locate(settings, catalog, cache, None)
    if settings.aim_id and not settings.model_ref:
        profiles = (each.content for each in catalog.profiles if each.content.aim_id == settings.aim_id)
        others = {each.model_id for each in profiles if each.model_id} - {location.model_id}
        if others:
            report(
                Notice(
                    f"some profiles of {settings.aim_id} load other weights: {', '.join(sorted(others))}; "
                    "AIM_PROFILE_ID or AIM_MODEL_ID names those"
                )
            )
    return location
