"""`aim-runtime list-profiles`: every profile with its state."""

from __future__ import annotations

from functools import partial

import click

from aim_runtime.choice import choose_among
from aim_runtime.cli import output, tables
from aim_runtime.cli.environment import inherited, settings_with_warnings
from aim_runtime.cli.format_option import format_option
from aim_runtime.cli.tables import Listing, Row
from aim_runtime.plan import judge_all
from aim_runtime.site import load_catalog_for, survey
from aim_runtime.vocabulary import State, place

# The 0.12 name of a state, accepted beside ours.
_ALIASES = {"accelerator_mismatch": State.GPU_MISMATCH}
_STATES = ["all", *(str(state) for state in State), *_ALIASES]


@click.command(
    "list-profiles",
    epilog="""\b
Examples:
  AIM_ID=CohereLabs/command-a-reasoning-08-2025 aim-runtime list-profiles
  aim-runtime list-profiles --state compatible --format json
  aim-runtime list-profiles -v --skip-compatibility-check
""",
)
@click.option(
    "--state",
    type=click.Choice(_STATES),
    metavar="STATE",
    default="all",
    show_default=True,
    help=f"Only this state: {', '.join(_STATES)}.",
)
@format_option(*tables.FORMATS, help_="table is drawn on a terminal and plain in a pipe.")
@click.option("--skip-compatibility-check", is_flag=True, help="Touch no device; every state is unknown.")
@click.option("-v", "--verbose", is_flag=True, help="Add the id, and every reason against a profile.")
def command(state: str, format_: str, skip_compatibility_check: bool, verbose: bool) -> None:
    """List every profile of the AIM with its state on this machine.

    AIM_ID names the AIM; without it the custom and general profiles are listed. The broken files of
    the catalogue are listed too, as invalid.
    """
    settings = settings_with_warnings()
    if skip_compatibility_check:
        catalog, choose = load_catalog_for(settings), None
        rows = [Row.of(profile) for profile in catalog.profiles]
    else:
        site = survey(settings, environment=inherited())
        verdicts = judge_all(settings, site)
        catalog, choose = site.catalog, partial(choose_among, settings, site, verdicts)
        rows = [Row.of(verdict.profile, verdict) for verdict in verdicts]
    rows += [Row.of_problem(problem) for problem in catalog.problems]
    rows.sort(key=lambda row: place(row.origin))
    wanted = _ALIASES.get(state, state)
    rows = [row for row in rows if wanted in ("all", row.state)]
    output.data(tables.FORMATS[format_](Listing(rows, choose, verbose)))
