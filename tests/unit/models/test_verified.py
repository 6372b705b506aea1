"""What was found right is not hashed again, until anything about a file is another."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from aim_runtime.models import manifest
from aim_runtime.models.verified import remember, sealed, unverified
from machines.nobody import as_nobody
from tiny_model import write_tiny_model

FILES = {"config.json", "model.safetensors"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = write_tiny_model(tmp_path / "model")
    manifest.seal(found, "hf://acme/model", "abc", lambda event: None)
    return found


@pytest.fixture
def record(tmp_path: Path) -> Path:
    return tmp_path / "cache/verified/acme--model"


def test_everything_is_to_be_verified_once(folder: Path, record: Path) -> None:
    assert set(unverified(folder, record)) == FILES
    remember(folder, record)
    assert unverified(folder, record) == {}


def test_a_folder_without_a_manifest_has_nothing_to_compare_with(tmp_path: Path, record: Path) -> None:
    folder = write_tiny_model(tmp_path / "model")
    remember(folder, record)
    assert unverified(folder, record) == {}
    assert not record.exists()


def rewrite(path: Path) -> None:
    path.write_bytes(path.read_bytes())


def copy(path: Path) -> None:
    shutil.copy2(path, path.with_name("copy"))  # another inode with the same time
    path.with_name("copy").replace(path)


CHANGES: dict[str, Callable[[Path], None]] = {
    "written": rewrite,
    "copied": copy,
    "touched": lambda path: os.utime(path, ns=(1, 1)),
    "longer": lambda path: os.truncate(path, path.stat().st_size + 1),
    "gone": Path.unlink,
}


@pytest.mark.parametrize("how", CHANGES)
def test_a_file_that_changed_is_verified_again(how: str, folder: Path, record: Path) -> None:
    remember(folder, record)
    CHANGES[how](folder / "model.safetensors")
    assert set(unverified(folder, record)) == {"model.safetensors"}


def test_another_manifest_is_verified_again(folder: Path, record: Path) -> None:
    before = sealed(folder)
    remember(folder, record)
    assert sealed(folder) == before
    (folder / "config.json").write_text('{"other": 1}')
    manifest.seal(folder, "hf://acme/model", "def", lambda event: None)
    assert sealed(folder) != before
    assert set(unverified(folder, record)) == {"config.json"}


@pytest.mark.parametrize("text", ["", "[]", "{", '{"config.json": 7}', "[" * 100_000])
def test_a_damaged_record_vouches_for_nothing(text: str, folder: Path, record: Path) -> None:
    record.parent.mkdir(parents=True)
    record.write_text(text)
    assert set(unverified(folder, record)) == FILES


@pytest.mark.skipif(os.geteuid() != 0, reason="root must prepare what another may not write")
def test_of_a_read_only_cache_nothing_is_written_down(folder: Path, record: Path) -> None:
    def look(root: Path) -> set[str]:
        where = root / record.relative_to(folder.parent)
        remember(root / folder.name, where)
        return set(unverified(root / folder.name, where))

    assert as_nobody(look, folder.parent) == FILES
