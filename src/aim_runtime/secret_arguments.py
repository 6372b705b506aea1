"""ASK: secrets among the engine's arguments become variables of its environment, before anything keeps them.

An argument stands in the process list, in the plan and in records. A variable reaches the engine alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aim_runtime.errors import InvalidValue
from aim_runtime.variables import SECRET_ARGUMENTS

_GIVEN = "AIM_ENGINE_ARGS"


@dataclass(frozen=True)
class Moved:
    """What is left of the arguments, and what to put into the environment instead.

    `variables` has a value for each secret and `AIM_ENGINE_ARGS` without any; `taken` names the arguments
    that were in `AIM_ENGINE_ARGS`.
    """

    extra_args: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    taken: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def move_secrets(environ: Mapping[str, str], extra_args: tuple[str, ...]) -> Moved:
    """Take `api-key` and `hf-token` out of `AIM_ENGINE_ARGS` and of the arguments after `--`, which win.

    Raises InvalidValue for several keys: the engine's environment has room for one.
    """
    variables: dict[str, str] = {}
    given = _object(environ.get(_GIVEN, ""))
    kept = dict(given)
    for key, value in given.items():
        name = _secret(key)
        if name and _is_said(value):
            variables[SECRET_ARGUMENTS[name]] = _one(
                name, value if isinstance(value, list) else [value], _GIVEN
            )
            del kept[key]
    taken = tuple(sorted(filter(None, map(_secret, given.keys() - kept.keys()))))
    if taken:
        variables[_GIVEN] = json.dumps(kept)
    rest, found = _split(extra_args)
    warnings = []
    for name, values in found.items():
        variable = SECRET_ARGUMENTS[name]
        variables[variable] = _one(name, values, "the command line")
        warnings.append(
            f"--{name} on the command line can be read in the process list: set {variable} or {variable}_FILE"
        )
    return Moved(rest, variables, taken, tuple(warnings))


def _split(tokens: Iterable[str]) -> tuple[tuple[str, ...], dict[str, list[str]]]:
    """The tokens that are no secrets, and the values of those that are; an argument without one is none."""
    rest: list[str] = []
    found: dict[str, list[str]] = {}
    secret = ""
    for token in tokens:
        key, equals, value = token.partition("=")
        if token.startswith("-"):
            secret = _secret(key)
            if secret and equals:
                found.setdefault(secret, []).append(value)
                continue
            rest.append(token)
        elif secret:
            if rest and _secret(rest[-1]) == secret:
                rest.pop()
            found.setdefault(secret, []).append(token)
        else:
            rest.append(token)
    return tuple(rest), found


def _secret(key: str) -> str:
    """The secret argument that a spelling means, empty where it means another."""
    name = key.lstrip("-").replace("_", "-")
    return name if name in SECRET_ARGUMENTS else ""


def _is_said(value: Any) -> bool:
    """Whether it is a value at all: what the engine refuses is left for it to refuse."""
    return isinstance(value, str | int | list) and not isinstance(value, bool) and bool(value)


def _one(name: str, values: list[Any], where: str) -> str:
    if len(set(map(str, values))) > 1:
        variable = SECRET_ARGUMENTS[name]
        raise InvalidValue(
            f"{name} in {where} has {len(values)} values: the engine takes one from its environment, and its "
            "arguments can be read in the process list",
            hint=f"give one, best as {variable} or {variable}_FILE; a gateway in front may know several",
        )
    return str(values[0])


def _object(text: str) -> dict[str, Any]:
    """The JSON object of `AIM_ENGINE_ARGS`, empty where it is none, which settings.py will word.

    Its words show the value: one with a secret in it is refused here.
    """
    try:
        value = json.loads(text) if text.strip() else {}
    except json.JSONDecodeError as error:
        if any(name in text.replace("_", "-") for name in SECRET_ARGUMENTS):
            raise InvalidValue(
                f"{_GIVEN} (not shown: it has a secret): not JSON: {error.msg} at character {error.pos + 1}",
                hint='write a JSON object, for example {"max-model-len": 8192}, and the secret elsewhere',
            ) from None
        return {}
    return value if isinstance(value, dict) else {}
