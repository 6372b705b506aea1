"""`aim-runtime validate`: whether a plan and a service are what they should be."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import click

from aim_runtime.cli import output
from aim_runtime.cli.checks import Watch, outputs
from aim_runtime.cli.environment import inherited, settings_with_warnings
from aim_runtime.cli.interrupts import interrupts
from aim_runtime.errors import ChecksFailed, FileNotWritable, InvalidValue, did_you_mean
from aim_runtime.validate.config import Config, load
from aim_runtime.validate.listed import NAMES
from aim_runtime.validate.result import FILE, Scope, Validation, write
from aim_runtime.validate.validation import LOG, Asked, validate

_SCOPES = tuple(str(each) for each in Scope)
# What a start may take with its download; a service that is said to run gets less.
_START_S, _RUNNING_S = 3600.0, 30.0


@click.command(
    "validate",
    epilog="""\b
Examples:
  AIM_ID=HuggingFaceTB/SmolLM2-135M-Instruct aim-runtime validate --output-format table
  aim-runtime validate --service-url http://127.0.0.1:8000 --output-dir results
  aim-runtime validate --scope runtime --profile general/vllm-mi300x-fp16-tp1-latency
  aim-runtime validate --service-url https://api.example.com --check unicode --check stop_sequences
\b
Exit codes: 0 no check failed, 7 one did, 130 interrupted. A capability that nobody declares is
skipped, not failed. docs/validate.md says what each check asks for.
""",
)
@click.option("--profile", metavar="ID", help="The profile, as AIM_PROFILE_ID.")
@click.option("--service-url", "url", metavar="URL", help="A service that runs; else one is started.")
@click.option("--model", metavar="NAME", help="The name to ask by; else the plan's, else its first.")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice(_SCOPES),
    multiple=True,
    help="runtime: the profile and the engine here; offline: a service. May be repeated; both by default.",
)
@click.option(
    "--check", "only", multiple=True, metavar="NAME", help="Only this check, and what it needs. Repeatable."
)
@click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A YAML or JSON file that declares capabilities and times.",
)
@click.option(
    "--startup-timeout",
    "wait_s",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help=f"For a start ({_START_S:.0f}), or for the first answer of --service-url ({_RUNNING_S:.0f}).",
)
@click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(min=0, min_open=True),
    default=300.0,
    show_default=True,
    metavar="SECONDS",
    help="How long each answer may take.",
)
@click.option(
    "--output-format",
    "format_",
    type=click.Choice(("json", "table", "ci")),
    default="json",
    show_default=True,
    help="ci is JSON in one line.",
)
@click.option(
    "--output-dir",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help=f"Where {FILE}, and the log of a service that is started, are written.",
)
def command(
    profile: str | None,
    url: str | None,
    model: str | None,
    scopes: tuple[str, ...],
    only: tuple[str, ...],
    config: Path | None,
    wait_s: float | None,
    timeout_s: float,
    format_: str,
    folder: Path | None,
) -> None:
    """Check that a profile is right, and that a service answers as OpenAI's API has it.

    The service is that of --service-url, or one that is started as `serve` does, by the same settings, and
    ended afterwards. What is asked is small: a few hundred tokens in all.
    """
    _known(only)
    if profile:
        os.environ["AIM_PROFILE_ID"] = profile
    settings = settings_with_warnings()
    asked = Asked(
        scopes=frozenset(Scope(each) for each in scopes or _SCOPES),
        config=load(config) if config else Config(),
        url=url,
        model=model,
        key=os.environ.get("VLLM_API_KEY") or None,
        wait_s=wait_s if wait_s is not None else (_RUNNING_S if url else _START_S),
        timeout_s=timeout_s,
        only=frozenset(only),
        folder=folder,
    )
    if folder:
        _make(folder)
    with Watch() as watch, interrupts():
        found = validate(asked, settings, inherited(), watch.tell)
    if folder:
        found = _kept(found, folder)
    output.data(outputs[format_](found))
    if found.failed:
        names = ", ".join(check.name for check in found.failed)
        fixes = "; ".join(f"{check.name}: {check.fix}" for check in found.failed if check.fix)
        count = f"{len(found.failed)} of {len(found.checks)} checks failed"
        raise ChecksFailed(f"{count}: {names}", hint=fixes)
    if not found.success:
        raise ChecksFailed("no check was run", hint="every one was skipped; the result says why")


def _known(names: tuple[str, ...]) -> None:
    for name in names:
        if name not in NAMES:
            raise InvalidValue(
                f"--check {name}: there is no such check{did_you_mean(name, NAMES)}",
                hint="aim-runtime list-checks has them",
            )


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _closed(folder, error) from error


def _kept(found: Validation, folder: Path) -> Validation:
    """Write the result, with the files that it names."""
    log = folder / LOG
    files = (str(folder / FILE), *((str(log),) if found.subject["service_url"] and log.exists() else ()))
    found = replace(found, artifacts=files)
    try:
        write(found, folder, output.redact)
    except OSError as error:
        raise _closed(folder, error) from error
    return found


def _closed(folder: Path, error: OSError) -> FileNotWritable:
    return FileNotWritable(
        f"--output-dir {folder}: {error.strerror}", hint="name a folder that this user may write"
    )
