"""The rename that makes a folder the model, when other processes do the same at that moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from aim_runtime.errors import CacheNotWritable
from aim_runtime.models import manifest
from aim_runtime.models.preflight import problems
from aim_runtime.models.swap import publish
from fakes.hub import write_model


@pytest.fixture
def staged(tmp_path: Path) -> Callable[..., Path]:
    """Make whole, sealed folders of one cache."""

    def make(name: str, revision: str = "1") -> Path:
        folder = write_model(tmp_path / "staging" / name)
        manifest.seal(folder, "hf://org/m", revision, lambda _: None)
        return folder

    return make


def test_many_that_publish_at_once_leave_one_whole_model(tmp_path: Path, staged: Callable[..., Path]) -> None:
    final, trash = tmp_path / "org/m", tmp_path / "trash"
    for turn in range(8):
        folders = [staged(f"{turn}-{number}", str(number % 2)) for number in range(4)]
        failures: list[CacheNotWritable] = []

        def run(folder: Path, failures: list[CacheNotWritable] = failures) -> None:
            try:
                publish(folder, final, trash)
            except CacheNotWritable as error:
                failures.append(error)

        threads = [threading.Thread(target=run, args=(folder,)) for folder in folders]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert problems(final) == ()
        assert manifest.read(final) is not None
        assert not trash.exists()
    assert list((tmp_path / "org").iterdir()) == [final]
    assert list((tmp_path / "staging").iterdir()) == []


def test_the_same_model_that_is_there_already_stays(tmp_path: Path, staged: Callable[..., Path]) -> None:
    final = tmp_path / "org/m"
    publish(staged("first"), final, tmp_path / "trash")
    inode = final.stat().st_ino
    publish(staged("second"), final, tmp_path / "trash")
    assert final.stat().st_ino == inode
    publish(staged("third", "2"), final, tmp_path / "trash")
    assert final.stat().st_ino != inode
    assert list((tmp_path / "staging").iterdir()) == []


def test_when_the_new_one_is_gone_the_old_one_stays(tmp_path: Path, staged: Callable[..., Path]) -> None:
    final = tmp_path / "org/m"
    publish(staged("first"), final, tmp_path / "trash")
    with pytest.raises(CacheNotWritable):
        publish(tmp_path / "staging/taken-by-another", final, tmp_path / "trash")
    assert problems(final) == ()


def test_what_a_killed_process_left_in_the_trash_is_removed(
    tmp_path: Path, staged: Callable[..., Path]
) -> None:
    write_model(tmp_path / "trash/abcd")
    publish(staged("first"), tmp_path / "org/m", tmp_path / "trash")
    assert not (tmp_path / "trash").exists()
