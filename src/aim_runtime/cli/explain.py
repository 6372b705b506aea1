"""`aim-runtime explain`: for every profile why it is or is not chosen."""

from __future__ import annotations

from pathlib import Path

import click

from aim_runtime.choice import Choice, choose
from aim_runtime.cli import output
from aim_runtime.cli.arithmetic import profile_text
from aim_runtime.cli.environment import inherited, settings_from_environment, settings_with_warnings
from aim_runtime.cli.explanation import explanation_json
from aim_runtime.cli.format_option import format_option
from aim_runtime.cli.overview import overview_text, problem_text
from aim_runtime.errors import ConfigError
from aim_runtime.profiles.catalog import Problem
from aim_runtime.profiles.select import find
from aim_runtime.profiles.selection import Verdict
from aim_runtime.site import load_catalog_for, survey


def _ids(_context: click.Context, _argument: click.Parameter, begun: str) -> list[str]:
    """The ids that begin so, for the shell; a setting that is wrong has none."""
    try:
        catalog = load_catalog_for(settings_from_environment())
    except ConfigError:
        return []
    return [profile.id for profile in catalog.profiles if profile.id.startswith(begun)]


@click.command(
    "explain",
    epilog="""\b
Examples:
  AIM_ID=CohereLabs/command-a-reasoning-08-2025 aim-runtime explain
  aim-runtime explain general/vllm-mi300x-fp16-tp8-latency
  aim-runtime explain --format json | jq '.profiles[] | select(.rank == 1)'
  aim-runtime explain --diff yesterday.json today.json
  aim-runtime explain --diff yesterday.json now
""",
)
@click.argument("profile_id", required=False, shell_complete=_ids)
@format_option("text", "json", help_="text is for a person; json is described in docs/reference/explain.md.")
@click.option(
    "--diff",
    nargs=2,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="A B",
    help="Say what differs between two run records instead; `now` is what serve would do now. "
    "The exit code is 0, whether or not they differ.",
)
@click.option("-v", "--verbose", is_flag=True, help="Profiles of other models too; json always has them.")
def command(profile_id: str | None, format_: str, diff: tuple[Path, Path] | None, verbose: bool) -> None:
    """Say for every profile why it is or is not chosen, and what would make it run.

    With PROFILE_ID, an id or a file's name without .yaml: that profile, and the arithmetic of its
    memory line by line. Nothing is fetched and no engine is started. A lack of a profile that is right
    is explained too, with exit code 0.
    """
    if diff:
        if profile_id:
            raise click.UsageError("--diff compares records, and takes no PROFILE_ID")
        from aim_runtime.cli.diff import compared  # few need it, and start-up time matters

        output.data(compared(*diff, as_json=format_ == "json"))
        return
    settings = settings_with_warnings()
    choice = choose(settings, survey(settings, environment=inherited()))
    found = _find(profile_id, choice) if profile_id else None
    if format_ == "json":
        output.data(explanation_json(choice, found))
    elif found is None:
        output.data(overview_text(choice, verbose))
    else:
        output.data(problem_text(found) if isinstance(found, Problem) else profile_text(found, choice))


def _find(profile_id: str, choice: Choice) -> Verdict | Problem:
    found = find(profile_id, choice.site.catalog, choice.settings.aim)
    if isinstance(found, Problem):
        return found
    return next(verdict for verdict in choice.verdicts if verdict.profile is found)
