"""The folder that an engine compiles into: one writer, copies for the others, and nothing of a crash."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path

import pytest

from aim_runtime.models.compiled import Workspace, workspace
from machines.nobody import as_nobody


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / ".aim/compiled/key"


def start(folder: Path, entry: str, *, ready: bool) -> tuple[list[str], list[str]]:
    """An engine's start, which leaves an entry; what it found, and what was said."""
    said: list[str] = []
    with workspace(folder, said.append) as place:
        found = contents(place)
        assert place.folder is not None
        (place.folder / entry).mkdir()
        (place.folder / entry / "code").write_text("compiled")
        if ready:
            place.now_good()
    return found, said


def contents(place: Workspace) -> list[str]:
    assert place.folder is not None
    return sorted(path.name for path in place.folder.iterdir() if not path.name.startswith("."))


def test_the_second_start_finds_what_the_first_left(folder: Path) -> None:
    assert start(folder, "one", ready=True) == ([], [])
    assert start(folder, "two", ready=True) == (["one"], [])
    assert start(folder, "three", ready=True) == (["one", "two"], [])


def test_what_a_failed_start_left_is_thrown_away(folder: Path) -> None:
    start(folder, "half", ready=False)
    assert start(folder, "one", ready=True)[0] == []
    start(folder, "half", ready=False)
    assert start(folder, "two", ready=True)[0] == []
    assert start(folder, "three", ready=True)[0] == ["two"]


def test_files_that_nobody_vouches_for_are_thrown_away(folder: Path) -> None:
    (folder / "copied by hand").mkdir(parents=True)
    (folder / "link").symlink_to(folder.parent)
    (folder / "file").touch()
    assert start(folder, "one", ready=True)[0] == []
    assert folder.parent.is_dir()


def test_who_comes_second_works_in_a_copy(folder: Path) -> None:
    start(folder, "one", ready=True)
    said: list[str] = []
    with workspace(folder, said.append) as first:
        assert (first.folder, first.kept, said) == (folder, True, [])
        with workspace(folder, said.append) as second:
            assert second.folder not in (folder, None)
            assert not second.kept
            assert contents(second) == ["one"]
            assert second.folder is not None
            (second.folder / "mine").touch()
            second.now_good()
        assert contents(first) == ["one"], "what the second wrote is its own"
        assert not second.folder.exists(), "a copy ends with who works in it"
    assert "another service works in it; it works in a copy of what is there" in said[0]


def test_who_comes_second_gets_nothing_of_a_first_start(folder: Path) -> None:
    said: list[str] = []
    with ExitStack() as stack:
        first = stack.enter_context(workspace(folder, said.append))
        assert first.folder is not None
        (first.folder / "half").touch()
        second = stack.enter_context(workspace(folder, said.append))
        assert contents(second) == []
    assert "it works in an empty folder" in said[0]


def test_the_lock_ends_with_its_holder(folder: Path) -> None:
    with pytest.raises(KeyboardInterrupt), workspace(folder, lambda text: None):
        raise KeyboardInterrupt
    with workspace(folder, lambda text: None) as place:
        assert place.kept


@pytest.mark.skipif(os.geteuid() != 0, reason="root must prepare what another may not write")
def test_a_read_only_cache_seeds_a_copy(folder: Path) -> None:
    start(folder, "one", ready=True)

    def read_only(root: Path) -> tuple[list[str], list[str], bool]:
        said: list[str] = []
        with workspace(root / folder.relative_to(top), said.append) as place:
            assert place.folder is not None
            (place.folder / "mine").touch()
            place.now_good()
            return contents(place), said, place.kept

    top = folder.parents[2]
    found, said, kept = as_nobody(read_only, top)
    assert (found, kept) == (["mine", "one"], False)
    assert "permission denied; it works in a copy" in said[0]
    assert start(folder, "two", ready=True)[0] == ["one"]


@pytest.mark.skipif(os.geteuid() != 0, reason="root must prepare what another may not write")
def test_where_nothing_can_be_written_the_engine_has_its_defaults(folder: Path) -> None:
    start(folder, "one", ready=True)
    top = folder.parents[2]

    def nowhere(root: Path) -> tuple[Path | None, list[str]]:
        import tempfile

        said: list[str] = []
        tempfile.tempdir = str(root)  # what TMPDIR says to a new process
        with workspace(root / folder.relative_to(top), said.append) as place:
            place.now_good()
            return place.folder, said

    where, said = as_nobody(nowhere, top)
    assert where is None
    assert "no temporary folder can be written" in said[0]


def test_a_file_in_the_way(folder: Path) -> None:
    folder.parent.parent.mkdir()
    folder.parent.write_text("not a folder")
    said: list[str] = []
    with workspace(folder, said.append) as place:
        assert not place.kept
        assert place.folder is not None
    assert len(said) == 1
