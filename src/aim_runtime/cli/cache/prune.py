"""`aim-runtime cache prune`: remove what nobody needs, after saying what that is."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Sequence
from fnmatch import fnmatch

import click

from aim_runtime.cli import output
from aim_runtime.cli.columns import columns
from aim_runtime.cli.environment import settings_with_warnings
from aim_runtime.cli.format_option import format_option
from aim_runtime.cli.progress import duration
from aim_runtime.cli.terminal import paint, wrapped
from aim_runtime.errors import ConfigError, InvalidValue, ModelError, did_you_mean
from aim_runtime.models.inventory.busy import open_files
from aim_runtime.models.inventory.entry import Inventory
from aim_runtime.models.inventory.prunable import Wish, plan
from aim_runtime.models.inventory.pruning import Pruning, Removal, Removed
from aim_runtime.models.inventory.scan import scan
from aim_runtime.models.words import size
from aim_runtime.site import cache_of

_UNITS = {"m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_AGE = re.compile(r"(\d+)([mhdw])")


def _age(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """Read a time as 12h, 30d or 4w, in seconds."""
    if value is None:
        return None
    match = _AGE.fullmatch(value)
    if match is None:
        raise click.BadParameter(f"{value!r} is not a time: write 12h, 30d or 4w", ctx, param)
    return float(int(match[1]) * _UNITS[match[2]])


@click.command(
    "prune",
    epilog="""\b
Examples:
  aim-runtime cache prune --dry-run
  aim-runtime cache prune --older 30d --keep 'Qwen/*'
  aim-runtime cache prune --older 4w --yes --format json
\b
Exit codes: 0 done, 2 nobody said yes, 5 something could not be removed.
""",
)
@click.option(
    "--older",
    callback=_age,
    metavar="AGE",
    help="Also models, and what engines compiled, not used for this long: 30d.",
)
@click.option(
    "--keep", multiple=True, metavar="MODEL", help="Never this model, or these: 'Qwen/*'. Repeatable."
)
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@format_option("text", "json", help_="json is an object with what was removed and what was kept.")
def command(older: float | None, keep: tuple[str, ...], dry_run: bool, yes: bool, format_: str) -> int:
    """Remove what was left behind, and with --older models that were not used for long.

    Left behind are fetches that broke off more than a day ago, copies that were replaced, and files that
    other programs began and never finished. What is being fetched, served or open is never touched, nor
    is the user's own Hugging Face cache, nor what a link leads to.
    """
    cache = cache_of(settings_with_warnings())
    found = scan(cache)
    _check(keep, found)
    wish = Wish(older, keep, time.time(), lambda seconds: " ".join(duration(seconds).split()[:2]))
    pruning = plan(found, cache, wish, open_files())
    if format_ == "text":
        _show(pruning, found)
    done: list[Removed] = []
    if pruning.removals and not dry_run:
        if not yes and not _agreed(format_):
            output.words("nothing was removed")
            return ConfigError.exit_code
        done = list(pruning.execute())
    failed = [each for each in done if each.error]
    if format_ == "json":
        output.data(json.dumps(_object(pruning, done, dry_run=dry_run), indent=2, ensure_ascii=False))
    else:
        _report(pruning, done, dry_run=dry_run)
    return ModelError.exit_code if failed else 0


def _check(keep: Sequence[str], found: Inventory) -> None:
    """Refuse a name that is in no cache: what was meant to be kept would go."""
    known = sorted({entry.model_id for entry in found.models})
    for pattern in keep:
        if not any(fnmatch(name, pattern) for name in known):
            raise InvalidValue(
                f"--keep {pattern}: no such model in the cache{did_you_mean(pattern, known)}",
                hint="see: aim-runtime cache ls",
            )


def _agreed(format_: str) -> bool:
    """Ask the person at the terminal; raises ConfigError where there is none."""
    if format_ == "json" or not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ConfigError(
            "nothing was removed: there is nobody to ask",
            hint="add --yes to remove it, or --dry-run to only look",
        )
    return click.confirm("Remove all of it?")


def _show(pruning: Pruning, found: Inventory) -> None:
    if pruning.removals:
        cells = [["WHAT", "KIND", "SIZE", "WHY"], *(_cells(each) for each in pruning.removals)]
        first, *lines = columns(cells, right=[2])
        output.data("\n".join([paint(first, bold=True), *lines]))
    for kept in pruning.kept:
        for line in wrapped(f"{kept.removal.name} ({kept.removal.kind}) stays: {kept.why}"):
            output.words(line)
    free = f"; {size(found.free_bytes)} are free now" if found.free_bytes is not None else ""
    if pruning.removals:
        output.words(f"{_count(len(pruning.removals))}, {size(pruning.size_bytes)}{free}")
    else:
        output.words(f"nothing to remove in {found.root}{free}")


def _cells(removal: Removal) -> list[str]:
    return [removal.name, removal.kind, size(removal.size_bytes), removal.why]


def _count(number: int) -> str:
    return "1 thing to remove" if number == 1 else f"{number} things to remove"


def _report(pruning: Pruning, done: Sequence[Removed], *, dry_run: bool) -> None:
    for each in done:
        if each.error:
            output.words(f"{each.removal.path} is still there: {each.error}")
    if done:
        output.words(f"removed {size(sum(each.removal.size_bytes for each in done if not each.error))}")
    elif dry_run and pruning.removals:
        output.words("a dry run: nothing was removed")


def _object(pruning: Pruning, done: Sequence[Removed], *, dry_run: bool) -> dict[str, object]:
    went = [each.removal for each in done if not each.error]
    return {
        "cache": str(pruning.cache.root),
        "dry_run": dry_run,
        "removals": [_removal(each, each.why) for each in pruning.removals],
        "kept": [_removal(each.removal, each.why) for each in pruning.kept],
        "removed": [str(each.path) for each in went],
        "failed": [{"path": str(each.removal.path), "why": each.error} for each in done if each.error],
        "removals_bytes": pruning.size_bytes,
        "removed_bytes": sum(each.size_bytes for each in went),
    }


def _removal(each: Removal, why: str) -> dict[str, object]:
    return {
        "kind": str(each.kind),
        "name": each.name,
        "path": str(each.path),
        "bytes": each.size_bytes,
        "why": why,
    }
