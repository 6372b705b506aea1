"""What the user asks of a container on one machine beside the plan."""

from __future__ import annotations

import re
from dataclasses import dataclass

from aim_runtime.deploy.identity import GPU_GROUPS
from aim_runtime.deploy.needs import Needs
from aim_runtime.errors import InvalidValue, MissingSetting, did_you_mean
from aim_runtime.variables import SECRETS
from aim_runtime.vocabulary import Vendor

# What docker and podman take for a volume's name; anything with a / is a folder.
_VOLUME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*")
# What parts the words of a mount in one engine or another.
_PARTS = frozenset(',:"\n')
_PORT = re.compile(r"(?:(?P<host>[0-9.]+|\[[0-9a-fA-F:]+\]):)?(?P<port>[0-9]{1,5})")
# A Linux distribution gives `video` this number nearly everywhere; `render` has another on each.
VIDEO = 44


@dataclass(frozen=True)
class Asked:
    """What was asked for, or is usual.

    `publish` is where the service is reached on the machine: a port, or ADDRESS:PORT. `groups` are the
    numbers of the groups that may open an AMD GPU there. `cache` is a volume, or a folder where it has a
    `/`; None is a volume of our own. `secrets` are pairs of a variable and what gives it.
    """

    name: str
    image: str
    publish: str = ""
    groups: tuple[int, ...] = ()
    rootless: bool = False
    cache: str | None = None
    read_only_cache: bool = False
    secrets: tuple[tuple[str, str], ...] = ()
    selinux: bool = False

    @property
    def folder(self) -> str | None:
        """The folder of the machine that is the cache; None where it is a volume."""
        return self.cache if self.cache and "/" in self.cache else None

    @property
    def volume(self) -> str:
        """The volume that is the cache, where it is one."""
        return self.cache or f"{self.name}-models"


def vendor(wanted: Needs) -> Vendor | None:
    """Who made the GPUs of the plan; None for one that needs none."""
    if not wanted.accelerators.gpus:
        return None
    return wanted.accelerators.vendor or Vendor.AMD


def groups(render_gid: int | None, found: tuple[int, ...]) -> tuple[int, ...]:
    """The groups that may open an AMD GPU: as said, as `found` on this machine, or those that are usual."""
    if render_gid is not None:
        return tuple(sorted({VIDEO, render_gid}))
    return tuple(sorted({VIDEO, *found})) if found else tuple(GPU_GROUPS)


def check(wanted: Needs, asked: Asked, *, render_gid: int | None) -> None:
    """Raise a ConfigError for options that contradict one another or the plan, or cannot be written."""
    _check_groups(wanted, asked, render_gid)
    _check_cache(asked)
    _check_port(wanted, asked.publish)
    _check_secrets(wanted, asked)
    local = [(each.named_by, str(each.path)) for each in wanted.local]
    secrets = [("--secret", path) for _, path in asked.secrets]
    for option, path in [("--cache", asked.folder or ""), *secrets, *local]:
        if _PARTS & set(path):
            raise InvalidValue(
                f"{option} {path!r}: no engine of containers mounts a path with a comma, a colon or a quote",
                hint="give it another name, for example by a link",
            )
    for named_by, path in local:
        if not path.startswith("/"):
            raise InvalidValue(
                f"{named_by}: a container would look for {path} in a folder of its own",
                hint="give the whole path, from /",
            )


def _check_secrets(wanted: Needs, asked: Asked) -> None:
    names = [name for name, _ in asked.secrets]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise InvalidValue(f"--secret {twice} is given twice", hint="leave one of them out")
    missing = [name for name in wanted.guards if name not in names]
    if missing:
        raise MissingSetting(
            f"{missing[0]} is set here, and without it the service would be open to anybody",
            hint=f"say what gives it to the container: --secret {missing[0]}=…; or unset it",
        )


def _check_groups(wanted: Needs, asked: Asked, render_gid: int | None) -> None:
    if render_gid is None:
        return
    if vendor(wanted) is not Vendor.AMD:
        raise InvalidValue(
            f"--render-gid {render_gid}: {wanted.profile_id} needs no AMD GPU",
            hint="leave it out, or set AIM_ACCELERATOR_MODEL to the GPU to plan for",
        )
    if asked.rootless:
        raise InvalidValue(
            f"--rootless and --render-gid {render_gid}: without root no group of the machine has its number",
            hint="leave --render-gid out: --rootless keeps the groups of the user who starts podman",
        )


def _check_cache(asked: Asked) -> None:
    if asked.read_only_cache and asked.cache is None:
        raise InvalidValue(
            "--read-only-cache, and no weights are in a volume that is new",
            hint="name the folder or the volume that has them: --cache",
        )
    if asked.cache is not None and not asked.folder and not _VOLUME.fullmatch(asked.cache):
        raise InvalidValue(
            f"--cache {asked.cache!r} is no name of a volume", hint="a folder has a /: ./models"
        )


def _check_port(wanted: Needs, publish: str) -> None:
    match = _PORT.fullmatch(publish)
    if publish and (match is None or not 0 < int(match["port"]) < 65536):
        raise InvalidValue(
            f"--publish {publish!r} is neither a port nor ADDRESS:PORT", hint="for example 127.0.0.1:8000"
        )
    port = int(match["port"]) if match else wanted.port
    if port == wanted.management_port:
        raise InvalidValue(
            f"the service and its management port are both published at {port}",
            hint="choose another with --publish, or set AIM_MANAGEMENT_PORT",
        )


def secret(text: str) -> tuple[str, str]:
    """Parse `NAME=FILE`. Raises InvalidValue."""
    name, separator, source = text.partition("=")
    if name not in SECRETS:
        raise InvalidValue(
            f"--secret {name!r} is not the variable of a secret{did_you_mean(name, SECRETS)}",
            hint=f"one of {', '.join(SECRETS)}",
        )
    if not (separator and source):
        raise InvalidValue(f"--secret {name} does not say what gives it", hint=f"as {name}=FILE")
    return name, source
