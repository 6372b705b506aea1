"""What a download takes of a disk and of memory, by the kind of the file system that it writes to."""

from __future__ import annotations

from pathlib import Path

import pytest

from aim_runtime.models import storage
from aim_runtime.models.filesystem import kind
from aim_runtime.models.page_cache import resident_share
from aim_runtime.models.transfer import checking
from aim_runtime.models.transfer.part import Part
from aim_runtime.models.transfer.remote import RemoteFile
from integration.models.transfer.serving import StartFiles, same
from page_cache import drop

MB = 1_000_000


def elsewhere(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the file system of `folder` be of a kind that another machine keeps."""
    probe = folder / "probe"
    probe.write_bytes(bytes(MB))
    drop(probe)  # skips where memory is the disk
    probe.unlink()
    monkeypatch.setattr(storage, "_NETWORK", storage._NETWORK | {kind(folder)})
    monkeypatch.setattr(storage, "_LOCAL", storage._LOCAL - {kind(folder)})


@pytest.mark.parametrize("network", [False, True])
def test_pages_of_a_network_file_system_are_written_and_forgotten(
    tmp_path: Path, start_files: StartFiles, monkeypatch: pytest.MonkeyPatch, network: bool
) -> None:
    """They count as the container's memory, which is how a download ends one."""
    into = tmp_path / "into"
    into.mkdir()
    monkeypatch.setattr(checking, "_SETTLE_BYTES", 500_000)
    if network:
        elsewhere(into, monkeypatch)
    server = start_files()
    server.write("a", 20 * MB)
    server.fetch(into)
    share = resident_share(into / "a")
    assert share is not None
    assert share < 0.3 if network else share > 0.9
    assert same(into, server.root)


@pytest.mark.parametrize("network", [False, True])
def test_room_is_taken_at_once_where_that_is_no_writing(tmp_path: Path, network: bool) -> None:
    """A file system that cannot reserve room would be sent all of it, as zeros."""
    (tmp_path / ".parts").mkdir()
    size_bytes = 8 * MB
    part = Part(RemoteFile("a", size_bytes, "a", '"1"'), tmp_path, network=network)
    part.write(memoryview(b"x" * 1000), 0)
    status = part.path.stat()
    assert status.st_size == size_bytes
    taken_bytes = status.st_blocks * 512
    assert taken_bytes < 100_000 if network else taken_bytes >= size_bytes
