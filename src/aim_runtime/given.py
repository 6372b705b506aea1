"""Secrets that a user gives as engine arguments on the command line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

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


def is_secret_argument(key: str) -> bool:
    """Whether an engine argument's value is a secret, whatever its spelling."""
    return key.lstrip("-").replace("_", "-") in SECRET_ARGUMENTS
