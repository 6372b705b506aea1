"""`aim-runtime cache verify`: whether the models in the cache are what they were when they arrived."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Sequence

import click

from aim_runtime.cli import output
from aim_runtime.cli.cache.upstream import as_object, tell
from aim_runtime.cli.environment import inherited, settings_from_environment
from aim_runtime.cli.format_option import format_option
from aim_runtime.cli.log import stopped, working
from aim_runtime.cli.terminal import paint, symbol, wrapped
from aim_runtime.errors import InvalidValue, ModelError, did_you_mean
from aim_runtime.models.inventory.check import Checked, Fault, check
from aim_runtime.models.inventory.entry import Entry
from aim_runtime.models.inventory.scan import scan
from aim_runtime.models.inventory.upstream import Upstream, ask
from aim_runtime.models.layouts import Layout
from aim_runtime.models.ref import ModelRef
from aim_runtime.models.sources.table import Surroundings
from aim_runtime.models.words import size
from aim_runtime.serve import Stopped
from aim_runtime.site import cache_of


@click.command(
    "verify",
    epilog="""\b
Examples:
  aim-runtime cache verify
  aim-runtime cache verify Qwen/Qwen3-32B --deep
  aim-runtime cache verify --deep --format json
  aim-runtime cache verify --upstream
\b
Exit codes: 0 all of them are whole, 5 one is not.
""",
)
@click.argument("models", nargs=-1, metavar="[MODEL]...")
@click.option(
    "--deep", is_flag=True, help="Read every byte and compare its checksum, as after a disk failed."
)
@click.option(
    "--upstream",
    is_flag=True,
    help="Ask the source of each whether it has another version now, or refuses access.",
)
@format_option("text", "json", help_="json is a list with an object a model.")
def command(models: tuple[str, ...], deep: bool, upstream: bool, format_: str) -> int:
    """Check that models are whole: names, sizes and headers, and with --deep every byte.

    What a byte should be is in the record that was written when the model arrived; where another program
    brought it, in that program's. A file with wrong bytes is set aside, so that nothing serves it.

    Nothing is fetched, whatever a source says, and a newer version is no damage.
    """
    settings = settings_from_environment()
    cache = cache_of(settings)
    entries = chosen(scan(cache).models, models)
    found: list[tuple[Checked, Upstream | None]] = []
    around = Surroundings(settings.hub_endpoint, inherited())
    with working(settings) as (report, stop):
        try:
            for entry in entries:
                checked = check(entry, cache.root, deep=deep, report=report)
                theirs = ask(entry, around, report) if upstream else None
                found.append((checked, theirs))
                if format_ == "text":
                    for line in _lines(checked, deep=deep):
                        output.data(line)
                    if theirs is not None:
                        tell(entry, theirs)
        except Stopped:
            return stopped(settings, stop, "stopped")
    if format_ == "json":
        output.data(json.dumps([_object(*each, deep=deep) for each in found], indent=2, ensure_ascii=False))
    damaged = sum(bool(checked.faults) for checked, _ in found)
    output.words(f"{len(found)} checked, {damaged} damaged" if found else f"no model in {cache.root}")
    return ModelError.exit_code if damaged else 0


def chosen(entries: Sequence[Entry], models: Sequence[str]) -> list[Entry]:
    """The models of these names, all of them where none is named; raises InvalidValue for a stranger."""
    known = sorted({entry.model_id for entry in entries})
    for name in models:
        if name not in known:
            raise InvalidValue(
                f"{name} is not in the cache{did_you_mean(name, known)}", hint="see: aim-runtime cache ls"
            )
    return [entry for entry in entries if not models or entry.model_id in models]


def _lines(checked: Checked, *, deep: bool) -> Iterator[str]:
    entry = checked.entry
    mark = symbol("✗", "x") if checked.faults else symbol("✓", "+")
    colour = "red" if checked.faults else "green"
    head, *rest = wrapped(f"{entry.model_id}: {_said(checked, deep=deep)}", f"{mark} ", "  ")
    yield from (head.replace(mark, paint(mark, fg=colour, bold=True), 1), *rest)
    if not checked.faults:
        return
    yield f"    {entry.path}"
    for fault in checked.faults:
        yield from wrapped(fault.text, "  - ", "    ")
        yield from _digests(fault)
    for path in checked.set_aside:
        yield f"    set aside as {path}"
    yield f"      {paint('fix:', fg='green')} {fix(entry)}"


def _digests(fault: Fault) -> Iterator[str]:
    if fault.expected and fault.got:
        yield f"    expected {fault.expected}"
        yield f"    got      {fault.got}"


def _said(checked: Checked, *, deep: bool) -> str:
    if checked.faults:
        return "damaged"
    what = size(checked.entry.size_bytes)
    if not deep:
        return f"whole by names, sizes and headers, {what}"
    if checked.record is None:
        return f"whole by names, sizes and headers, {what}; there is no record to compare its bytes with"
    return f"whole, {checked.files} files as in {checked.record}, {what}"


def fix(entry: Entry) -> str:
    """The command that brings a whole copy."""
    if not entry.ours:
        return f"hf cache rm model/{entry.model_id}   # or fetch a copy of ours: {_fetch(entry)}"
    where = "" if entry.source else "   # or copy it again from where it came"
    return _fetch(entry) + where


def _fetch(entry: Entry) -> str:
    source = entry.source or f"hf://{entry.model_id}"
    words = ["aim-runtime", "download-to-cache", "--model-id", source]
    if ModelRef.parse(source).model_id != entry.model_id:
        words += ["--model-name", entry.model_id]
    if entry.layout is Layout.HUB and entry.ours:
        words.append("--use-hf-cache")
    return shlex.join(words)


def _object(checked: Checked, theirs: Upstream | None, *, deep: bool) -> dict[str, object]:
    entry = checked.entry
    return {
        "model": entry.model_id,
        "path": str(entry.path),
        "layout": str(entry.layout),
        "state": "damaged" if checked.faults else "whole",
        "compared_with": checked.record if deep else None,
        "files_compared": checked.files,
        "faults": [
            {"text": each.text, "file": each.file, "expected": each.expected, "got": each.got}
            for each in checked.faults
        ],
        "set_aside": [str(path) for path in checked.set_aside],
        "fix": fix(entry) if checked.faults else None,
        "upstream": as_object(theirs),
    }
