"""Ask the installed vLLM's own parser about argument lists; run with a Python that has vLLM.

Reads a JSON list of `{"id": …, "argv": […]}` on stdin, where `argv` is what follows `vllm serve`, and
writes one JSON object `{id: error or null}` to stdout. One import of vLLM, which takes most of the time,
serves them all.
"""

from __future__ import annotations

import json
import os
import sys
from copy import copy
from typing import Any, NoReturn


def main() -> int:
    # vLLM and its dependencies write to stdout when they are imported; keep the real one for the answer.
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    from vllm.entrypoints.launchers.cli_args import make_arg_parser, validate_parsed_serve_args
    from vllm.entrypoints.launchers.launcher import validate_api_server_args
    from vllm.utils.argparse_utils import FlexibleArgumentParser

    class Parser(FlexibleArgumentParser):
        """The engine's parser, raising its complaint instead of exiting with it."""

        def error(self, message: str) -> NoReturn:
            raise ValueError(message)

    parser = make_arg_parser(Parser(prog="vllm serve"))

    def complaint(argv: list[str]) -> str | None:
        try:
            args = parser.parse_args(argv)
            validate_parsed_serve_args(args)
            # The engine puts the name there before it checks it; the default object is shared, so use a copy.
            if args.reasoning_parser:
                args.structured_outputs_config = copy(args.structured_outputs_config)
                args.structured_outputs_config.reasoning_parser = args.reasoning_parser
            validate_api_server_args(args)
        except (ValueError, TypeError, KeyError) as error:
            return f"{type(error).__name__}: {error.args[0] if error.args else error}"
        return None

    asked: list[dict[str, Any]] = json.load(sys.stdin)
    with answer:
        json.dump({item["id"]: complaint(item["argv"]) for item in asked}, answer, indent=1)
        answer.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
