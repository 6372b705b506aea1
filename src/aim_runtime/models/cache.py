"""The models room: the folder tree that holds weights, and where in it one model is."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from aim_runtime.errors import CacheNotWritable, InvalidModelRef
from aim_runtime.models import sharing
from aim_runtime.models.location import Location
from aim_runtime.models.ref import ModelRef, Scheme
from aim_runtime.models.words import size, why_not_writable

WRITABLE_HINT = "set AIM_CACHE_PATH to a folder that this user can write and that has room"


@dataclass(frozen=True)
class Cache:
    """`root` holds `<org>/<model>/` folders, and `.aim/` what is on its way to become one.

    `root/hub` is the same in the layout of huggingface_hub. `read_hub_at` is the user's own Hugging Face
    cache: read, never written.
    """

    root: Path
    read_hub_at: Path | None = None

    def folder(self, model_id: str) -> Path:
        """Return where the weights of `model_id` (`org/model`, or one word) belong."""
        parts = model_id.split("/")
        if len(parts) > 2 or any(not part or part.startswith(".") for part in parts):
            raise InvalidModelRef(f"{model_id!r} is not a model id", hint="write ORG/MODEL")
        return self.root.joinpath(*parts)

    def locate(
        self,
        model_id: str,
        sources: tuple[ModelRef, ...],
        *,
        token_required: bool = False,
        size_bytes: int | None = None,
    ) -> Location:
        """Find the folder of `model_id`; looks at names only, opens no weights, asks no network."""
        given = next((Path(ref.name) for ref in sources if ref.scheme is Scheme.FILE), None)
        path = given or self.folder(model_id)
        present = looks_filled(path)
        if given is None and not (present and _holds(path, sources)):
            revision = next((ref.revision for ref in sources if ref.scheme is Scheme.HF), None)
            hubs = [hub for hub in (self.hub, self.read_hub_at) if hub is not None]
            found = next(filter(None, (self.snapshot(hub, model_id, revision) for hub in hubs)), None)
            path, present = (found, True) if found is not None else (path, False)
        return Location(model_id, path, present, sources, token_required, size_bytes)

    @property
    def hub(self) -> Path:
        """Where the cache has models as huggingface_hub lays them out."""
        return self.root / "hub"

    def repository(self, model_id: str) -> Path:
        """Return where the snapshots of `model_id` are in the cache's own hub layout."""
        self.folder(model_id)  # refuses what is not a model id
        return self.hub / f"models--{model_id.replace('/', '--')}"

    def snapshot(self, hub: Path, model_id: str, revision: str | None) -> Path | None:
        """Return the snapshot of `model_id` at `revision` in a hub's cache, None where it is not there.

        Without a revision it is the one that `main` was at, else the newest.
        """
        repository = hub / self.repository(model_id).name
        for commit in _commits(repository, revision):
            snapshot = repository / "snapshots" / commit
            if looks_filled(snapshot):
                return snapshot
        return None

    def area(self, kind: str) -> Path:
        """Return the folder that has one kind of the cache's own files, for all models."""
        return self.root / ".aim" / kind

    def staging(self, model_id: str) -> Path:
        """Return where `model_id` is put together, by each process in a folder of its own below it.

        It is on the cache's file system, so a rename publishes it.
        """
        return self._own("staging", model_id)

    def lock(self, model_id: str) -> Path:
        """Return the file that a process creates, and renews, while it fetches `model_id`."""
        return self._own("locks", model_id)

    def trash(self, model_id: str) -> Path:
        """Return where a damaged copy waits until the whole one is in its place."""
        return self._own("trash", model_id)

    def verified(self, folder: Path) -> Path:
        """Return the record of what was found right in `folder`, wherever that is (`verified.py`)."""
        from hashlib import sha256  # of no use to who only looks

        return self.root / ".aim" / "verified" / sha256(os.fsencode(folder)).hexdigest()[:32]

    def used(self, model_id: str) -> Path:
        """Return the file whose time is that of the model's last use."""
        return self._own("used", model_id)

    def _own(self, kind: str, model_id: str) -> Path:
        self.folder(model_id)  # refuses what is not a model id
        return self.area(kind) / model_id.replace("/", "--")


def _holds(folder: Path, sources: tuple[ModelRef, ...]) -> bool:
    """Return whether nothing in `folder` says that it is another revision than the one asked for."""
    if any(ref.revision is None for ref in sources):
        return True
    from aim_runtime.models.pinned import other_revision  # reads JSON, which most looks do not need

    return other_revision(folder, sources) is None


def _commits(repository: Path, revision: str | None) -> Iterator[str]:
    """Yield the names of snapshots that may be `revision`, the best first."""
    if revision is not None and revision.startswith("/"):  # a path of its own, not one in the repository
        return
    with suppress(OSError, ValueError):
        yield (repository / "refs" / (revision or "main")).read_text(encoding="ascii").strip()
    if revision is not None:
        yield revision  # a commit has no ref of its own
        return
    snapshots = repository / "snapshots"
    yield from sorted(names(snapshots), key=lambda name: (-_changed_ns(snapshots / name), name))


def _changed_ns(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def looks_filled(folder: Path) -> bool:
    """Return whether `folder` has a config.json and weights; `preflight.problems` says if they are whole."""
    # A folder that this user may not enter is not filled for it (Path.is_file would raise).
    return os.path.isfile(folder / "config.json") and any(map(is_weights, names(folder)))  # noqa: PTH113


def is_weights(name: str) -> bool:
    """Return whether a file of this name holds weights in a format that the engine reads."""
    return name.endswith((".safetensors", ".bin")) or name.startswith("consolidated")


def names(folder: Path) -> list[str]:
    """Return the names in `folder`; none where it is not there, or is closed to this user."""
    try:
        return [path.name for path in folder.iterdir()]
    except OSError:
        return []


def make_folder(folder: Path) -> None:
    """Create `folder`, or raise CacheNotWritable with the reason."""
    try:
        sharing.make(folder)
    except OSError as error:
        raise not_writable(folder, error) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        read_only = os.statvfs(folder).f_flag & os.ST_RDONLY
        raise not_writable(folder, OSError(errno.EROFS if read_only else errno.EACCES, ""))


def not_writable(folder: Path, error: OSError) -> CacheNotWritable:
    """Return the error to raise when writing below `folder` failed with `error`."""
    return CacheNotWritable(f"cannot write to {folder}: {why_not_writable(error)}", hint=WRITABLE_HINT)


def free_bytes(folder: Path) -> int:
    """Return what a user may still write to the file system of `folder`. Raises OSError."""
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


def ensure_space(folder: Path, need_bytes: int) -> None:
    """Raise CacheNotWritable when the file system of `folder` has less than `need_bytes` free."""
    free = free_bytes(folder)
    if need_bytes > free:
        raise CacheNotWritable(
            f"the disk is too full: not enough room in {folder}: {size(need_bytes)} are needed, "
            f"{size(free)} are free",
            hint=WRITABLE_HINT,
        )
