"""The one place where the process environment becomes settings."""

from __future__ import annotations

import os

from aim_runtime.cli import output
from aim_runtime.given import secrets_of_arguments
from aim_runtime.settings import Settings, expand_secret_files


def settings_from_environment(engine_args: tuple[str, ...] = ()) -> Settings:
    """Read the environment; secrets that `*_FILE` variables point to are put into it for the clients."""
    with_secrets()
    return kept_secret(Settings.from_env(os.environ, engine_args))


def kept_secret(settings: Settings) -> Settings:
    """The settings, whose secrets are shown nowhere from here on."""
    output.hide_also(secrets_of_arguments(settings.engine_args))
    return settings


def with_secrets() -> None:
    """Put the secrets that `*_FILE` variables point to into the environment, for the clients."""
    os.environ.update(expand_secret_files(os.environ))


def settings_with_warnings() -> Settings:
    """The same, with what is to be warned of already printed: for commands that only print."""
    settings = settings_from_environment()
    for warning in settings.warnings:
        output.warning(warning)
    return settings


def inherited() -> dict[str, str]:
    """The environment that child processes start from."""
    return dict(os.environ)
