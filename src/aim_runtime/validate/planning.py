"""The plan that a validation looks at, or why there is none."""

from __future__ import annotations

from collections.abc import Mapping

from aim_runtime.errors import InvalidProfile, MissingSetting, ModelError, ProfileError
from aim_runtime.plan import make_plan
from aim_runtime.profiles.catalog import Problem
from aim_runtime.profiles.profile import Profile
from aim_runtime.profiles.select import find
from aim_runtime.settings import Settings
from aim_runtime.site import Site, survey
from aim_runtime.validate.subject import Planned


def look(settings: Settings, environment: Mapping[str, str], *, required: bool) -> Planned | str:
    """Make the plan of this machine; a profile that was asked for and cannot be used has no plan.

    Where there is none and none is `required`, the words why. Raises ConfigError for settings that are
    wrong, and what `make_plan` raises where a plan is required.
    """
    site = survey(settings, environment=environment)
    try:
        plan = make_plan(settings, site)
    except (MissingSetting, ProfileError, ModelError) as error:
        named = _named(settings, site)
        if isinstance(named, Problem):
            return Planned(named.path, None, site.engine, environment)
        if named is not None and isinstance(error, InvalidProfile):
            return Planned(named.path, None, site.engine, environment, refused=error.message)
        if required:
            raise
        return f"there is no plan here: {error.message}"
    return Planned(plan.profile.path, plan, site.engine, environment)


def _named(settings: Settings, site: Site) -> Profile | Problem | None:
    """The profile that was asked for, or the file that should be one."""
    if settings.profile_id is None:
        return None
    try:
        return find(settings.profile_id, site.catalog, settings.aim)
    except ProfileError:
        return None
