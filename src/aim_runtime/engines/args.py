"""Engine arguments: the layers merged, and the merged ones spelled as an argv."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aim_runtime.engines.launch import Argument, Layer
from aim_runtime.engines.options import Options
from aim_runtime.errors import UnknownEngineArgument, did_you_mean

# The layers that the user writes.
USERS = (Layer.ENGINE_ARGS, Layer.COMMAND_LINE)


def parse_tokens(tokens: Iterable[str], options: Options) -> dict[str, Any]:
    """Read the arguments after `--`: `--key value`, `--key=value`, `--flag`, `--key a b`.

    Raises UnknownEngineArgument for a token that belongs to no option.
    """
    found: dict[str, list[str] | None] = {}
    key = ""
    for token in tokens:
        if token.startswith("-") and not _is_number(token):
            key, equals, value = token.partition("=")
            before = found.get(key) if options.repeats(options.normal(key, None)[0]) else None
            found[key] = [*(before or []), value] if equals else before
        elif not key:
            raise UnknownEngineArgument(
                f"{token!r} after -- belongs to no option",
                hint="write engine arguments as --key value after --",
            )
        else:
            found[key] = [*(found[key] or []), token]
    return {key: _value(values) for key, values in found.items()}


def _value(values: list[str] | None) -> Any:
    if values is None:
        return None
    return values[0] if len(values) == 1 else values


def _is_number(token: str) -> bool:
    return token.lstrip("-").replace(".", "", 1).isdigit()


def normal(arguments: Mapping[str, Any], options: Options) -> dict[str, Any]:
    """Return the arguments in the one spelling of `Options.normal`; the last of two spellings wins."""
    return dict(options.normal(key, value) for key, value in arguments.items())


def refuse_unknown(arguments: Mapping[str, Any], options: Options, layer: Layer) -> None:
    """Raise UnknownEngineArgument for the first argument of the user's that the engine would refuse."""
    for key in arguments:
        if options.kind(key) is None:
            raise UnknownEngineArgument(
                f"{layer}: vLLM {options.version} has no option {key}{did_you_mean(key, options.table)}",
                hint="list the engine's options with: vllm serve --help=all",
            )


def refuse_together(merged: tuple[Argument, ...], options: Options) -> None:
    """Raise UnknownEngineArgument for what the engine would refuse of the merged arguments.

    The profile's own were looked at before it was chosen: what is wrong now came with the user's.
    """
    arguments = {argument.key: argument.value for argument in merged}
    users = [f"{argument.key} ({argument.layer})" for argument in merged if argument.layer in USERS]
    problem = next(options.problems(arguments), None) if users else None
    if problem:
        raise UnknownEngineArgument(problem, hint=f"mend one of {', '.join(users)}")


def merge(layers: Iterable[tuple[Layer, Mapping[str, Any]]]) -> tuple[Argument, ...]:
    """Put layers over one another, the weakest first; the order of first appearance is kept."""
    merged: dict[str, Argument] = {}
    for layer, arguments in layers:
        for key, value in arguments.items():
            merged[key] = Argument(key, value, layer)
    return tuple(merged.values())


def to_argv(argument: Argument, options: Options) -> list[str]:
    """Spell one argument: null or true `--key`, false `--no-key` where there is one, a list `--key a b`,
    a mapping `--key '<json>'`.
    """
    flag = f"--{argument.key}"
    value = argument.value
    if value is False:
        return [f"--no-{argument.key}"] if options.kind(argument.key) == "boolean" else []
    if value is None or value is True:
        return [flag]
    if isinstance(value, list):
        if options.repeats(argument.key):
            return [token for each in value for token in (flag, str(each))]
        return [flag, *map(str, value)]
    if isinstance(value, dict):
        import json  # few profiles have one, and start-up time matters

        return [flag, json.dumps(value, separators=(",", ":"), sort_keys=True)]
    return [flag, str(value)]
