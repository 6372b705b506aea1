"""Users that share a cache: every pod of OpenShift has a user id of its own, and group 0."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import time
from functools import lru_cache
from pathlib import Path

import pytest

from aim_runtime.errors import CacheNotWritable
from aim_runtime.models import sharing
from aim_runtime.models.cache import Cache, make_folder
from aim_runtime.models.events import Progress
from aim_runtime.models.transfer import part
from aim_runtime.models.watch import Timing
from fakes.hub import write_model
from integration.hub import hub_with
from integration.models.share.support import gets, is_clean, is_the_models, stranger
from integration.models.support import FakeHub, Fetcher, StartHub
from machines.child import in_child
from machines.files import scratch

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="takes root, to become somebody else")

FIRST, SECOND = 1000700001, 1000700002  # as OpenShift gives them out
SHARED = 0o2775


@pytest.fixture
def cache(place: Path, monkeypatch: pytest.MonkeyPatch) -> Cache:
    """A cache whose folder is the group's, as that of a volume with fsGroup or of an image is."""
    from huggingface_hub import HfApi, constants

    assert HfApi  # imported here: another user may not be able to
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(place / "no-token"))
    monkeypatch.setattr(part, "CHUNK_BYTES", 50_000)
    place.chmod(0o755)
    root = place / "cache"
    root.mkdir()
    root.chmod(SHARED)
    return Cache(root)


def be(user: int, umask: int) -> None:
    os.umask(umask)
    os.setgroups([])
    os.setresgid(0, 0, 0)
    os.setresuid(user, user, user)
    os.chdir("/")


@lru_cache(maxsize=1)
def load() -> None:
    """Fetch once as root, so that everything is imported: another user may not be able to read it."""
    with scratch() as folder, hub_with(folder / "hub", "org/m", {}) as hub:
        Fetcher(Cache(folder / "cache"), {})("org/m", hub=hub.endpoint)


def by(user: int, cache: Cache, hub: FakeHub, model: str = "org/m", umask: int = 0o022) -> list[str]:
    """Fetch as this user; returns the notices."""

    load()

    def fetch() -> list[str]:
        be(user, umask)
        fetcher = Fetcher(cache, {}, timing=Timing(0.1, 0.5, 0.05))
        fetcher(model, hub=hub.endpoint)
        return fetcher.notices

    return in_child(fetch)


def killed_in_the_middle(user: int, cache: Cache, hub: FakeHub, umask: int) -> None:
    """Fetch as this user, who is killed when a part has arrived."""
    load()
    child = os.fork()
    if child == 0:

        def report(event: object) -> None:
            if isinstance(event, Progress) and event.phase == "download" and event.done_bytes > 800_000:
                os.kill(os.getpid(), signal.SIGKILL)

        try:
            be(user, umask)
            Fetcher(cache, {}, watch=report, timing=Timing(0.1, 0.5, 0.05))("org/m", hub=hub.endpoint)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)


def modes(root: Path) -> tuple[set[int], set[int]]:
    """The modes of all folders and of all files below a folder."""
    found = [path.lstat().st_mode for path in root.rglob("*")]
    return (
        {stat.S_IMODE(mode) for mode in found if stat.S_ISDIR(mode)},
        {stat.S_IMODE(mode) for mode in found if not stat.S_ISDIR(mode)},
    )


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o000])
def test_what_one_user_fetches_is_the_groups(cache: Cache, start_hub: StartHub, umask: int) -> None:
    hub = start_hub()
    for name in ("m", "other"):
        (write_model(hub.root / "org" / name, payload_bytes=200_000) / "more").mkdir()
        (hub.root / "org" / name / "more/file.json").write_text("{}")
    by(FIRST, cache, hub, umask=umask)
    assert modes(cache.root) == ({SHARED}, {0o664})
    by(SECOND, cache, hub, "org/other")
    assert modes(cache.root) == ({SHARED}, {0o664})
    assert (cache.folder("org/other") / "more/file.json").stat().st_uid == SECOND

    def prune() -> None:
        be(SECOND, 0o022)
        shutil.rmtree(cache.folder("org/m"))

    in_child(prune)


@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_what_one_user_began_another_finishes(cache: Cache, start_hub: StartHub, umask: int) -> None:
    slow, fast = start_hub("--rate", "300000"), start_hub()
    write_model(slow.root / "org/m", payload_bytes=2_000_000)
    killed_in_the_middle(FIRST, cache, slow, umask)
    assert cache.lock("org/m").stat().st_uid == FIRST

    began = time.monotonic()
    notices = by(SECOND, cache, fast)
    assert time.monotonic() - began < 3
    assert any("is gone; taking over" in notice for notice in notices)
    assert any(notice.endswith("are here already") for notice in notices)
    assert gets(fast) < 41
    assert is_the_models(cache.folder("org/m"), fast)
    assert modes(cache.root) == ({SHARED}, {0o664})
    assert is_clean(cache)


def test_one_user_mends_what_another_has(cache: Cache, start_hub: StartHub) -> None:
    hub = start_hub()
    write_model(hub.root / "org/m")
    by(FIRST, cache, hub)
    (cache.folder("org/m") / "model.safetensors").write_bytes(b"")
    by(SECOND, cache, hub)
    assert is_the_models(cache.folder("org/m"), hub)
    (cache.folder("org/m") / "model.safetensors").write_bytes(b"")
    cache.folder("org/m").chmod(0o755)  # it is the second's: the first may neither change nor empty it
    for path in cache.folder("org/m").iterdir():
        path.chmod(0o644)
    by(FIRST, cache, hub)
    assert is_the_models(cache.folder("org/m"), hub)


def closed(cache: Cache, *folders: Path) -> None:
    """Make folders of the first user's, with a file each, that nobody else can write."""
    for folder in folders:
        make_folder(folder)
        (folder / "file").write_text("the first user's")
        for path in (folder / "file", folder):
            os.chown(path, FIRST, 0)
            path.chmod(0o755)


@pytest.mark.parametrize(
    "where", ["staging/org--m", "staging/org--m/abandoned", "staging", "locks", "trash", ""]
)
def test_what_is_closed_to_this_user_is_gone_around(cache: Cache, start_hub: StartHub, where: str) -> None:
    hub = start_hub()
    write_model(hub.root / "org/m")
    make_folder(cache.root / "org")
    write_model(cache.folder("org/m")).joinpath("model.safetensors").write_bytes(b"")  # and this is root's
    closed(cache, cache.root / ".aim" / where)
    by(SECOND, cache, hub)
    assert is_the_models(cache.folder("org/m"), hub)
    assert (cache.root / ".aim" / where / "file").read_text() == "the first user's"


@pytest.mark.parametrize("stale", [True, False])
def test_another_users_lease_that_cannot_be_replaced(cache: Cache, start_hub: StartHub, stale: bool) -> None:
    hub = start_hub()
    write_model(hub.root / "org/m")
    lease = cache.lock("org/m")
    closed(cache, lease.parent)
    lease.write_bytes(stranger())
    lease.chmod(0o600)  # it cannot even be read
    os.utime(lease, (1, 1) if stale else None)
    notices = by(SECOND, cache, hub)
    waited, without = notices[:2]
    assert waited == "another process is fetching org/m; waiting for it"
    assert without == f"{lease} cannot be had (Permission denied); fetching org/m without it"
    assert is_the_models(cache.folder("org/m"), hub)
    assert lease.exists()


def test_a_folder_that_is_its_owners_alone_stays_so(cache: Cache, start_hub: StartHub) -> None:
    hub = start_hub()
    write_model(hub.root / "org/m")
    cache.root.chmod(0o755)
    with pytest.raises(CacheNotWritable) as raised:
        by(SECOND, cache, hub)
    assert raised.value.message == (
        f"cannot write to {cache.root}: this user may not write there, and org/m is not there"
    )
    assert list(cache.root.iterdir()) == []
    os.chown(cache.root, FIRST, 0)
    by(FIRST, cache, hub, umask=0)
    assert modes(cache.root) == ({0o755}, {0o644})
    notices = by(SECOND, cache, hub)  # reading is all that it takes
    (notice,) = notices
    assert notice.startswith(f"org/m is already in the cache at {cache.folder('org/m')}; nothing to fetch")


def test_in_a_folder_of_everybodys_things_are_their_makers(place: Path) -> None:
    place.chmod(0o1777)

    def make() -> None:
        be(FIRST, 0o027)
        sharing.make(place / "cache/org")
        (place / "cache/org/file").touch()
        sharing.open_all_below(place / "cache")

    in_child(make)
    assert modes(place) == ({0o750}, {0o640})
