"""A program for the engine's Python: vLLM's own parser and checks on the argument list on stdin, as JSON.

Writes one JSON object: `{"complaint": text or null}`, or `{"unasked": text}` where this vLLM has its parser
in another place; then nothing was checked, and the caller says so. It imports nothing of this package,
which the engine's Python need not have.
"""

import json
import os
import sys
from copy import copy
from importlib import import_module
from typing import Any, NoReturn


def main() -> None:
    """Answer for the list on stdin."""
    # vLLM and its dependencies write to stdout when they are imported; keep the real one for the answer.
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    try:
        arguments: Any = import_module("vllm.entrypoints.launchers.cli_args")
        launcher: Any = import_module("vllm.entrypoints.launchers.launcher")
        utilities: Any = import_module("vllm.utils.argparse_utils")
        make = arguments.make_arg_parser
        ends = (arguments.validate_parsed_serve_args, launcher.validate_api_server_args)
        base: Any = utilities.FlexibleArgumentParser
    except (ImportError, AttributeError) as error:
        with answer:
            json.dump({"unasked": f"{type(error).__name__}: {error}"}, answer)
        return

    class Parser(base):  # type: ignore[misc]
        """The engine's parser, raising its complaint instead of exiting with it."""

        def error(self, message: str) -> NoReturn:
            raise ValueError(message)

    complaint = _complaint(make(Parser(prog="vllm serve")), ends, json.load(sys.stdin))
    with answer:
        json.dump({"complaint": complaint}, answer)


def _complaint(parser: Any, ends: tuple[Any, ...], argv: list[str]) -> str | None:
    try:
        given = parser.parse_args(argv)
        ends[0](given)
        # The engine puts the name there before it checks it; the default object is shared, so use a copy.
        if given.reasoning_parser:
            given.structured_outputs_config = copy(given.structured_outputs_config)
            given.structured_outputs_config.reasoning_parser = given.reasoning_parser
        ends[1](given)
    except (ValueError, TypeError, KeyError) as error:
        return str(error.args[0] if error.args else error)
    return None


if __name__ == "__main__":
    main()
