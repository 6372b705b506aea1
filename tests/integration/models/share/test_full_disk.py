"""A disk that fills up, or a quota that is used up, in the middle of a fetch."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from aim_runtime.errors import CacheNotWritable
from aim_runtime.models.cache import Cache, free_bytes
from aim_runtime.models.events import Event, Progress
from fakes.hub import write_model
from integration.models.share.support import StartReplica, is_clean, is_the_models, library
from integration.models.support import FakeHub, Fetcher, StartHub
from unit.doctor.children import on_a_disk

SHARDS, PAYLOAD_BYTES = 20, 500_000


@pytest.fixture
def hub(start_hub: StartHub) -> FakeHub:
    found = start_hub("--rate", "2000000")
    write_model(found.root / "org/m", shards=SHARDS, payload_bytes=PAYLOAD_BYTES)
    return found


def fetch_while(cache: Cache, hub: FakeHub, eaten: Callable[[], None]) -> tuple[str, str]:
    """Fetch, and let `eaten` happen when a part has arrived; returns the error and its hint."""
    happened: list[bool] = []

    def watch(event: Event) -> None:
        # More than what eight connections have on their way: some files are whole.
        much = isinstance(event, Progress) and event.phase == "download" and event.done_bytes > 4_800_000
        if much and not happened:
            happened.append(True)
            eaten()

    with pytest.raises(CacheNotWritable) as raised:
        Fetcher(cache, {}, watch=watch)("org/m", hub=hub.endpoint)
    return raised.value.message, raised.value.hint


def check(said: str, hint: str, root: Path, why: str) -> None:
    match = re.fullmatch(
        rf"cannot write to {root}: {why}; (\d+\.\d) ([kM])B more are needed, \S+ \w+ are free", said
    )
    assert match, said
    assert 0 < float(match[1]) * {"k": 1e-3, "M": 1}[match[2]] < SHARDS * PAYLOAD_BYTES / 1e6
    assert hint.startswith("make room there and fetch again: what has arrived is kept")


def test_a_disk_that_another_program_fills(tmp_path: Path, hub: FakeHub) -> None:
    root = tmp_path / "cache"
    root.mkdir()

    def fetch() -> tuple[str, str, list[str]]:
        cache, other = Cache(root), root / "other-program"

        def eat() -> None:
            with other.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, free_bytes(root))

        said, hint = fetch_while(cache, hub, eat)
        assert not (root / "org").exists()
        assert list(cache.lock("org/m").parent.iterdir()) == []
        other.unlink()
        fetcher = Fetcher(cache, {})
        assert is_the_models(fetcher("org/m", hub=hub.endpoint), hub)
        assert is_clean(cache)
        return said, hint, fetcher.notices

    said, hint, notices = on_a_disk(root, "size=32m", fetch)
    check(said, hint, root, "the disk is full")
    assert notices[0].endswith("of 10.0 MB are here already")


def test_a_quota_that_is_used_up(
    tmp_path: Path, hub: FakeHub, cache: Cache, replicas_of: Callable[[str], StartReplica]
) -> None:
    start = replicas_of(hub.endpoint)
    limited = start({"LD_PRELOAD": library("quota.c", tmp_path), "QUOTA_BYTES": "5500000"})
    end = limited.end()
    assert (limited.process.returncode, end["error"]) == (5, "model.cache_not_writable")
    check(end["message"], end["hint"], cache.root, "the disk quota is used up")
    more = start()
    more.end()
    assert more.notices[0].endswith("of 10.0 MB are here already")
    assert is_the_models(cache.folder("org/m"), hub)
