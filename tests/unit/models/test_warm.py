"""Reading ahead: what is read and what is not, and damage that is found on the way."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from aim_runtime.errors import VerificationFailed
from aim_runtime.models import manifest
from aim_runtime.models.manifest import FileRecord
from aim_runtime.models.page_cache import resident_share
from aim_runtime.models.residence import look_at
from aim_runtime.models.storage import Storage
from aim_runtime.models.warm import Task, Warming, task
from page_cache import drop
from tiny_model import write_tiny_model

MIB = 1024**2
LARGE = 1 << 40


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sealed model of which no weight is in memory."""
    found = write_tiny_model(tmp_path / "model")
    for number in range(3):
        (found / f"model-{number}.safetensors").write_bytes(os.urandom(8 * MIB))
    manifest.seal(found, "hf://acme/model", None, lambda event: None)
    drop(*found.glob("model-*.safetensors"))
    return found


def records(folder: Path) -> dict[str, FileRecord]:
    written = manifest.read(folder)
    assert written is not None
    return dict(written.files)


def run(todo: Task | None) -> Warming:
    with Warming(todo) as warming:
        deadline = time.monotonic() + 20
        while not warming.finished and time.monotonic() < deadline:
            time.sleep(0.01)
    return warming


def test_what_was_on_the_disk_is_in_memory_afterwards(folder: Path) -> None:
    weights = sorted(folder.glob("model-*.safetensors"))
    assert [resident_share(path) for path in weights] == [0.0] * 3
    done = run(task(folder, look_at(folder, LARGE), {}, ours=folder))
    assert done.whole
    assert not done.verifies
    assert done.done_bytes == done.total_bytes > 24 * MIB
    assert all((resident_share(path) or 0.0) > 0.9 for path in weights)


def test_several_readers_read_everything_once(folder: Path) -> None:
    storage = look_at(folder, LARGE)
    todo = task(folder, Storage("nfs4", storage.weights_bytes, 0.0, LARGE), records(folder), ours=folder)
    assert todo is not None
    assert todo.readers == 4
    done = run(todo)
    done.check()
    assert done.whole
    assert done.done_bytes == sum(path.stat().st_size for path in todo.files)


def test_small_files_come_first_then_the_weights_by_name(folder: Path) -> None:
    todo = task(folder, look_at(folder, LARGE), records(folder), ours=folder)
    assert todo is not None
    assert [path.name for path in todo.files] == [
        *("config.json", "model-0.safetensors", "model-1.safetensors", "model-2.safetensors"),
        "model.safetensors",
    ]


def test_nothing_is_read_that_would_push_others_out(folder: Path) -> None:
    need = look_at(folder, None).weights_bytes
    assert task(folder, look_at(folder, 2 * need - 1), records(folder), ours=folder) is None
    assert task(folder, look_at(folder, None), records(folder), ours=folder) is None
    assert task(folder, look_at(folder, 2 * need), records(folder), ours=folder) is not None


def test_nothing_is_read_that_is_in_memory_and_was_verified(folder: Path) -> None:
    run(task(folder, look_at(folder, LARGE), {}, ours=folder))
    assert task(folder, look_at(folder, LARGE), {}, ours=folder) is None
    todo = task(folder, look_at(folder, LARGE), {"config.json": records(folder)["config.json"]}, ours=folder)
    assert todo is not None
    assert [path.name for path in todo.files] == ["config.json"]


def flip(path: Path) -> None:
    """Another byte in the middle; the size stays."""
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        byte = file.read(1)[0]
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte ^ 1]))


@pytest.mark.parametrize("ours", [True, False])
def test_one_wrong_byte_is_found(ours: bool, folder: Path) -> None:
    damaged = folder / "model-1.safetensors"
    flip(damaged)
    expected = records(folder)["model-1.safetensors"].sha256
    done = run(
        task(
            folder,
            look_at(folder, LARGE),
            records(folder),
            ours=folder.parent if ours else folder / "elsewhere",
        )
    )
    assert not done.whole
    with pytest.raises(VerificationFailed) as failed:
        done.check()
    assert str(damaged) in failed.value.message
    assert f"SHA-256 {expected} was recorded" in failed.value.message
    done.check()  # said once
    assert not done.whole, "it stays wrong"
    assert damaged.exists() is not ours, "what is not ours is not touched"
    assert damaged.with_name("model-1.safetensors.damaged").exists() is ours
    assert ("set aside" in failed.value.hint) is ours


def test_a_file_that_vanishes_is_no_success(folder: Path) -> None:
    todo = task(folder, look_at(folder, LARGE), {}, ours=folder)
    (folder / "model-0.safetensors").unlink()
    assert not run(todo).whole


def test_it_ends_with_the_block(folder: Path) -> None:
    with Warming(task(folder, look_at(folder, LARGE), records(folder), ours=folder)) as warming:
        pass
    deadline = time.monotonic() + 5
    while not warming.finished and time.monotonic() < deadline:
        time.sleep(0.01)
    assert warming.finished


def test_of_a_link_what_it_leads_to_is_set_aside(folder: Path) -> None:
    blob = folder.parent / "blobs/abc"
    blob.parent.mkdir()
    link = folder / "model-1.safetensors"
    link.rename(blob)
    link.symlink_to(blob)
    flip(blob)
    done = run(task(folder, look_at(folder, LARGE), records(folder), ours=folder.parent))
    with pytest.raises(VerificationFailed, match=r"model-1\.safetensors is damaged"):
        done.check()
    assert not link.exists()
    assert (blob.parent / "abc.damaged").is_file()
