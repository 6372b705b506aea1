"""What may be found in the place of a lease, and who is believed to hold it."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from aim_runtime.models.capabilities import probe
from aim_runtime.models.events import Event, Notice, Progress
from aim_runtime.models.lease import Taken, held, take_away
from aim_runtime.models.owner import Owner
from aim_runtime.models.watch import Timing, Watch
from integration.models.share.support import stranger

QUICK = Timing(beat_s=0.1, ttl_s=0.6, poll_s=0.02)
DAY_S = 86400


def _garbage(lease: Path) -> None:
    lease.write_bytes(b"\xff\x00 {not JSON")


def _empty(lease: Path) -> None:
    lease.touch()


def _wrong_kind(lease: Path) -> None:
    lease.write_text('{"token": 1, "pid": [], "host": null}')


def _folder(lease: Path) -> None:
    lease.mkdir()
    (lease / "file").touch()


def _pipe(lease: Path) -> None:
    os.mkfifo(lease)


def _from_the_future(lease: Path) -> None:
    lease.write_bytes(stranger())
    os.utime(lease, (time.time() + DAY_S,) * 2)


def _old(lease: Path) -> None:
    lease.write_bytes(stranger())
    os.utime(lease, (time.time() - DAY_S,) * 2)


def _of_an_earlier_process_with_this_id(lease: Path) -> None:
    lease.write_bytes(replace(Owner.me("org/m"), born="1").write())


def _of_an_id_that_nobody_has(lease: Path) -> None:
    lease.write_bytes(replace(Owner.me("org/m"), pid=2**22 + 1).write())


@pytest.mark.parametrize(
    ("put", "after_s"),
    [
        (_garbage, 2 * QUICK.beat_s),
        (_empty, 2 * QUICK.beat_s),
        (_wrong_kind, 2 * QUICK.beat_s),
        (_folder, 2 * QUICK.beat_s),
        (_pipe, 2 * QUICK.beat_s),
        (_from_the_future, QUICK.ttl_s),
        (_old, 2 * QUICK.beat_s),
        (_of_an_earlier_process_with_this_id, 0),
        (_of_an_id_that_nobody_has, 0),
    ],
)
def test_what_nobody_renews_is_taken_over(
    tmp_path: Path, put: Callable[[Path], None], after_s: float
) -> None:
    lease = tmp_path / "lease"
    put(lease)
    events: list[Event] = []
    began = time.monotonic()
    with held(lease, "org/m", events.append, flock_works=True, timing=QUICK) as mine:
        took_s = time.monotonic() - began
        assert lease.read_bytes() == mine.owner.write()
    assert (Progress("wait", 0) in events) == (after_s > 0)
    assert after_s <= took_s < after_s + 0.4
    assert list(tmp_path.iterdir()) == []
    assert events[-1] == Notice(f"who was fetching org/m is gone; taking over{_who(events)}")


def _who(events: list[Event]) -> str:
    text = events[-1].text if isinstance(events[-1], Notice) else ""
    return text.partition("taking over")[2]


def test_one_that_is_renewed_is_waited_for_whatever_the_clocks_say(tmp_path: Path) -> None:
    lease = tmp_path / "lease"
    lease.write_bytes(stranger(pid=7, user=1001, started="some time"))
    events: list[Event] = []
    began = time.monotonic()

    def report(event: Event) -> None:
        events.append(event)
        if time.monotonic() - began < 2 * QUICK.ttl_s:  # a day old by every clock, and each time a bit newer
            os.utime(lease, ns=(time.monotonic_ns(),) * 2)
        elif lease.exists():
            lease.unlink()

    with held(lease, "org/m", report, flock_works=True, others=lambda: Progress("wait", 5, 9), timing=QUICK):
        assert time.monotonic() - began > 2 * QUICK.ttl_s
    who = "process 7 of user 1001 on elsewhere, since some time"
    assert events[0] == Notice(f"another process is fetching org/m; waiting for it ({who})")
    assert set(events[1:]) == {Progress("wait", 5, 9)}


def test_two_that_see_the_same_stale_lease_do_not_take_each_others(tmp_path: Path) -> None:
    lease = tmp_path / "lease"
    lease.write_bytes(stranger())
    slow = Watch(lease, QUICK, flock_works=True)
    sight = slow.look()
    assert sight is not None
    lease.unlink()
    with held(lease, "org/m", lambda _: None, flock_works=True, timing=QUICK) as faster:
        assert not take_away(lease, sight, "slower")
        assert lease.read_bytes() == faster.owner.write()
        assert not faster.was_taken
        assert list(tmp_path.iterdir()) == [lease]


def test_an_owner_whose_lease_is_anothers_now_is_told_and_leaves_it_alone(tmp_path: Path) -> None:
    lease = tmp_path / "lease"
    others = stranger()
    with held(lease, "org/m", lambda _: None, flock_works=True, timing=QUICK) as mine:
        report = mine.checked(lambda _: None)
        report(Progress("download", 0))
        lease.write_bytes(others)
        time.sleep(3 * QUICK.beat_s)
        with pytest.raises(Taken):
            report(Progress("download", 1))
        assert mine.was_taken
    assert lease.read_bytes() == others


def test_a_lease_that_somebody_removed_is_made_anew(tmp_path: Path) -> None:
    lease = tmp_path / "locks/lease"
    with held(lease, "org/m", lambda _: None, flock_works=True, timing=QUICK) as mine:
        lease.unlink()
        lease.parent.rmdir()
        time.sleep(3 * QUICK.beat_s)
        assert lease.read_bytes() == mine.owner.write()
        assert not mine.was_taken
    assert list(lease.parent.iterdir()) == []


@pytest.mark.parametrize("flock_works", [True, False])
def test_in_another_container_of_this_machine_a_lock_tells_that_its_holder_ended(
    tmp_path: Path, flock_works: bool
) -> None:
    lease = tmp_path / "lease"
    elsewhere = replace(Owner.me("org/m"), pid_namespace="pid:[1]", host="other", locked=True)
    lease.write_bytes(elsewhere.write())
    watch = Watch(lease, QUICK, flock_works=flock_works)
    watch.look()
    assert watch.is_stale == flock_works
    with lease.open("rb") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)
        assert not watch.is_stale


@pytest.mark.parametrize("dangling", [False, True])
def test_what_is_in_the_way_of_the_folder_of_leases(tmp_path: Path, dangling: bool) -> None:
    if dangling:
        (tmp_path / "locks").symlink_to("nowhere")
    else:
        (tmp_path / "locks").write_text("a file")
    events: list[Event] = []
    with held(tmp_path / "locks/lease", "org/m", events.append, flock_works=True, timing=QUICK) as lease:
        assert not lease.was_taken
    (notice,) = events
    assert isinstance(notice, Notice)
    assert notice.text.endswith("cannot be had (File exists); fetching org/m without it")


def test_an_ordinary_file_system_can_do_everything(tmp_path: Path) -> None:
    assert probe(tmp_path).missing == ()
    assert list(tmp_path.iterdir()) == []
