"""Who gave an argument, and where to change it."""

from __future__ import annotations

import json
from typing import Any

from aim_runtime.engines.launch import Argument, Launch, Layer

_OF = {
    Layer.ARCHITECTURE: "from the model's architecture",
    Layer.PROFILE: "from the profile",
    Layer.MACHINE: "chosen for this machine",
    Layer.ENGINE_ARGS: "from AIM_ENGINE_ARGS",
    Layer.COMMAND_LINE: "from the command line",
    Layer.RUNTIME: "from this runtime",
    Layer.ENVIRONMENT: "from the environment",
}


def key_of(spelled: str) -> str:
    """The key of an argument, however the engine spells it: --max-model-len, max_model_len, --a/-b."""
    return spelled.split("/")[0].strip().strip("`'\"").lstrip("-").replace("_", "-")


def find(launch: Launch, key: str) -> Argument | None:
    """The merged argument of that key; None where nobody gave it."""
    return next((each for each in launch.arguments if each.key == key), None)


def where_from(launch: Launch, key: str) -> str:
    """` (from the profile)`: to be put behind an argument; empty where nobody gave it."""
    given = find(launch, key)
    return f" ({_OF[given.layer]})" if given else ""


def put(launch: Launch, key: str, value: Any) -> str:
    """How to give an argument another value, where the one that counts is given."""
    given = find(launch, key)
    said = "true" if value is True else value if isinstance(value, str) else json.dumps(value)
    if given and given.layer is Layer.COMMAND_LINE:
        return f"write --{key} {said} after --" if value is not True else f"write --{key} after --"
    pair = json.dumps({key: value}, ensure_ascii=False)
    if given and given.layer is Layer.ENGINE_ARGS:
        return f"in AIM_ENGINE_ARGS put {pair[1:-1]}"
    return f"AIM_ENGINE_ARGS='{pair}'"


def leave_out(launch: Launch, key: str) -> str:
    """How to have the engine started without an argument."""
    given = find(launch, key)
    if given and given.layer is Layer.COMMAND_LINE:
        return f"leave out --{key} after --"
    if given and given.layer is Layer.ENGINE_ARGS:
        return f'take "{key}" out of AIM_ENGINE_ARGS'
    return f"AIM_ENGINE_ARGS='{json.dumps({key: False})}' leaves it out"


def correct(launch: Launch, key: str) -> str:
    """Where to correct the value of an argument."""
    given = find(launch, key)
    if given and given.layer is Layer.COMMAND_LINE:
        return f"correct --{key} after --"
    if given and given.layer is Layer.ENGINE_ARGS:
        return f'correct "{key}" in AIM_ENGINE_ARGS'
    return f"give it another value: AIM_ENGINE_ARGS='{{\"{key}\": …}}'"
