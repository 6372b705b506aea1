"""Several processes that want the same model at the same time: one fetches, whatever happens to it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from aim_runtime.models.cache import Cache
from integration.models.share.support import (
    TTL_S,
    StartReplica,
    gets,
    is_clean,
    is_the_models,
    library,
    model_at,
)
from integration.models.support import StartHub

ReplicasOf = Callable[[str], StartReplica]


def test_three_at_once_fetch_once(cache: Cache, start_hub: StartHub, replicas_of: ReplicasOf) -> None:
    hub = start_hub("--rate", "750000")
    model_at(hub)
    start = replicas_of(hub.endpoint)
    three = [start() for _ in range(3)]
    assert [each.end() for each in three] == [{"folder": str(cache.folder("org/m"))}] * 3
    assert gets(hub) == 1
    assert is_the_models(cache.folder("org/m"), hub)
    assert is_clean(cache)
    waiting = [each for each in three if any(event.get("phase") == "wait" for event in each.events)]
    assert len(waiting) == 2
    for each in waiting:
        owner = next(other.process.pid for other in three if other not in waiting)
        assert each.notices[0].startswith(
            f"another process is fetching org/m; waiting for it (process {owner} of user "
        )
        seen = [event["done"] for event in each.events if event.get("phase") == "wait"]
        far = [done for done in seen if done]  # before and after, there is nothing to see
        assert far, seen
        assert sorted(far) == far, "how far the owner is"
        assert far[-1] <= 1_600_000
        assert "nothing to fetch" in each.notices[-1]


# A container: process ids of its own, so that those of others mean nothing in it.
CONTAINER = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")


@pytest.mark.parametrize(
    "within",
    [
        (),
        pytest.param(
            CONTAINER, marks=pytest.mark.skipif(os.geteuid() != 0, reason="takes root, to make a namespace")
        ),
    ],
    ids=["same container", "other container"],
)
def test_one_that_is_killed_is_followed_at_once_and_not_from_zero(
    cache: Cache, start_hub: StartHub, replicas_of: ReplicasOf, within: tuple[str, ...]
) -> None:
    slow, fast = start_hub("--rate", "100000"), start_hub()
    model_at(slow, 4_000_000)
    owner = replicas_of(slow.endpoint)(within=within, chunk_bytes=50_000, ttl_s=60)
    owner.wait_until_fetching()
    waiter = replicas_of(fast.endpoint)(within=within, chunk_bytes=50_000, ttl_s=60)
    waiter.wait_until_waiting()
    owner.signal(signal.SIGKILL)
    owner.process.wait()
    killed = time.monotonic()
    assert waiter.end() == {"folder": str(cache.folder("org/m"))}
    assert time.monotonic() - killed < 3
    assert any("is gone; taking over (process " in notice for notice in waiter.notices)
    assert any(notice.endswith("of 4.0 MB are here already") for notice in waiter.notices)
    assert gets(fast) < 81
    assert is_the_models(cache.folder("org/m"), fast)
    assert is_clean(cache)


def test_one_that_was_stopped_for_too_long_yields_to_who_took_over(
    cache: Cache, start_hub: StartHub, replicas_of: ReplicasOf
) -> None:
    slow, other = start_hub("--rate", "100000"), start_hub("--rate", "1000000")
    model_at(slow, 4_000_000)
    killed = cache.staging("org/m") / ".probe-0123"  # by one that was killed while it tried the file system
    killed.mkdir(parents=True)
    os.utime(killed, (1, 1))
    first = replicas_of(slow.endpoint)(chunk_bytes=50_000)
    first.wait_until_fetching()
    first.signal(signal.SIGSTOP)
    second = replicas_of(other.endpoint)(chunk_bytes=50_000)
    second.wait_until(lambda event: event.get("phase") == "download", TTL_S + 5)
    first.signal(signal.SIGCONT)
    for each in (second, first):
        assert each.end() == {"folder": str(cache.folder("org/m"))}
    assert "another process took over fetching org/m from this one" in first.notices
    assert any(notice.endswith("of 4.0 MB are here already") for notice in second.notices)
    assert is_the_models(cache.folder("org/m"), slow)
    assert is_clean(cache)
    assert not cache.staging("org/m").exists()


@pytest.mark.parametrize("switches", [(), ("-DNO_EXCL",)], ids=["no flock", "no locks at all"])
def test_three_writers_where_locks_do_not_work(
    cache: Cache, start_hub: StartHub, replicas_of: ReplicasOf, tmp_path: Path, switches: tuple[str, ...]
) -> None:
    hub = start_hub("--rate", "1500000")
    model_at(hub)
    start = replicas_of(hub.endpoint)
    preload = {"LD_PRELOAD": library("no_locks.c", tmp_path, *switches)}
    three = [start(preload) for _ in range(3)]
    assert [each.end() for each in three] == [{"folder": str(cache.folder("org/m"))}] * 3
    assert is_the_models(cache.folder("org/m"), hub)
    assert is_clean(cache)
    assert all("flock" in each.notices[0] for each in three), "the probe saw that they do not"
    assert gets(hub) == (3 if switches else 1)  # without locks it costs bandwidth, and nothing else


@pytest.mark.parametrize("wrong_s", [-86400, 86400])
def test_the_clock_of_a_waiting_machine_is_wrong(
    cache: Cache, start_hub: StartHub, replicas_of: ReplicasOf, tmp_path: Path, wrong_s: int
) -> None:
    hub = start_hub("--rate", "1000000")
    model_at(hub)
    start = replicas_of(hub.endpoint)
    owner = start()
    owner.wait_until(lambda event: event.get("phase") == "download")
    clock = {"LD_PRELOAD": library("wrong_clock.c", tmp_path), "WRONG_CLOCK_S": str(wrong_s)}
    waiter = start(clock)
    assert waiter.end() == owner.end() == {"folder": str(cache.folder("org/m"))}
    assert gets(hub) == 1
    assert any(event.get("phase") == "wait" for event in waiter.events)


def test_a_waiter_and_an_owner_that_are_asked_to_stop_leave_in_order(
    cache: Cache, start_hub: StartHub, replicas_of: ReplicasOf
) -> None:
    slow = start_hub("--rate", "100000")
    model_at(slow, 4_000_000)
    start = replicas_of(slow.endpoint)
    owner = start(chunk_bytes=50_000)
    owner.wait_until_fetching()
    waiter = start(chunk_bytes=50_000)
    waiter.wait_until_waiting()
    lease = cache.lock("org/m").read_bytes()

    waiter.signal(signal.SIGTERM)
    assert waiter.end(3) == {"stopped": True}
    assert waiter.process.returncode == 0
    assert cache.lock("org/m").read_bytes() == lease

    owner.signal(signal.SIGTERM)
    assert owner.end(3) == {"stopped": True}
    assert list(cache.lock("org/m").parent.iterdir()) == []
    (left,) = cache.staging("org/m").iterdir()
    assert not list(left.glob(".owner*")), "whoever comes next need not ask whose it was"
    assert not (cache.root / "org").exists()

    next_one = replicas_of(start_hub().endpoint)(chunk_bytes=50_000)
    assert next_one.end() == {"folder": str(cache.folder("org/m"))}
    assert next_one.notices[0].endswith("of 4.0 MB are here already")
