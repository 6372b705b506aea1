"""`aim-runtime profiles lint`: what is wrong with profile files, and where."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

import click

from aim_runtime.authoring.engine_version import engine_version
from aim_runtime.authoring.finding import Finding, Severity
from aim_runtime.authoring.lint import files_under, lint
from aim_runtime.cli import output
from aim_runtime.cli.environment import engine_python, settings_from_environment
from aim_runtime.cli.format_option import format_option
from aim_runtime.errors import InvalidValue, ProfileError
from aim_runtime.profiles.catalog import shipped_root

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow"}


@click.command(
    "lint",
    epilog="""\b
Examples:
  aim-runtime profiles lint
  aim-runtime profiles lint my-profiles/custom/org/model
  aim-runtime profiles lint my-profiles --engine-version 0.32.0 --format json
\b
Exit codes: 0 no error (there may be warnings), 4 errors.
""",
)
@click.argument("path", type=click.Path(exists=True, path_type=Path), required=False)
@click.option(
    "--engine-version",
    "version",
    metavar="VERSION",
    help="The vLLM whose options count; without it the installed one.",
)
@format_option("text", "json", help_="text has one line for a finding and one for its fix; json is a list.")
def command(path: Path | None, version: str | None, format_: str) -> int:
    """Find what is wrong with profile files and metadata.yaml files.

    PATH is a file or a folder; without it the folder of AIM_PROFILES_PATH and the shipped catalogue are
    looked at. Every finding has its line and column, a severity and what to do.
    """
    engine = engine_version(version, engine_python())
    files = files_under(path) if path else _default_files()
    if not files:
        raise InvalidValue(f"{path}: no profile file in this folder", hint="profile files end in .yaml")
    if not engine.listed:
        output.warning(
            f"the options of vLLM {engine.version} are not on file: only what is known to have changed is "
            f"looked for (on file: {engine.options.version})"
        )
    found = list(lint(files, engine))
    if format_ == "json":
        output.data(json.dumps([{**asdict(each), "path": str(each.path)} for each in found], indent=2))
    else:
        for each in found:
            output.data(_text(each))
    errors = sum(each.severity is Severity.ERROR for each in found)
    output.words(
        f"{_count(len(files), 'file')}: {_count(errors, 'error')}, {_count(len(found) - errors, 'warning')}"
    )
    return ProfileError.exit_code if errors else 0


def _default_files() -> list[Path]:
    mounted = settings_from_environment().profiles_path
    folders = [mounted] if os.path.isdir(mounted) else []  # noqa: PTH112 - Path.is_dir raises where it is closed
    return [file for folder in (*folders, shipped_root()) for file in files_under(folder)]


def _text(finding: Finding) -> str:
    severity = click.style(f"{finding.severity}:", fg=_COLOURS[finding.severity], bold=True)
    line = f"{finding.path}:{finding.line}:{finding.column}: {severity} {finding.text}"
    rule = click.style(f" [{finding.rule}]", dim=True)
    return f"{line}{rule}\n{click.style('  fix:', fg='green')} {finding.fix}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
