"""Ask the installed vLLM about argument lists; what the scripts that run with its Python share.

A JSON list of `{"id": …, "argv": […]}` is read from stdin, where `argv` is what follows `vllm serve`, and
one JSON object `{id: complaint or null}` is written to stdout. One import of vLLM, which takes most of the
time, serves them all.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import Any, NoReturn

# What vLLM has against an argument list, None when nothing.
Complaint = Callable[[list[str]], str | None]


def answer_all(prepare: Callable[[Any], Complaint]) -> int:
    """Answer for every list on stdin; `prepare` gets the engine's parser, which raises ValueError."""
    # vLLM and its dependencies write to stdout when they are imported; keep the real one for the answer.
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    from vllm.entrypoints.launchers.cli_args import make_arg_parser
    from vllm.utils.argparse_utils import FlexibleArgumentParser

    class Parser(FlexibleArgumentParser):
        """The engine's parser, raising its complaint instead of exiting with it."""

        def error(self, message: str) -> NoReturn:
            raise ValueError(message)

    complaint = prepare(make_arg_parser(Parser(prog="vllm serve")))
    asked: list[dict[str, Any]] = json.load(sys.stdin)
    with answer:
        json.dump({item["id"]: complaint(item["argv"]) for item in asked}, answer, indent=1)
        answer.write("\n")
    return 0
