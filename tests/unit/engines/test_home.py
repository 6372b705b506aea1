"""A home for the engine: the real one where it can be written, else one of its own."""

from __future__ import annotations

import getpass
import os
import subprocess
import sys
from pathlib import Path

import pytest

from aim_runtime.engines.home import writable_home
from machines.nobody import as_nobody
from unit.doctor.children import as_nameless


def home(inherited: dict[str, str], folder: Path | None) -> dict[str, str]:
    return dict(writable_home({"USER": "somebody", **inherited}, folder))


def test_a_home_that_can_be_written_stays(tmp_path: Path) -> None:
    assert home({"HOME": str(tmp_path)}, tmp_path / "kept") == {}
    assert home({"HOME": str(tmp_path / "to be made")}, tmp_path / "kept") == {}
    caches = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "caches")}
    assert home(caches, tmp_path / "kept") == {}
    assert not (tmp_path / "kept").exists()


@pytest.mark.parametrize("inherited", [{}, {"HOME": ""}])
def test_without_a_home_there_is_one(inherited: dict[str, str], tmp_path: Path) -> None:
    found = home(inherited, tmp_path / "kept")
    assert found == {
        "HOME": str(tmp_path / "kept/home"),
        "XDG_CACHE_HOME": str(tmp_path / "kept/home/.cache"),
    }
    assert (tmp_path / "kept/home").is_dir()


def test_a_file_is_no_home(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert home({"HOME": str(tmp_path / "file")}, tmp_path)["HOME"] == str(tmp_path / "home")
    assert home({"HOME": str(tmp_path / "file/below")}, tmp_path)["HOME"] == str(tmp_path / "home")


def test_caches_beside_a_home_that_can_be_written(tmp_path: Path) -> None:
    (tmp_path / ".cache").touch()
    assert home({"HOME": str(tmp_path)}, tmp_path / "kept") == {
        "XDG_CACHE_HOME": str(tmp_path / "kept/home/.cache")
    }


def test_nowhere_to_write(tmp_path: Path) -> None:
    assert home({}, None) == {}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_anothers_home_is_not_ones_own(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine").chmod(0o777)
    (tmp_path / "theirs").mkdir(mode=0o755)
    (tmp_path / "closed").mkdir(mode=0o700)

    def look(root: Path) -> list[str]:
        where = [root / "theirs", root / "closed/home", root / "mine"]
        return [home({"HOME": str(each)}, root / "mine").get("HOME", "") for each in where]

    assert as_nobody(look, tmp_path) == ["mine/home", "mine/home", ""]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_hugging_face_folder_of_anothers(place: Path) -> None:
    """The hub's client finds what it may write, and stumbles over nobody else's login."""
    shared, mine = place / "shared", place / "mine"
    for folder, mode in ((shared, 0o777), (mine, 0o777), (place / "closed", 0o755)):
        folder.mkdir()
        folder.chmod(mode)
        (folder / "token").write_text("hf_of_another")
        (folder / "token").chmod(0o600)
    open_token = place / "closed/open"
    open_token.write_text("hf_of_everybody")
    open_token.chmod(0o644)
    place.chmod(0o755)

    def look(_: Path) -> list[dict[str, str]]:
        usual = {"HOME": str(mine), "XDG_CACHE_HOME": str(mine)}
        given = [
            {"HF_HOME": str(shared)},
            {"HF_HOME": str(place / "closed")},
            {"HF_HOME": str(place / "closed"), "HF_TOKEN_PATH": str(open_token)},
            {},
        ]
        return [home({**usual, **each}, mine) for each in given]

    own = str(mine / "home/.cache/huggingface")
    assert as_nobody(look, place) == [
        {"HF_TOKEN_PATH": f"{own}/token"},
        {"HF_HOME": own, "HF_TOKEN_PATH": f"{own}/token"},
        {"HF_HOME": own, "HF_TOKEN_PATH": str(open_token)},
        {},
    ]


def test_who_has_no_name_gets_one() -> None:
    found = as_nameless(lambda: dict(writable_home({}, None)))
    assert found == {"USER": "aim", "LOGNAME": "aim"}
    assert as_nameless(lambda: dict(writable_home({"LOGNAME": "me"}, None))) == {}
    assert dict(writable_home({}, None)) == {}, "this user has a name"
    told = subprocess.run(
        [sys.executable, "-c", "import getpass; print(getpass.getuser())"],
        env=found,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == "aim" != getpass.getuser()
