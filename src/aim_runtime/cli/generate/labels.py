"""`aim-runtime generate labels`: what is written on the image of an AIM."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import click

from aim_runtime.cli import output
from aim_runtime.cli.environment import settings_from_environment
from aim_runtime.cli.format_option import format_option
from aim_runtime.errors import InvalidValue, MissingSetting, NotDeployable, did_you_mean
from aim_runtime.images.label_text import FORMATS
from aim_runtime.images.labels import Build, labels, labels_for_any_model
from aim_runtime.images.names import BASE, CPU, checked_tag
from aim_runtime.profiles.aim import AimFile
from aim_runtime.profiles.catalog import AIM_FILE, load_catalog, shipped_root
from aim_runtime.profiles.profile import Profile
from aim_runtime.version import __version__
from aim_runtime.vocabulary import Origin


@click.command(
    "labels",
    epilog="""\b
Examples:
  aim-runtime generate labels --aim-id Qwen/Qwen3-32B
  aim-runtime generate labels --aim-id Qwen/Qwen3-32B --format args | xargs sh -c 'docker build "$@" .' sh
  aim-runtime generate labels --base --revision "$(git rev-parse HEAD)" --created "$SOURCE_DATE_EPOCH"

\b
Exit codes: 0 done, 2 wrong usage, 8 a label would not be understood by those that read it.
""",
)
@click.option("--aim-id", metavar="ORG/MODEL", help="The AIM, as in the catalogue.  [default: AIM_ID]")
@click.option("--base", is_flag=True, help=f"The image {BASE}, which serves any model on GPUs.")
@click.option("--cpu", is_flag=True, help=f"The image {CPU}, which serves any model on a CPU.")
@click.option("--version", "version", default=__version__, show_default=True, help="The tag of the image.")
@click.option("--revision", default="", help="The commit that it is built from.")
@click.option("--created", default="", help="When: a time of RFC 3339, or seconds since 1970.")
@click.option(
    "--source", default="", metavar="URL", help="Where its sources are.  [default: as in metadata.yaml]"
)
@format_option(
    *FORMATS,
    help_="env is NAME=VALUE a line, json an object, dockerfile a LABEL instruction, args --label arguments.",
)
def command(
    aim_id: str | None,
    base: bool,
    cpu: bool,
    version: str,
    revision: str,
    created: str,
    source: str,
    format_: str,
) -> None:
    """Write the labels of an image, from the AIM's metadata.yaml and its profiles.

    Registries and people read org.opencontainers.image.*, and AMD's operator com.amd.aim.*: the
    recommended deployments among these are what it makes its templates of.
    """
    build = Build(checked_tag(version, what="--version"), revision, _time(created), source)
    if bool(aim_id) + base + cpu > 1:
        raise click.UsageError("--aim-id, --base and --cpu are of different images: give one of them")
    if base or cpu:
        found = labels_for_any_model(BASE if base else CPU, build)
    else:
        found = labels(*_aim(aim_id), build)
    output.data(FORMATS[format_](found))


def _aim(asked: str | None) -> tuple[AimFile, list[Profile]]:
    """The metadata of an AIM and its own profiles; with a broken one among them there is no image."""
    settings = settings_from_environment()
    aim_id = asked or settings.aim_id
    if not aim_id:
        raise MissingSetting(
            "no AIM was named whose labels are wanted", hint="add --aim-id ORG/MODEL, --base or --cpu"
        )
    roots = (settings.profiles_path, shipped_root())
    catalog = load_catalog(roots, aim_id)
    broken = [problem for problem in catalog.problems if problem.origin is Origin.MODEL]
    if broken:
        raise NotDeployable(
            f"{broken[0].path}: {broken[0].reason}: no image is made of a folder with a broken file",
            hint=f"see all that is wrong in it with: aim-runtime profiles lint {broken[0].path.parent}",
        )
    if catalog.aim is None:
        raise InvalidValue(
            f"the catalogue has no {AIM_FILE} of {aim_id}{did_you_mean(aim_id, _ids(roots))}",
            hint="name an AIM of the catalogue, or say in AIM_PROFILES_PATH where yours is",
        )
    return catalog.aim, [profile for profile in catalog.profiles if profile.origin is Origin.MODEL]


def _ids(roots: Iterable[Path]) -> list[str]:
    return ["/".join(path.parts[-3:-1]) for root in roots for path in root.glob(f"*/*/{AIM_FILE}")]


def _time(text: str) -> str:
    """A time in UTC as labels have it; empty where none was said."""
    if not text:
        return ""
    try:
        seconds = text.isdecimal()
        time = datetime.fromtimestamp(int(text), UTC) if seconds else datetime.fromisoformat(text)
        if time.tzinfo is None:
            raise ValueError("no time zone")
        return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError) as error:
        raise InvalidValue(
            f"--created {text!r} is not a time: {error}", hint="write it as 2026-11-25T20:00:00Z"
        ) from error
