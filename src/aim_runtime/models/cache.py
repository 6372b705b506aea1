"""The models room: the folder tree that holds weights, and where in it one model is."""

from __future__ import annotations

import os
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

    A Hugging Face cache is read, never written: the one at `root/hub`, and the one at `read_hub_at`.
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
        if not present and given is None:
            revision = next((ref.revision for ref in sources if ref.scheme is Scheme.HF), None)
            snapshot = self._hub_snapshot(model_id, revision or "main")
            if snapshot is not None:
                path, present = snapshot, True
        return Location(model_id, path, present, sources, token_required, size_bytes)

    def _hub_snapshot(self, model_id: str, revision: str) -> Path | None:
        for hub in (self.root / "hub", self.read_hub_at):
            if hub is None:
                continue
            repository = hub / f"models--{model_id.replace('/', '--')}"
            try:
                commit = (repository / "refs" / revision).read_text(encoding="ascii").strip()
            except (OSError, ValueError):
                commit = revision  # a commit has no ref of its own
            snapshot = repository / "snapshots" / commit
            if looks_filled(snapshot):
                return snapshot
        return None

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

    def _own(self, kind: str, model_id: str) -> Path:
        self.folder(model_id)  # refuses what is not a model id
        return self.root / ".aim" / kind / model_id.replace("/", "--")


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
        raise CacheNotWritable(f"cannot write to {folder}: this user may not", hint=WRITABLE_HINT)


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
            f"not enough room in {folder}: {size(need_bytes)} are needed, {size(free)} are free",
            hint=WRITABLE_HINT,
        )
