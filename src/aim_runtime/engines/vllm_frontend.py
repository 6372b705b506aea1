"""vLLM's front end in Rust: a program that reads requests and writes answers in place of Python's.

It is `vllm-rs` in vLLM's own package, asked for by VLLM_USE_RUST_FRONTEND=1. It has not all of what the front
end in Python has: where something that it lacks is asked for, Python's serves a profile that asks for it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from aim_runtime.engines.launch import Argument, EngineInstall, EnvironmentVariable, Layer
from aim_runtime.errors import InvalidValue
from aim_runtime.settings import Settings

ASKED, PROGRAM = "VLLM_USE_RUST_FRONTEND", "VLLM_RUST_FRONTEND_PATH"
_OFF = (None, "", "0")
# `vllm serve` of a package that is not called vllm: its script does not run (Vllm.find_in), and the module
# that serves in its place (vllm.entrypoints.openai.api_server) knows of Python's front end only.
_SERVE = (
    "import sys; from vllm.entrypoints.cli.serve import cmd_init; "
    "from vllm.utils.argparse_utils import FlexibleArgumentParser; "
    "serve = cmd_init()[0]; parser = FlexibleArgumentParser(); "
    "serve.subparser_init(parser.add_subparsers(dest='subparser')); "
    "given = parser.parse_args(['serve', *sys.argv[1:]]); serve.validate(given); serve.cmd(given)"
)
# To these of vLLM's options vllm-rs 0.32.0 answers "argument is not implemented in Rust frontend yet".
_REFUSES = Path(__file__).with_name("vllm_frontend_refuses.json")


@dataclass(frozen=True)
class FrontEnd:
    """How the engine is called, and with which variables."""

    call: tuple[str, ...]
    variables: tuple[EnvironmentVariable, ...]


def front_end(
    call: tuple[str, ...],
    variables: tuple[EnvironmentVariable, ...],
    arguments: Iterable[Argument],
    install: EngineInstall | None,
    settings: Settings,
    *,
    lacks: str = "",
) -> FrontEnd:
    """Python's front end, or that in Rust where it is asked for and can do what is asked of it.

    `call` is how Python's is called; `lacks` what the one in Rust would lack here, in words, besides options.
    Raises InvalidValue where the user asks for it, and not the profile, and it cannot.
    """
    theirs = settings.engine_environment.get(ASKED)
    asked = theirs if theirs is not None else {each.name: each.value for each in variables}.get(ASKED)
    if asked in _OFF or install is None:
        return FrontEnd(call, variables)
    elsewhere = settings.engine_environment.get(PROGRAM)
    refused = sorted(refuses() & {each.key for each in arguments})
    if elsewhere is None and program_in(install.path) is None:
        lacks = "this vLLM came without vllm-rs, the program that it is"
    elif refused:
        lacks = f"it has no --{refused[0]} yet"
    if not lacks:
        module = "-m" in call
        return FrontEnd((str(install.python), "-c", _SERVE) if module else call, variables)
    if theirs is not None:
        raise InvalidValue(
            f"{ASKED}={theirs} of the environment cannot be followed: {lacks}",
            hint=f"unset {ASKED}: vLLM's front end in Python serves all that an AIM serves. "
            "`make bench` brings vllm-rs to the CPU engine of a checkout",
        )
    reason = f"the front end in Python serves: {lacks}"
    return FrontEnd(
        call,
        tuple(
            replace(each, value=None, layer=Layer.MACHINE, reason=reason) if each.name == ASKED else each
            for each in variables
        ),
    )


def refuses() -> frozenset[str]:
    """The engine's options that it has not."""
    return frozenset(json.loads(_REFUSES.read_text(encoding="utf-8")))


def lacking(*, adapters: bool, embeds: bool, spread: bool) -> str:
    """What it cannot do of what a plan wants, in words; empty where that is nothing."""
    wants = {
        "it loads no LoRA adapters": adapters,
        "it has no embeddings": embeds,
        "it was not tried on several machines": spread,
    }
    return next((words for words, wanted in wants.items() if wanted), "")


def program_in(path: Iterable[str]) -> Path | None:
    """The program of the vLLM that is found first on an interpreter's path, None where it has none."""
    for package in (Path(folder, "vllm") for folder in path):
        # os.path: a folder on the path that this user may not enter is none.
        if os.path.isfile(package / "__init__.py"):  # noqa: PTH113
            return package / "vllm-rs" if os.access(package / "vllm-rs", os.X_OK) else None
    return None
