"""What is said in front of every file: which plan, and what is to be there first."""

from __future__ import annotations

from collections.abc import Iterator

from aim_runtime.deploy.container.asked import Asked, vendor
from aim_runtime.deploy.kubernetes.header import opening
from aim_runtime.deploy.needs import Needs
from aim_runtime.vocabulary import Vendor


def notes(wanted: Needs, asked: Asked, *, made_by: str, use: tuple[str, ...]) -> str:
    """Lines for a comment: `made_by` is the command, `use` says how the file is used."""
    return "\n".join([*opening(wanted, made_by), "", *use, *_first(wanted, asked)])


def readable(asked: Asked) -> Iterator[str]:
    """What files of secrets need, where the container gets them as they are."""
    if asked.secrets and not asked.rootless:
        yield "The files of secrets must be readable by uid 1000, as which the image runs."


def _first(wanted: Needs, asked: Asked) -> Iterator[str]:
    if wanted.secrets and not {name for name, _ in asked.secrets} & set(wanted.secrets):
        why = "The weights are gated" if wanted.gated else "Where the weights need it"
        yield ""
        yield f"{why}: generate it again, with a --secret for {' and '.join(wanted.secrets)}."
    if vendor(wanted) is Vendor.AMD and not asked.rootless:
        yield ""
        yield "The groups may open the GPUs: `stat -c %g /dev/kfd /dev/dri/renderD*` says on the machine"
        yield "which one it is; --render-gid sets it."
