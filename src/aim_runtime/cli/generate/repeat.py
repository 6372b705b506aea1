"""The command that made a manifest, for its header: as it can be given again."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import click
from click.core import ParameterSource

from aim_runtime.cli.environment import inherited
from aim_runtime.deploy.origins import ADDRESSES
from aim_runtime.settings import ENGINE_PREFIXES, SECRET_SUFFIXES
from aim_runtime.variables import SECRETS, VARIABLES

# Where this machine keeps weights, writes and has its engine: nothing in a manifest follows from it.
_OF_THIS_MACHINE = (
    *("AIM_CACHE_PATH", "AIM_RECORD_PATH", "AIM_TERMINATION_LOG", "HF_HOME", "HF_HUB_CACHE"),
    "AIM_ENGINE_PYTHON",
)


def command_line(context: click.Context, engine_args: tuple[str, ...]) -> str:
    """Variables, program, options; no secret is among them."""
    words = [*_variables(), *context.command_path.split(), *_options(context)]
    return " ".join([*words, *(["--", shlex.join(engine_args)] if engine_args else [])])


def _variables() -> Iterator[str]:
    table = [name for each in VARIABLES for name in (each.name, *each.aliases)]
    named = {*table, *(name for names in ADDRESSES.values() for name in names)}
    named -= {*SECRETS, *_OF_THIS_MACHINE}
    for name, value in sorted(inherited().items()):
        of_the_engine = name.startswith(ENGINE_PREFIXES) and not name.endswith(SECRET_SUFFIXES)
        if (name in named and (value or name == "AIM_MANAGEMENT_PORT")) or of_the_engine:
            yield f"{name}={shlex.quote(value)}"


def _options(context: click.Context) -> Iterator[str]:
    for parameter in context.command.params:
        name = parameter.name or ""
        if context.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
            continue
        if isinstance(parameter, click.Option):
            yield from _option(parameter, context.params[name])


def _option(option: click.Option, value: object) -> Iterator[str]:
    long = max(option.opts, key=len)
    if option.is_flag:
        yield long if value else max(option.secondary_opts, key=len, default=long)
    else:
        for each in value if isinstance(value, (tuple, list)) else [value]:
            yield f"{long} {shlex.quote(str(each))}"
