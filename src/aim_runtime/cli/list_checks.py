"""`aim-runtime list-checks`: what `validate` looks at."""

from __future__ import annotations

import json
import os

import click

from aim_runtime.cli import output
from aim_runtime.cli.columns import columns
from aim_runtime.cli.environment import inherited, settings_with_warnings
from aim_runtime.cli.terminal import paint
from aim_runtime.validate.config import Config
from aim_runtime.validate.listed import CHECKS, GATING
from aim_runtime.validate.planning import look
from aim_runtime.validate.validation import declarations

_HEAD = ("Check", "Scope", "Result", "Needs capability", "Description")


@click.command(
    "list-checks",
    epilog="""\b
Examples:
  aim-runtime list-checks
  aim-runtime list-checks --output-format json | jq -r '.[].name'
  aim-runtime list-checks --profile general/vllm-cpu-bf16-tp1-latency
""",
)
@click.option("--profile", metavar="ID", help="Say of each check whether this profile's service is asked.")
@click.option(
    "--output-format",
    "format_",
    type=click.Choice(("table", "json")),
    default="table",
    show_default=True,
    help="json is a list with an object a check.",
)
def command(profile: str | None, format_: str) -> None:
    """List the checks of `validate` in their order. Without --profile no device is looked at."""
    rows: list[dict[str, object]] = [
        {
            "name": check.name,
            "result_type": check.result_type,
            "scope": check.scope,
            "description": check.description,
            "capability": check.capability,
            "gating": check.name in GATING,
        }
        for check in CHECKS
    ]
    if profile:
        os.environ["AIM_PROFILE_ID"] = profile
        planned = look(settings_with_warnings(), inherited(), required=True)
        found = declarations(None if isinstance(planned, str) else planned.plan, Config())
        for row, check in zip(rows, CHECKS, strict=True):
            declared = found[check.capability] if check.capability else None
            row |= {"runs": declared is None or declared.has, "why": declared.why if declared else ""}
    output.data(json.dumps(rows, indent=2) if format_ == "json" else _table(rows))


def _table(rows: list[dict[str, object]]) -> str:
    more = ("Runs",) if "runs" in rows[0] else ()
    cells = [
        (
            *(str(row["name"]), str(row["scope"]), str(row["result_type"]), str(row["capability"] or "-")),
            *((("yes" if row["runs"] else f"no: {row['why']}"),) if more else ()),
            str(row["description"]),
        )
        for row in rows
    ]
    head, *lines = columns([(*_HEAD[:-1], *more, _HEAD[-1]), *cells])
    return "\n".join([paint(head, bold=True), *lines])
