"""Ask the installed vLLM about argument lists, its parser and its configuration both (see asking.py).

The first argument is the folder of a model, of which only the configuration is read.
"""

from __future__ import annotations

import sys
from typing import Any

from asking import Complaint, answer_all


def prepare(parser: Any) -> Complaint:
    from vllm import AsyncEngineArgs
    from vllm.entrypoints.launchers.cli_args import validate_parsed_serve_args

    def complaint(argv: list[str]) -> str | None:
        try:
            args = parser.parse_args([sys.argv[1], "--skip-tokenizer-init", *argv])
            args.model = args.model_tag  # as `vllm serve` does
            validate_parsed_serve_args(args)
            AsyncEngineArgs.from_cli_args(args).create_engine_config()
        except (ValueError, TypeError, LookupError) as error:
            return f"{type(error).__name__}: {error}"
        return None

    return complaint


if __name__ == "__main__":
    sys.exit(answer_all(prepare))
