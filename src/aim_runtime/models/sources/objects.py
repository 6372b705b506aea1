"""The models room: which objects of a store are the files of a model. No I/O: listings in, files out.

A store has no folders: `org/m2/a` begins with `org/m` as `org/m/a` does. Only what is below `org/m/` is the
model's (KServe and others fetch both: https://github.com/kserve/kserve/issues/3776).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from aim_runtime.errors import did_you_mean
from aim_runtime.models.cache import is_weights
from aim_runtime.models.ref import ARCHIVES
from aim_runtime.models.sources import sums
from aim_runtime.models.transfer.remote import Algorithm, Digest, RemoteFile
from aim_runtime.models.wanted import choose, is_inside

# What some tools put into a store to stand for an empty folder.
_MARKER = "_$folder$"
_NAMED = 5
# A key that is a model by itself.
WHOLE_MODELS = (*ARCHIVES, ".gguf")


@dataclass(frozen=True)
class StoredObject:
    """One object of a listing; `etag` and `digest` as far as the store tells them."""

    key: str
    size_bytes: int
    etag: str | None = None
    digest: Digest | None = None


@dataclass(frozen=True)
class Folder:
    """What is below one prefix: objects by their path in it, and keys that cannot be files of a folder."""

    objects: Mapping[str, StoredObject]
    odd: tuple[str, ...] = ()


@dataclass(frozen=True)
class Chosen:
    """The files to fetch, what a person should know about the choice, and the state they are in.

    `revision` is a digest of the names, versions and sizes: the same for as long as nothing changes.
    """

    files: tuple[RemoteFile, ...]
    notices: tuple[str, ...]
    revision: str


def below(prefix: str, listed: Iterable[StoredObject]) -> Folder:
    """Return what is below `prefix` (without slashes around it; empty for a whole bucket)."""
    start = f"{prefix}/" if prefix else ""
    names: dict[str, StoredObject] = {}
    odd: list[str] = []
    for each in listed:
        name = each.key.removeprefix(start)
        if not each.key.startswith(start) or not name or name.endswith(("/", _MARKER)):
            continue
        # `a//b` and `a/./b` are keys of their own, and would be the same file as `a/b`.
        if is_inside(name) and str(PurePosixPath(name)) == name:
            names[name] = each
        else:
            odd.append(each.key)
    parents = {str(parent) for name in names for parent in PurePosixPath(name).parents}
    objects = {name: each for name, each in names.items() if name not in parents or each.size_bytes}
    clash = sorted(name for name in objects if name in parents)
    for name in clash:
        odd.append(objects.pop(name).key)
    return Folder(objects, tuple(sorted(odd)))


def choose_files(folder: Folder, promised: Mapping[str, str]) -> Chosen:
    """Choose what makes the model; `promised` are the SHA-256 by name that a SHA256SUMS file gives."""
    sizes = {name: each.size_bytes for name, each in folder.objects.items() if name != sums.NAME}
    wanted = choose(sizes)
    files = []
    for name in sorted(wanted.sizes):
        each = folder.objects[name]
        digest = Digest(Algorithm.SHA256, promised[name]) if name in promised else each.digest
        files.append(RemoteFile(name, each.size_bytes, each.key, each.etag, digest))
    notices = [str(wanted)] if str(wanted) else []
    if folder.odd:
        notices.append(f"left out, as no file of a folder can be called so: {brief(folder.odd)}")
    absent = sorted(set(promised) - set(sizes))
    if absent:
        notices.append(f"{sums.NAME} names files that are not there: {brief(absent)}")
    return Chosen(tuple(files), tuple(notices), revision(files))


def revision(files: Iterable[RemoteFile]) -> str:
    """Return a digest of the names, versions and sizes of `files`, whatever their order."""
    lines = sorted(f"{file.name}\t{file.etag or ''}\t{file.size_bytes}\n" for file in files)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def lack(names: Iterable[str]) -> str | None:
    """Return what `names` hold where that is not one model's weights; None where it is."""
    weights = [name for name in names if "/" not in name and (is_weights(name) or name.endswith(".gguf"))]
    if not weights:
        return "no weights"
    if len(weights) > 1 and all(name.endswith(".gguf") for name in weights):
        return f"{len(weights)} GGUF files and nothing else"
    return None


def nearest(prefix: str, there: Iterable[str]) -> str:
    """Return, in words, what there is in place of `prefix`: the likeliest first."""
    known = sorted({each.strip("/") for each in there if each.strip("/")})
    if not known:
        return "nothing is there at all"
    return f"there are {brief(known)}{did_you_mean(prefix, known)}"


def brief(names: Iterable[str]) -> str:
    """Return the first of `names`, and how many more there are."""
    every = list(names)
    more = f" and {len(every) - _NAMED} more" if len(every) > _NAMED else ""
    return ", ".join(every[:_NAMED]) + more
