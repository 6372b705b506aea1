"""The one place where the process environment becomes settings."""

from __future__ import annotations

import os
from dataclasses import replace

from aim_runtime.cli import output
from aim_runtime.secret_arguments import Moved, move_secrets
from aim_runtime.settings import Settings, expand_secret_files


def settings_from_environment(engine_args: tuple[str, ...] = ()) -> Settings:
    """Read the environment; secrets that files or arguments give are put into it, for clients and engine."""
    moved = with_secrets(engine_args)
    return with_taken(Settings.from_env(os.environ, moved.extra_args), moved)


def with_secrets(engine_args: tuple[str, ...] = ()) -> Moved:
    """Put the secrets that files or arguments give into the environment; return what is left of these."""
    os.environ.update(expand_secret_files(os.environ))
    moved = move_secrets(os.environ, engine_args)
    output.hide_also([os.environ.get(name, "") for name in moved.variables])  # what an argument replaces
    os.environ.update(moved.variables)
    return moved


def with_taken(settings: Settings, moved: Moved) -> Settings:
    """The settings, which know what was taken out of them."""
    return replace(settings, taken_arguments=moved.taken, warnings=(*settings.warnings, *moved.warnings))


def settings_with_warnings() -> Settings:
    """The same, with what is to be warned of already printed: for commands that only print."""
    settings = settings_from_environment()
    for warning in settings.warnings:
        output.warning(warning)
    return settings


def engine_python() -> str | None:
    """The Python that has the engine, for commands that need no other setting."""
    return os.environ.get("AIM_ENGINE_PYTHON") or None


def inherited() -> dict[str, str]:
    """The environment that child processes start from."""
    return dict(os.environ)
