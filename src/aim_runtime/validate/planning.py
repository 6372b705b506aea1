"""The plan that a validation looks at, or why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from aim_runtime.errors import MissingSetting, ModelError, ProfileError
from aim_runtime.plan import make_plan
from aim_runtime.profiles.catalog import Problem
from aim_runtime.profiles.select import find
from aim_runtime.settings import Settings
from aim_runtime.site import Site, survey
from aim_runtime.validate.subject import Planned


def look(settings: Settings, environment: Mapping[str, str], *, required: bool) -> Planned | str:
    """Make the plan of this machine; a profile that was asked for and is broken has a file, and no plan.

    Where there is none and none is `required`, the words why. Raises ConfigError for settings that are
    wrong, and what `make_plan` raises where a plan is required.
    """
    site = survey(settings, environment=environment)
    try:
        plan = make_plan(settings, site)
    except (MissingSetting, ProfileError, ModelError) as error:
        broken = _broken(settings, site)
        if broken is not None:
            return Planned(broken, None, site.engine, environment)
        if required:
            raise
        return f"there is no plan here: {error.message}"
    return Planned(plan.profile.path, plan, site.engine, environment)


def _broken(settings: Settings, site: Site) -> Path | None:
    """The file of the profile that was asked for, where it cannot be read."""
    if settings.profile_id is None:
        return None
    try:
        found = find(settings.profile_id, site.catalog, settings.aim)
    except ProfileError:
        return None
    return found.path if isinstance(found, Problem) else None
