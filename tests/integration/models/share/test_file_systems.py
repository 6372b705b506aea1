"""File systems that lack something: a fetch works all the same, or says before it begins what is missing."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from aim_runtime.errors import AimError, CacheNotWritable
from aim_runtime.models.cache import Cache
from fakes.hub import write_model
from integration.models.share.support import StartReplica, is_the_models, library, model_at
from integration.models.support import FakeHub, Fetcher, StartHub
from servers import program
from servers.rclone_mount import mounted
from unit.doctor.children import on_a_disk


def on_rclone(folder: Path, hub: FakeHub, *switches: str) -> tuple[list[str], bool, AimError | None]:
    """Fetch into what rclone mounts; returns what was said, whether the model is there, and the error."""
    folder.mkdir()
    program("rclone")  # skips here, and not in the child
    write_model(hub.root / "org/m", shards=2, payload_bytes=300_000)

    def fetch() -> tuple[list[str], bool, AimError | None]:
        source, at = folder / "source", folder / "mounted"
        source.mkdir()
        at.mkdir()
        with mounted(source, at, *switches):
            fetcher = Fetcher(Cache(at), {})
            try:
                there = is_the_models(fetcher("org/m", hub=hub.endpoint), hub)
                return fetcher.notices, there, None
            except AimError as error:
                assert is_empty_soon(source), "what was tried was tidied up"
                return fetcher.notices, False, error

    return on_a_disk(folder, "size=64m", fetch)


def is_empty_soon(source: Path) -> bool:
    """Whether no file is left: the mount passes on what is done in it after a moment."""
    deadline = time.monotonic() + 5
    while any(path.is_file() for path in source.rglob("*")):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


@pytest.mark.servers
def test_a_mount_that_only_writes_files_from_the_start(tmp_path: Path, start_hub: StartHub) -> None:
    hub = start_hub()
    _, _, error = on_rclone(tmp_path / "disk", hub)
    assert isinstance(error, CacheNotWritable)
    assert error.message == (
        f"{tmp_path}/disk/mounted is on a file system (fuse.rclone) without positional write, "
        "and a model cannot be fetched to it"
    )
    assert "AIM_CACHE_PATH" in error.hint
    assert not any("model" in request.rpartition("/")[2] for request in hub.requests())


@pytest.mark.servers
def test_a_mount_without_links_and_modes(tmp_path: Path, start_hub: StartHub) -> None:
    notices, there, error = on_rclone(tmp_path / "disk", start_hub(), "--vfs-cache-mode=writes")
    assert error is None
    assert there
    assert notices[0] == "the file system of the cache, fuse.rclone, has no chmod, symlink"


def test_a_file_system_that_renames_nothing(
    tmp_path: Path, cache: Cache, start_hub: StartHub, replicas_of: Callable[[str], StartReplica]
) -> None:
    hub = start_hub()
    model_at(hub)
    start = replicas_of(hub.endpoint)
    replica = start({"LD_PRELOAD": library("no_rename.c", tmp_path)})
    end = replica.end()
    assert (replica.process.returncode, end["error"]) == (5, "model.cache_not_writable")
    assert f"{cache.root} is on a file system (" in end["message"]
    assert end["message"].endswith(") without rename, and a model cannot be fetched to it")
    assert "AIM_CACHE_PATH" in end["hint"]
    assert hub.requests() == []
