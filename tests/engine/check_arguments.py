"""Ask the installed vLLM about argument lists, its parser and its configuration both; run with its Python.

Reads a JSON list of `{"id": …, "argv": […]}` on stdin, where `argv` is what follows `vllm serve`, and
writes one JSON object `{id: complaint or null}` to stdout. The first argument is the folder of a model,
of which only the configuration is read.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any, NoReturn


def main(model: str) -> int:
    # vLLM and its dependencies write to stdout when they are imported; keep the real one for the answer.
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    from vllm import AsyncEngineArgs
    from vllm.entrypoints.launchers.cli_args import make_arg_parser, validate_parsed_serve_args
    from vllm.utils.argparse_utils import FlexibleArgumentParser

    class Parser(FlexibleArgumentParser):
        """The engine's parser, raising its complaint instead of exiting with it."""

        def error(self, message: str) -> NoReturn:
            raise ValueError(message)

    parser = make_arg_parser(Parser(prog="vllm serve"))

    def complaint(argv: list[str]) -> str | None:
        try:
            args = parser.parse_args([model, "--skip-tokenizer-init", *argv])
            args.model = args.model_tag  # as `vllm serve` does
            validate_parsed_serve_args(args)
            AsyncEngineArgs.from_cli_args(args).create_engine_config()
        except (ValueError, TypeError, LookupError) as error:
            return f"{type(error).__name__}: {error}"
        return None

    asked: list[dict[str, Any]] = json.load(sys.stdin)
    with answer:
        json.dump({item["id"]: complaint(item["argv"]) for item in asked}, answer, indent=1)
        answer.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
