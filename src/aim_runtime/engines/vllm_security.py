"""What keeps vLLM's service to those it is for: the key that clients send, and TLS."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from aim_runtime.engines.certificate import Certificate
from aim_runtime.engines.launch import Argument, EnvironmentVariable, Layer
from aim_runtime.errors import InvalidValue
from aim_runtime.profiles.profile import Profile
from aim_runtime.settings import Settings
from aim_runtime.variables import SECRET_ARGUMENTS, SECRETS

API_KEY = "VLLM_API_KEY"
_FILE, _KEY, _CLIENTS = "ssl-certfile", "ssl-keyfile", "ssl-cert-reqs"


def refuse_secrets(arguments: Mapping[str, Any], layer: Layer) -> None:
    """Raise InvalidValue for a secret that would stand in the engine's argv."""
    for key, variable in SECRET_ARGUMENTS.items():
        if arguments.get(key) not in (None, True):
            raise InvalidValue(
                f"{layer}: the value of {key} could be read in the process list",
                hint=f"give it as {variable} or {variable}_FILE",
            )


def secrets_of_profile(arguments: Mapping[str, Any], profile: Profile) -> Iterator[str]:
    """Why a profile that carries secrets is not taken."""
    for key, variable in SECRET_ARGUMENTS.items():
        if arguments.get(key) not in (None, True):
            yield f"{key}: a secret has no place in a profile: set {variable} or {variable}_FILE"
    for name in SECRETS:
        if name in profile.content.env_vars:
            yield f"{name}: a secret has no place in a profile: set it in the environment"


def key_variable(settings: Settings) -> Iterator[EnvironmentVariable]:
    """Show that clients need a key, without it: the engine inherits the variable itself."""
    if settings.key_present:
        yield EnvironmentVariable(API_KEY, "***", Layer.ENVIRONMENT, "the key that clients must send")


def certificate(arguments: Iterable[Argument]) -> Certificate | None:
    """What TLS is spoken with, as the merged arguments say; None for plain HTTP."""
    said = {each.key: each for each in arguments if each.value not in (None, False, "")}
    named = said.get(_FILE)
    if named is None:
        if _KEY in said:
            key = said[_KEY]
            raise InvalidValue(
                f"{key.layer}: ssl-keyfile {key.value} is given, and no ssl-certfile",
                hint="give the certificate too: without it the engine speaks plain HTTP or does not start",
            )
        return None
    key_file = said.get(_KEY)
    clients = str(said[_CLIENTS].value) if _CLIENTS in said else "0"
    return Certificate(
        str(named.value), str(key_file.value) if key_file else None, str(named.layer), clients == "2"
    )
