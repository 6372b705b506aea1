"""The models room: all layers of an image, unpacked into the model that they make together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from aim_runtime.errors import ModelNotFound
from aim_runtime.models import manifest
from aim_runtime.models.events import Progress, Report
from aim_runtime.models.oci.contents import MODELCAR_FOLDER, Archive
from aim_runtime.models.oci.unpack import Unpacked


def unpack_layers(where: str, archives: tuple[Archive, ...], blobs: Path, into: Path, report: Report) -> None:
    """Unpack layers, which are in `blobs` by their SHA-256, over each other into `into`.

    Raises VerificationFailed for a layer that cannot or must not be unpacked, ModelNotFound where no file
    came of all of them.
    """
    into.mkdir(exist_ok=True)
    unpacked = Unpacked(into, where)
    total_bytes, done_bytes = sum(archive.descriptor.size for archive in archives), 0
    for archive in archives:
        watch = _watch(report, done_bytes, total_bytes)
        unpacked.add(blobs / archive.descriptor.sha256, archive, watch)
        done_bytes += archive.descriptor.size
    report(Progress("unpack", total_bytes, total_bytes))
    # That of another cache, if somebody packed it: what is in the folder is listed when it is sealed.
    (into / manifest.NAME).unlink(missing_ok=True)
    if not any(path.is_file() for path in into.rglob("*")):
        below = archives[-1].below
        there = ", ".join(f"/{name}" for name in sorted(unpacked.seen - {MODELCAR_FOLDER})) or "nothing"
        raise ModelNotFound(
            f"{where} is an image without a model: it holds {there}, and no file in /{below}",
            hint=f"name an image that has the model in /{MODELCAR_FOLDER}, or an artifact with its files",
        )


def _watch(report: Report, before_bytes: int, total_bytes: int) -> Callable[[int], None]:
    return lambda read_bytes: report(Progress("unpack", before_bytes + read_bytes, total_bytes))
