"""The command line: `aim-runtime VERB`. Commands raise; here an error becomes words and an exit code."""

from __future__ import annotations

import gc
import os
import sys
import threading
from typing import Any, NoReturn

import click

from aim_runtime import __version__
from aim_runtime.cli import output
from aim_runtime.cli.lazy import LazyGroup
from aim_runtime.errors import AimError
from aim_runtime.given import secrets_of_tokens

# Verb to module: a command is imported when it is run, not when another one is.
COMMANDS = {
    "serve": "Fetch the model and serve it (the default).",
    "dry-run": "Print the plan that serve would execute.",
    "list-profiles": "List every profile with its state on this machine.",
    "explain": "Say for every profile why it is or is not chosen.",
    "download-to-cache": "Fetch and verify the weights, without serving them.",
    "cache": "Look at, check, tidy and carry the cache of weights.",
    "detect-hardware": "Print the accelerators of this machine.",
    "doctor": "Find what would stop this machine from serving, with the fix.",
    "healthcheck": "Say by the exit code whether the service here is ready: for a container's probe.",
    "validate": "Check a profile, and that a service answers as it should.",
    "list-checks": "List the checks of validate.",
    "benchmark": "Measure a service under load.",
    "tune": "Search for the profile that serves a model best on this machine.",
    "evaluate": "Ask a model questions, and say whether it answers worse than before.",
    "generate": "Write manifests and labels from the plan: Kubernetes, KServe, Compose, Helm.",
    "profiles": "Check, migrate and write profile files.",
    "completion": "Print the shell completion script.",
}
_EPILOG = """\b
Examples:
  AIM_ID=HuggingFaceTB/SmolLM2-135M-Instruct aim-runtime serve
  AIM_MODEL_ID=hf://Qwen/Qwen3-32B aim-runtime dry-run --format shell
  AIM_ID=CohereLabs/command-a-reasoning-08-2025 aim-runtime list-profiles

\b
The model and everything else is set by AIM_* environment variables; see
docs/reference/variables.md. Exit codes: 0 done, 1 a bug in this program,
2 usage or configuration, 3 hardware, 4 profile, 5 model, 6 engine, 7 a check or benchmark failed,
8 build or deploy.
"""


@click.group(
    cls=LazyGroup,
    verbs=COMMANDS,
    package=__name__,
    invoke_without_command=True,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="aim-runtime")
@click.option(
    "--error-format",
    type=click.Choice(["text", "json"]),
    default=None,
    help="How errors are printed on stderr; json follows AIM_LOG_FORMAT=json.",
)
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default=None,
    help="How the log and progress are printed on stderr; as AIM_LOG_FORMAT.",
)
@click.pass_context
def group(ctx: click.Context, error_format: str | None, log_format: str | None) -> None:
    """Serve a model on this machine through an OpenAI-compatible API."""
    if log_format:
        os.environ["AIM_LOG_FORMAT"] = log_format
        output.setup(os.environ)
    if error_format:
        output.errors_as(error_format)
    if ctx.invoked_subcommand is None:
        command = group.get_command(ctx, "serve")
        assert command is not None
        ctx.invoke(command, engine_args=())


def main(args: list[str] | None = None) -> NoReturn:
    """Run the command line and exit with the code of what happened."""
    # Most commands live for a tenth of a second: what the collector would free, the exit frees.
    gc.disable()
    output.setup(os.environ)
    args = sys.argv[1:] if args is None else args
    output.hide_also(secrets_of_tokens(args))
    sys.excepthook, threading.excepthook = output.bug, output.bug_of_thread
    code = _run(args)
    output.flush()
    # Taking the interpreter apart takes as long as all of the deciding; nothing here needs it.
    os._exit(code)


def _run(args: list[str]) -> int:
    try:
        code: Any = group.main(args, prog_name="aim-runtime", standalone_mode=False)
    except AimError as error:
        output.error(error.line, code=error.code, hint=error.hint, details=error.details)
        return error.exit_code
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx else "aim-runtime"
        output.error(error.format_message(), code="config.usage", hint=f"see: {path} --help")
        return 2
    except (KeyboardInterrupt, click.Abort):
        return 130
    except SystemExit as end:
        code = end.code
    return code if isinstance(code, int) else 0
