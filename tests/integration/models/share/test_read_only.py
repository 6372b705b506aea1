"""Caches that nothing can be added to: what is whole is served, and of the rest is said what it lacks."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from aim_runtime.errors import CacheNotWritable
from aim_runtime.models.cache import Cache
from fakes.hub import write_model
from integration.models.support import Fetcher, StartHub
from machines.child import in_child
from machines.nobody import become
from unit.doctor.children import NAMELESS, on_a_disk

_REMOUNT, _READ_ONLY = 32, 1
SHARDS = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")


def read_only(folder: Path, fill: Callable[[Path], object], endpoint: str) -> tuple[str, str]:
    """Fetch org/m into a read-only file system; returns where it is, or what was wrong and what to do."""
    folder.mkdir()

    def fetch() -> tuple[str, str]:
        fill(folder)
        libc = ctypes.CDLL(None, use_errno=True)
        assert libc.mount(b"none", bytes(folder), None, _REMOUNT | _READ_ONLY, None) == 0
        try:
            return str(Fetcher(Cache(folder), {})("org/m", hub=endpoint)), ""
        except CacheNotWritable as error:
            return error.message, error.hint

    return on_a_disk(folder, "size=4m", fetch)


def test_a_whole_model_is_served_from_a_read_only_cache(tmp_path: Path, start_hub: StartHub) -> None:
    hub = start_hub()
    said, _ = read_only(tmp_path / "cache", lambda root: write_model(root / "org/m", shards=2), hub.endpoint)
    assert said == f"{tmp_path}/cache/org/m"
    assert hub.requests() == []


def _damage(root: Path) -> None:
    folder = write_model(root / "org/m", shards=2)
    (folder / SHARDS[0]).unlink()
    os.truncate(folder / SHARDS[1], 100)


@pytest.mark.parametrize(
    ("fill", "lacks", "copy"),
    [
        (lambda root: None, "org/m is not there", "a whole model"),
        (
            _damage,
            "{at} is damaged: {0} is missing; {1} is 100 bytes long, but its header says 135",
            "what is missing",
        ),
    ],
    ids=["not there", "damaged"],
)
def test_what_a_read_only_cache_lacks_is_named(
    tmp_path: Path, start_hub: StartHub, fill: Callable[[Path], object], lacks: str, copy: str
) -> None:
    hub = start_hub()
    write_model(hub.root / "org/m", shards=2)
    root = tmp_path / "cache"
    said, hint = read_only(root, fill, hub.endpoint)
    at = f"{root}/org/m"
    where = root / "org" if "{at}" in lacks else root
    assert (
        said == f"cannot write to {where}: the file system is read-only, and {lacks.format(*SHARDS, at=at)}"
    )
    assert "AIM_CACHE_PATH" in hint
    assert hint.endswith(f"mount this one so that it can be written once, or copy {copy} to {at}")
    assert hub.requests() == [], "nothing is asked for that could not be kept"
    assert CacheNotWritable.exit_code == 5


@pytest.mark.skipif(os.geteuid() != 0, reason="takes root, to become somebody else")
def test_a_cache_that_is_closed_to_this_user_is_as_good_as_read_only(
    place: Path, start_hub: StartHub
) -> None:
    hub = start_hub()
    root = place / "cache"
    _damage(root)
    place.chmod(0o755)
    before = sorted((path, path.lstat().st_mtime_ns) for path in place.rglob("*"))

    def fetch() -> str:
        become(NAMELESS)
        with pytest.raises(CacheNotWritable) as raised:
            Fetcher(Cache(root), {})("org/m", hub=hub.endpoint)
        return raised.value.message

    said = in_child(fetch)
    assert said.startswith(
        f"cannot write to {root}/org: this user may not write there, and {root}/org/m is damaged: "
    )
    assert SHARDS[0] in said
    assert SHARDS[1] in said
    assert sorted((path, path.lstat().st_mtime_ns) for path in place.rglob("*")) == before
    assert hub.requests() == []
