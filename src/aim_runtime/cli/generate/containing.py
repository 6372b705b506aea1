"""The options of a container on one machine, and where what is generated is written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from aim_runtime.cli import output
from aim_runtime.cli.environment import inherited
from aim_runtime.cli.generate.names import checked_image
from aim_runtime.cli.generate.planning import plan_for
from aim_runtime.deploy.asked import checked_name, usual_image, usual_name
from aim_runtime.deploy.container.asked import Asked, check, groups, secret
from aim_runtime.deploy.container.container import PROFILES
from aim_runtime.deploy.needs import Needs, needs
from aim_runtime.errors import FileNotWritable, MissingSetting
from aim_runtime.hardware import access

CONTAINER = (
    click.option(
        "--publish", default="", metavar="[ADDRESS:]PORT", help="Where it is reached.  [default: AIM_PORT]"
    ),
    click.option(
        "--render-gid",
        type=click.IntRange(0),
        help="Group of /dev/kfd there.  [default: this machine's, or those that are usual]",
    ),
    click.option("--rootless", is_flag=True, help="For podman without root: keep the groups of its user."),
    click.option(
        "--cache",
        metavar="VOLUME|FOLDER",
        help="Where weights are kept; a folder has a /.  [default: a volume]",
    ),
    click.option("--read-only-cache", is_flag=True, help="The cache has the weights and is not written."),
    click.option("--selinux", is_flag=True, help="Label files and folders for containers."),
)
OUTPUT = (click.option("--output", metavar="FOLDER", help="Write files there instead of printing them."),)


def secret_option(source: str, what: str) -> tuple[Any, ...]:
    """The option `--secret`, whose `source` gives a variable on this platform."""
    return (click.option("--secret", "secrets", multiple=True, metavar=f"NAME={source}", help=what),)


SECRET_FILES = secret_option("FILE", "A file with a secret: HF_TOKEN, AWS_SECRET_ACCESS_KEY, …")


@dataclass(frozen=True)
class File:
    """One generated file; `runs`: it is a program."""

    name: str
    text: str
    runs: bool = False


def containing(engine_args: tuple[str, ...], **said: Any) -> tuple[Needs, Asked]:
    """Plan, and check what was said."""
    plan = plan_for(engine_args)
    wanted = needs(plan, inherited())
    name, image, render_gid = said.pop("name"), said.pop("image"), said.pop("render_gid")
    # Only where nobody says it is looked for: another machine may be meant.
    found = () if render_gid is not None else access.groups(plan.settings.host_root)
    asked = Asked(
        checked_name(name) if name else usual_name(wanted),
        checked_image(image) if image else usual_image(wanted),
        groups=groups(render_gid, found),
        secrets=tuple(map(secret, said.pop("secrets"))),
        **said,
    )
    check(wanted, asked, render_gid=render_gid)
    return wanted, asked


def deliver(files: list[File], wanted: Needs, folder: str | None) -> None:
    """Print the files, or write them and print their paths. Raises MissingSetting, FileNotWritable."""
    profile = wanted.custom_profile
    if folder is None:
        if profile:
            raise MissingSetting(
                f"{wanted.profile_id} is a profile of your own, which has to lie beside what is generated",
                hint="write both into a folder with --output FOLDER",
            )
        output.data("\n".join(_titled(file, len(files) > 1) for file in files))
        return
    if profile:
        files = [*files, File(f"{PROFILES}/{profile.place}", profile.text)]
    for file in files:
        output.data(str(_write(Path(folder), file)))


def _titled(file: File, titled: bool) -> str:
    return (f"# {file.name}\n" if titled else "") + file.text.rstrip("\n") + ("\n" if titled else "")


def _write(folder: Path, file: File) -> Path:
    path = folder / file.name
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(output.redact(file.text), encoding="utf-8")
        if file.runs:
            path.chmod(0o755)
    except OSError as error:
        raise FileNotWritable(
            f"--output {folder}: {path} cannot be written: {error.strerror}",
            hint="name a folder that this user may write, or one that is not there",
        ) from error
    return path
