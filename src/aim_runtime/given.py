"""Secrets that a user gives as engine arguments: on the command line and in AIM_ENGINE_ARGS."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from aim_runtime.variables import SECRET_ARGUMENTS


def secrets_of_tokens(tokens: Iterable[str]) -> Iterator[str]:
    """The values of secret options in `--key value`, `--key=value`, `--key a b`."""
    secret = False
    for token in tokens:
        if token.startswith("-"):
            key, _, value = token.partition("=")
            secret = is_secret_argument(key)
            if secret and value:
                yield value
        elif secret:
            yield token


def secrets_of_arguments(arguments: Mapping[str, Any]) -> Iterator[str]:
    """The same for arguments that have been parsed."""
    for key, value in arguments.items():
        if is_secret_argument(key):
            yield from map(str, value if isinstance(value, list) else [value])


def is_secret_argument(key: str) -> bool:
    """Whether an engine argument's value is a secret, whatever its spelling."""
    return key.lstrip("-").replace("_", "-") in SECRET_ARGUMENTS
