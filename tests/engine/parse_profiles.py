"""Ask the installed vLLM's parser, and the checks of `vllm serve` after it (see asking.py)."""

from __future__ import annotations

import sys
from copy import copy
from typing import Any

from asking import Complaint, answer_all


def prepare(parser: Any) -> Complaint:
    from vllm.entrypoints.launchers.cli_args import validate_parsed_serve_args
    from vllm.entrypoints.launchers.launcher import validate_api_server_args

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

    return complaint


if __name__ == "__main__":
    sys.exit(answer_all(prepare))
