"""`aim-runtime doctor`: what would stop this machine from serving, and what mends it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict

import click

from aim_runtime.cli import output
from aim_runtime.cli.environment import inherited, settings_with_warnings
from aim_runtime.cli.format_option import format_option
from aim_runtime.cli.terminal import paint, symbol, wrapped
from aim_runtime.doctor import Area, admit, examine
from aim_runtime.doctor.finding import Finding, Severity
from aim_runtime.errors import HardwareError

_MARKS = {
    Severity.ERROR: ("✗", "x", "red"),
    Severity.WARNING: ("!", "!", "yellow"),
    Severity.NOTE: ("·", "-", "cyan"),
    Severity.OK: ("✓", "+", "green"),
}


@click.command(
    "doctor",
    epilog="""\b
Examples:
  aim-runtime doctor
  AIM_ID=CohereLabs/command-a-reasoning-08-2025 aim-runtime doctor
  AIM_ACCELERATOR_TYPE=gpu aim-runtime doctor -v
  aim-runtime doctor --format json | jq '.[] | select(.severity == "error")'
\b
Exit codes: 0 nothing would stop serve (there may be warnings), 3 something would.
""",
)
@format_option("text", "json", help_="json is a list of every finding, also of what is as it should be.")
@click.option("-v", "--verbose", is_flag=True, help="What is as it should be, too.")
def command(format_: str, verbose: bool) -> int:
    """Find what would stop this machine from serving; each finding has the line that mends it.

    The machine is looked at, and for a model that AIM_ID or AIM_MODEL_ID names also memory, disk and
    the place that the weights come from. Nothing is changed, fetched or started.
    """
    patient = admit(settings_with_warnings(), inherited())
    found: list[Finding] = []
    for area, findings in examine(patient):
        found += findings
        if format_ == "text":
            for line in _area(area, findings, verbose):
                output.data(line)
    if format_ == "json":
        output.data(json.dumps([_object(finding) for finding in found], indent=2, ensure_ascii=False))
    counts = Counter(finding.severity for finding in found)
    output.words(_summary(counts))
    return HardwareError.exit_code if counts[Severity.ERROR] else 0


def _area(area: Area, findings: tuple[Finding, ...], verbose: bool) -> Iterator[str]:
    shown = [each for each in findings if verbose or each.severity is not Severity.OK]
    if not shown:
        return
    yield paint(area.title, bold=True)
    for finding in shown:
        yield from _lines(finding)
    yield ""


def _lines(finding: Finding) -> Iterator[str]:
    drawn, plain, colour = _MARKS[finding.severity]
    mark = symbol(drawn, plain)
    first, *rest = wrapped(finding.seen, f"  {mark} ", "    ")
    code = paint(f"  [{finding.code}]", dim=True)
    lines = [first.replace(mark, paint(mark, fg=colour, bold=True), 1), *rest]
    yield from [*lines[:-1], lines[-1] + code]
    if finding.why:
        yield from (paint(line, dim=True) for line in wrapped(finding.why, "    "))
    # A line to copy is never broken.
    yield from (f"      {paint('fix:', fg='green')} {fix}" for fix in finding.fix)


def _object(finding: Finding) -> dict[str, object]:
    return asdict(finding) | {"severity": str(finding.severity), "fix": list(finding.fix)}


def _summary(counts: Counter[Severity]) -> str:
    words = {
        Severity.ERROR: ("error", "errors"),
        Severity.WARNING: ("warning", "warnings"),
        Severity.NOTE: ("note", "notes"),
        Severity.OK: ("thing is as it should be", "things are as they should be"),
    }
    return ", ".join(f"{counts[each]} {words[each][counts[each] != 1]}" for each in words)
