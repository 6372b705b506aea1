"""What of an engine's arguments and variables may be shown: everything but the secrets."""

from __future__ import annotations

from typing import Any

from aim_runtime.engines.launch import EnvironmentVariable, Launch
from aim_runtime.settings import SECRET_SUFFIXES
from aim_runtime.variables import SECRET_ARGUMENTS

HIDDEN = "***"


def shown(key: str, value: Any) -> Any:
    """The value of an argument, or what stands for it."""
    return HIDDEN if key.replace("_", "-") in SECRET_ARGUMENTS else value


def shown_command(launch: Launch) -> list[str]:
    """The command with the values of secret arguments hidden."""
    found: list[str] = []
    hide = False
    for token in launch.command:
        if token.startswith("--"):
            hide = token.removeprefix("--") in SECRET_ARGUMENTS
            found.append(token)
        else:
            found.append(HIDDEN if hide else token)
    return found


def shown_variable(variable: EnvironmentVariable) -> str | None:
    """The value of a variable, or what stands for it; a profile may name a key, as in VLLM_API_KEY."""
    secret = variable.value is not None and variable.name.endswith(SECRET_SUFFIXES)
    return HIDDEN if secret else variable.value
