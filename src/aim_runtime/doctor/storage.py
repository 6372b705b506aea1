"""The cache of models: may this user write to it, and is there room."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from aim_runtime.doctor.finding import Finding, error, ok
from aim_runtime.doctor.patient import Patient
from aim_runtime.errors import ModelError
from aim_runtime.models.cache import free_bytes
from aim_runtime.models.ref import ModelRef, Scheme
from aim_runtime.models.sources.local import LocalSource
from aim_runtime.models.words import size
from aim_runtime.profiles.fit import GIB


def cache(patient: Patient) -> Iterator[Finding]:
    """Can a model be put into the cache, or is it there already."""
    folder = patient.settings.cache_path
    location = patient.plan.location if patient.plan else None
    given = next((ref for ref in location.sources if ref.scheme is Scheme.FILE), None) if location else None
    if given is not None:
        yield _folder_of_the_users(given)
        return
    if location is not None and location.present:
        yield ok("cache.model", f"{location.model_id} is at {location.path}")
        return
    there = _nearest(folder)
    refusal = _refusal(there)
    if refusal is not None:
        yield _not_writable(folder, there, refusal)
        return
    free = free_bytes(there)
    need = location.size_bytes if location else None
    if location is not None and need is not None and need > free:
        claim = f"resources: {{requests: {{storage: {-(-need * 11 // 10 // GIB)}Gi}}}}   # of the claim"
        yield _too_small(folder, free, location.model_id, need, claim)
        return
    wanted = f", {size(need)} are needed" if need is not None else ""
    yield ok("cache.space", f"{folder} can be written, {size(free)} free{wanted}")


def _folder_of_the_users(ref: ModelRef) -> Finding:
    """The folder that the weights are read from: looked at as serving looks at it."""
    try:
        folder = LocalSource().fetch(ref, Path(ref.name), lambda _: None).folder
    except ModelError as reason:
        return error(
            reason.code,
            reason.message,
            "the weights are read from there, and nothing is fetched",
            f"docker run -v FOLDER:{ref.name}:ro …   # the folder that has them",
            f"volumeMounts: [{{name: model, mountPath: {ref.name}, readOnly: true}}]",
            f"AIM_MODEL_ID=file:///FOLDER   # {reason.hint}",
        )
    return ok("cache.model", f"{ref.model_id} is at {folder}")


def room(folder: Path, what: str, need: int) -> Iterator[Finding]:
    """Whether the file system that the folder is on, or would be made on, has room; nothing where it has."""
    free = free_bytes(_nearest(folder))
    if need > free:
        yield _too_small(folder, free, what, need)


def _too_small(folder: Path, free: int, what: str, need: int, *fix: str) -> Finding:
    return error(
        "cache.space",
        f"{folder} has {size(free)} free, and {what} takes {size(need)}",
        "a download that does not fit is refused before its first byte",
        "AIM_CACHE_PATH=FOLDER   # on a larger disk: df -h",
        *fix,
    )


def _nearest(folder: Path) -> Path:
    """The folder, or the nearest above it that there is and that this user can look into."""
    folder = folder.absolute()
    # Path.exists raises where a folder above is closed to this user.
    return next(each for each in (folder, *folder.parents) if os.path.exists(each))  # noqa: PTH110


def _refusal(folder: Path) -> OSError | None:
    """Why a file cannot be made there: found out by making one, which also asks the file system."""
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".aim-doctor-"):
            return None
    except OSError as reason:
        return reason


def _not_writable(folder: Path, there: Path, reason: OSError) -> Finding:
    which = f"{folder}" if there == folder.absolute() else f"{folder} cannot be made: {there}"
    elsewhere = "AIM_CACHE_PATH=FOLDER   # another one, which this user can write"
    why = "weights are kept there, and the model is not there yet"
    if reason.errno == errno.EROFS:
        volume = f"docker run -v FOLDER:{folder} …   # a volume that can be written"
        return error("cache.not_writable", f"{which} is on a read-only file system", why, volume, elsewhere)
    if reason.errno == errno.ENOSPC:
        room = f"df -h {there}; df -i {there}   # bytes and files that are left"
        return error("cache.not_writable", f"{which} is on a full disk", why, room, elsewhere)
    uid, gid, status = os.geteuid(), os.getegid(), there.stat()
    mode = f"uid {status.st_uid}, gid {status.st_gid}, mode {status.st_mode & 0o7777:04o}"
    return error(
        "cache.not_writable",
        f"{which} cannot be written by uid {uid} ({reason.strerror}): it belongs to {mode}",
        why,
        *_given(folder, there, f"{uid}:{gid}"),
        f"docker run -v FOLDER:{folder} …   # a folder of uid {uid}",
        f"securityContext: {{fsGroup: {gid}}}   # of the pod",
        elsewhere,
    )


def _given(folder: Path, there: Path, owner: str) -> tuple[str, ...]:
    """Give the cache to this user, and the cache alone: what is above it is others' too."""
    if there == folder.absolute():
        return (f"sudo chown -R {owner} {folder}   # on the host",)
    enter = () if os.access(there, os.X_OK) else (f"sudo chmod a+x {there}   # on the host",)
    return (*enter, f"sudo mkdir -p {folder} && sudo chown {owner} {folder}   # on the host")
