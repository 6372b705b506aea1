"""What was asked for, variable by variable, with who said it; and which variables only say where."""

from __future__ import annotations

from collections.abc import Mapping

from aim_runtime.hardware.visibility import VARIABLES as VISIBILITY
from aim_runtime.record.hide import Hider
from aim_runtime.record.values import Setting
from aim_runtime.redact import HIDDEN
from aim_runtime.variables import SECRETS, VARIABLES

ENVIRONMENT, DEFAULT = "environment", "default"
# Variables that say where things are on this machine, and how loud it is: another run of the same may
# have others.
PLACES = frozenset(
    [
        *("AIM_HOST_ROOT", "AIM_CACHE_PATH", "AIM_PROFILES_PATH", "AIM_ADAPTER_SOURCE", "AIM_RECORD_PATH"),
        *("AIM_PORT", "AIM_MANAGEMENT_PORT", "AIM_MANAGEMENT_HOST", "AIM_TERMINATION_LOG"),
        *("AIM_NODE_RANK", "AIM_MASTER_ADDR", "AIM_MASTER_PORT"),
        *("AIM_LOG_LEVEL", "AIM_LOG_FORMAT"),
        *("HF_TOKEN", "HF_ENDPOINT", "HF_HOME", "HF_HUB_CACHE"),
        *VISIBILITY,
    ]
)


def said(environment: Mapping[str, str], hide: Hider) -> dict[str, Setting]:
    """Return every variable of the table as it stands, secrets hidden, by its name of today."""
    found = {}
    for variable in VARIABLES:
        given = next(
            (name for name in (variable.name, *variable.aliases) if environment.get(name, "").strip()), ""
        )
        if given:
            value = HIDDEN if variable.name in SECRETS else hide.text(environment[given].strip())
            found[variable.name] = Setting(
                value=value, source=ENVIRONMENT if given == variable.name else f"{ENVIRONMENT}: {given}"
            )
        elif variable.name in environment:  # there with nothing in it, which some take for a word
            found[variable.name] = Setting(value="", source=ENVIRONMENT)
        else:
            found[variable.name] = Setting(value=variable.default, source=DEFAULT)
    return found
