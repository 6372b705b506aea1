"""`aim-runtime profiles migrate`: profiles rewritten for another engine version."""

from __future__ import annotations

from pathlib import Path

import click

from aim_runtime.authoring.engine_version import engine_version
from aim_runtime.authoring.lint import files_under
from aim_runtime.authoring.migrate import Migration, diff, migrate, unchanged, write
from aim_runtime.cli import output
from aim_runtime.cli.environment import engine_python
from aim_runtime.errors import InvalidValue, ProfileError
from aim_runtime.profiles.catalog import AIM_FILE
from aim_runtime.profiles.faults import Broken

_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


@click.command(
    "migrate",
    epilog="""\b
Examples:
  aim-runtime profiles migrate my-profiles
  aim-runtime profiles migrate my-profiles --engine-version 0.32.0 --write
  aim-runtime profiles migrate profile.yaml | patch -p0
\b
Exit codes: 0 done, 4 a file cannot be read as a profile (the others are done).
""",
)
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--engine-version",
    "version",
    metavar="VERSION",
    help="The vLLM to rewrite for; without it the installed one.",
)
@click.option(
    "--write/--dry-run", "writes", default=False, help="Change the files; a dry run is the default."
)
def command(path: Path, version: str | None, writes: bool) -> int:
    """Rewrite profiles for a version of vLLM: removed options go, renamed ones get their new names.

    PATH is a file or a folder. Without --write nothing is changed: the changes are printed as a diff, and
    the reasons beside it on stderr. AIM 0.9's gpu and gpu_count get their present names too. Comments,
    order and everything that need not change stay as they are. Where a profile has evidence, the reasons
    are added to its changes.
    """
    engine = engine_version(version, engine_python())
    files = [each for each in files_under(path) if each.name != AIM_FILE]
    if not files:
        raise InvalidValue(f"{path}: no profile here", hint="profile files end in .yaml")
    changed = refused = 0
    for file in files:
        found = migrate(file, engine.version)
        if isinstance(found, Broken):
            refused += 1
            _refuse(file, found)
        elif not unchanged(found):
            changed += 1
            _show(found, writes)
            if writes:
                write(found)
    output.words(_summary(len(files), changed, refused, engine.version, writes))
    return ProfileError.exit_code if refused else 0


def _show(migration: Migration, writes: bool) -> None:
    output.words(click.style(str(migration.path), bold=True))
    for reason in migration.reasons:
        output.words(f"  {reason}")
    if not writes:
        lines = "".join(diff(migration)).removesuffix("\n").split("\n")
        output.data("\n".join(click.style(line, fg=_COLOURS.get(line[:1])) for line in lines))


def _refuse(path: Path, broken: Broken) -> None:
    for fault in broken.faults:
        place = f"{path}:{fault.line or 1}:{fault.column or 1}"
        output.error(f"{place}: {fault.text}", code=ProfileError.code, hint="mend it, then migrate again")


def _summary(files: int, changed: int, refused: int, version: str, writes: bool) -> str:
    if not changed and not refused:
        return f"nothing to change for vLLM {version} ({files} looked at)"
    what = "changed" if writes else "to change; --write does it"
    left = f", {refused} refused" if refused else ""
    return f"vLLM {version}: {changed} of {files} {what}{left}"
