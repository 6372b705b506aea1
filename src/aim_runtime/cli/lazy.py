"""A group of commands of which only the one that is run is imported."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from keyword import iskeyword
from typing import Any

import click

from aim_runtime.errors import did_you_mean


class LazyGroup(click.Group):
    """`verbs` maps a name to its line of help; the module of that name in `package` has the `command`
    (with a _ after it where the language has the word for itself).

    An unknown verb is answered with the nearest.
    """

    def __init__(self, *args: Any, verbs: Mapping[str, str], package: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._verbs = verbs
        self._package = package

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._verbs)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._verbs:
            return None
        name = cmd_name.replace("-", "_")
        module = import_module(f"{self._package}.{name}_" if iskeyword(name) else f"{self._package}.{name}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(self._verbs.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self._verbs:
            ctx.fail(f"no such command {args[0]!r}{did_you_mean(args[0], self._verbs)}")
        return super().resolve_command(ctx, args)
