"""Where weights lie: the kind of file system, and what of the files is in memory, told by the kernel."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aim_runtime.models import page_cache
from aim_runtime.models.filesystem import is_network, kind
from aim_runtime.models.page_cache import cached_pages, resident_share, sampled_share
from aim_runtime.models.residence import look_at, weights_of
from aim_runtime.models.storage import Medium, Storage
from machines.nobody import as_nobody
from page_cache import drop
from tiny_model import write_tiny_model

MIB = 1024**2
MOUNTS = r"""
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/root rw
30 22 0:30 / /models rw - nfs4 server:/models rw
31 30 0:31 / /models/my\040disk rw - xfs /dev/sdb rw
32 30 0:32 / /models/bucket rw master:3 propagate_from:2 - fuse.mountpoint-s3 mountpoint-s3 rw
33 30 0:33 / /models/twice rw - tmpfs tmpfs rw
34 33 0:34 / /models/twice rw - lustre mgs:/scratch rw
a damaged line - with nothing
"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/models/acme/model", "nfs4"),
        ("/models", "nfs4"),
        ("/modelsandmore", "ext4"),
        ("/models/my disk/model", "xfs"),
        ("/models/bucket/model", "fuse.mountpoint-s3"),
        ("/models/twice/model", "lustre"),
        ("/elsewhere", "ext4"),
    ],
)
def test_the_mount_nearest_above_counts(path: str, expected: str, tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    assert kind(Path(path), mounts) == expected


def test_without_a_list_of_mounts_nothing_is_claimed(tmp_path: Path) -> None:
    assert kind(tmp_path, tmp_path / "none") == ""
    assert Storage("").medium is Medium.UNKNOWN


def test_a_link_is_where_it_leads(tmp_path: Path) -> None:
    mounts, blob = tmp_path / "mountinfo", tmp_path / "blobs/abc"
    blob.parent.mkdir()
    blob.write_bytes(b"x")
    mounts.write_text(f"{MOUNTS}40 22 0:40 / {blob.parent} rw - ceph mon:/ rw\n")
    snapshot = tmp_path / "snapshot"
    snapshot.mkdir()
    (snapshot / "model.safetensors").symlink_to(blob)
    assert look_at(snapshot, None, mounts).filesystem == "ceph"


def test_this_machine_has_file_systems_of_its_own() -> None:
    assert kind(Path("/proc/self/status")) == "proc"
    assert kind(Path("/")) != ""
    assert not is_network(Path("/proc"))


@pytest.fixture
def half(tmp_path: Path) -> Path:
    """A file of 64 MiB of which the kernel holds some of the first half."""
    path = tmp_path / "half"
    path.write_bytes(os.urandom(64 * MIB))
    drop(path)
    assert resident_share(path) == 0.0
    with path.open("rb", buffering=0) as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_RANDOM)  # or it reads ahead of the reader
        file.read(32 * MIB)
    return path


def test_the_kernel_tells_what_is_in_memory_in_two_ways(half: Path) -> None:
    size_bytes = half.stat().st_size
    descriptor = os.open(half, os.O_RDONLY)
    try:
        assert sampled_share(descriptor, size_bytes) == pytest.approx(0.5, abs=0.01)
        pages = cached_pages(descriptor)
        if pages is not None:  # since Linux 6.5
            assert pages * os.sysconf("SC_PAGE_SIZE") / size_bytes == pytest.approx(0.5, abs=0.01)
    finally:
        os.close(descriptor)
    assert resident_share(half) == pytest.approx(0.5, abs=0.01)


def test_an_older_kernel_is_asked_the_older_way(half: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_cache, "_CACHESTAT", 100_000)  # a number of no call: ENOSYS, as before 6.5
    descriptor = os.open(half, os.O_RDONLY)
    assert cached_pages(descriptor) is None
    os.close(descriptor)
    assert resident_share(half) == pytest.approx(0.5, abs=0.01)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_of_anothers_file_nothing_is_claimed(half: Path) -> None:
    """The kernel would say that all of it is in memory."""
    half.chmod(0o644)
    assert as_nobody(lambda folder: resident_share(folder / "half"), half.parent) is None


def test_files_of_a_page_and_of_nothing(tmp_path: Path) -> None:
    (tmp_path / "small").write_bytes(b"x")
    (tmp_path / "empty").touch()
    assert resident_share(tmp_path / "small") == 1.0
    assert resident_share(tmp_path / "empty") == 1.0


def test_a_folder_of_weights(tmp_path: Path) -> None:
    folder = write_tiny_model(tmp_path / "model")
    found = look_at(folder, 100)
    size_bytes = (folder / "model.safetensors").stat().st_size
    assert found == Storage(kind(folder), size_bytes, 1.0, 100, True)
    assert found.warm


def test_of_several_formats_the_engine_loads_one(tmp_path: Path) -> None:
    def loaded(*names: str) -> list[str]:
        folder = tmp_path / str(len(names)) / names[0]
        folder.mkdir(parents=True)
        for name in names:
            (folder / name).touch()
        assert look_at(folder, None).safetensors is all(each.suffix != ".bin" for each in weights_of(folder))
        return [path.name for path in weights_of(folder)]

    original, converted, old = "consolidated.safetensors", "model.safetensors", "pytorch_model.bin"
    assert loaded(original, converted, old, "config.json") == [converted]
    assert loaded(original, old, "config.json") == [original]
    assert loaded(old, "config.json") == [old]


def test_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    assert look_at(tmp_path / "org/model", 5) == Storage(kind(tmp_path), 0, None, 5)


def test_what_fits() -> None:
    assert Storage("ext4", 50, 0.0, 100).fits(0.5)
    assert not Storage("ext4", 51, 0.0, 100).fits(0.5)
    assert not Storage("ext4", 1, 0.0, None).fits(0.5)
