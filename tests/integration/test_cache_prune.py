"""`cache prune`: what goes, what stays and why, and that nobody's work is ever touched."""

from __future__ import annotations

import fcntl
import json
import mmap
import subprocess
from pathlib import Path
from typing import Any

import pytest

from fakes.hub import write_model
from integration.caches import age, cache_json, fetched, remount_read_only, snapshot, used
from integration.terminal import on_terminal
from running import AIM, environment, run
from unit.doctor.children import on_a_disk


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return environment(tmp_path)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    folder.mkdir()
    return folder


def gone(found: Any) -> set[str]:
    return {each["name"] for each in found["removals"]}


def staged(cache: Path, name: str, days: float) -> Path:
    folder = cache / ".aim/staging" / name
    (folder / "hf").mkdir(parents=True)
    (folder / "hf/model.safetensors").write_bytes(bytes(1000))
    age(folder, days)
    return folder


def test_an_empty_cache_and_none(env: dict[str, str], cache: Path) -> None:
    for _ in range(2):
        done = run("cache", "prune", env=env)
        assert (done.returncode, done.stdout) == (0, "")
        assert "nothing to remove" in done.stderr
        if cache.exists():
            cache.rmdir()


def test_models_go_only_by_age_and_only_the_unused(env: dict[str, str], cache: Path) -> None:
    old = fetched(cache, "org/old", days_ago=31)
    new = fetched(cache, "org/new", days_ago=29)
    single = fetched(cache, "lone/old", days_ago=400)
    repository = snapshot(cache / "hub", "acme/hub").parents[1]
    used(cache, "acme/hub", 31)
    assert cache_json("prune", "--yes", env=env)["removals"] == []

    planned = cache_json("prune", "--older", "30d", "--dry-run", env=env)
    assert gone(planned) == {"org/old", "lone/old", "acme/hub"}
    assert (planned["dry_run"], planned["removed"]) == (True, [])
    assert all(path.exists() for path in (old, new, single, repository))

    done = cache_json("prune", "--older", "30d", "--yes", env=env)
    assert set(done["removed"]) == {str(old), str(single), str(repository)}
    assert done["removed_bytes"] == planned["removals_bytes"] > 0
    assert new.exists()
    assert not any(path.exists() for path in (old, single, single.parent, repository))
    assert list((cache / ".aim/trash").iterdir()) == []
    assert {path.name for path in (cache / ".aim/used").iterdir()} == {"org--new"}
    assert run("cache", "verify", env=env).returncode == 0


def test_keep(env: dict[str, str], cache: Path) -> None:
    for name in ("qwen/a", "qwen/b", "org/m"):
        fetched(cache, name, days_ago=100)
    staged(cache, "qwen--c", 5)
    found = cache_json("prune", "--older", "1d", "--keep", "qwen/*", "--dry-run", env=env)
    assert gone(found) == {"org/m"}
    assert {(each["name"], each["why"]) for each in found["kept"]} == {
        (f"qwen/{each}", "--keep names it") for each in "abc"
    }
    assert gone(
        cache_json("prune", "--older", "1d", "--keep", "qwen/a", "--keep", "org/m", "--yes", env=env)
    ) == {*("qwen/b", "qwen/c")}
    wrong = run("cache", "prune", "--older", "1d", "--keep", "qwen/aa", "--yes", env=env)
    assert wrong.returncode == 2
    assert "--keep qwen/aa: no such model in the cache; did you mean qwen/a?" in wrong.stderr
    assert (cache / "qwen/a").exists()


def test_leftovers(env: dict[str, str], cache: Path) -> None:
    stale, fresh = staged(cache, "org--stale", 2), staged(cache, "org--fresh", 0.2)
    trash = write_model(cache / ".aim/trash/org--replaced")
    model, hub = fetched(cache, "org/m"), snapshot(cache / "hub", "acme/hub")
    blobs = hub.parents[1] / "blobs"
    orphans = [
        model / ".cache/huggingface/download/x.abc.incomplete",
        model / "model.safetensors.9031f17d",
        model / "model.safetensors.damaged",
        model / ".aim-manifest.json.tmp",
        blobs / f"{'c' * 64}.1234abcd.incomplete",
        blobs / ("d" * 64),
    ]
    for path in orphans:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * 10)
        age(path, 0.1)
    young = blobs / f"{'e' * 64}.incomplete"
    young.write_bytes(b"x")

    found = cache_json("prune", "--yes", env=env)
    assert set(found["removed"]) == {*map(str, orphans), str(stale), str(trash)}
    assert fresh.exists(), "the next fetch goes on with it"
    assert young.exists(), "somebody may be writing it now"
    assert run("cache", "verify", "--deep", env=env).returncode == 0
    assert cache_json("prune", "--older", "1h", "--yes", env=env)["removed"] == [str(fresh)]


def test_what_is_being_fetched_stays(env: dict[str, str], cache: Path) -> None:
    fetched(cache, "org/locked", days_ago=50)
    staged(cache, "org--locked", 3)
    staged(cache, "org--leased", 3)
    locks = cache / ".aim/locks"
    locks.mkdir()
    (locks / "org--leased").write_text(json.dumps({"host": "gpu-7", "pid": 1, "started": "today"}))
    with (locks / "org--locked").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        found = cache_json("prune", "--older", "1d", "--yes", env=env)
    assert found["removed"] == []
    assert {(each["kind"], each["name"], each["why"]) for each in found["kept"]} == {
        ("model", "org/locked", "another process is fetching it"),
        ("staging", "org/locked", "another process is fetching it"),
        ("staging", "org/leased", "process 1 on gpu-7 since today is fetching it"),
    }


@pytest.mark.parametrize("how", ["open", "mapped", "lock"])
def test_what_is_in_use_stays(how: str, env: dict[str, str], cache: Path) -> None:
    fetched(cache, "org/m", days_ago=50)
    snapshot(cache / "hub", "acme/hub")
    used(cache, "acme/hub", 50)
    for path, note in ((cache / "org/m", "org--m"), (cache / "hub/models--acme--hub", "acme--hub")):
        weights = next(path.rglob("model.safetensors"))
        opened = (cache / ".aim/used" / note if how == "lock" else weights).open("rb")
        if how == "lock":
            fcntl.flock(opened, fcntl.LOCK_SH)
        kept_open = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) if how == "mapped" else opened
        if how == "mapped":
            opened.close()  # as engines do
        found = cache_json("prune", "--older", "1d", "--dry-run", env=env)
        assert len(found["removals"]) == 1, found
        (kept,) = found["kept"]
        assert kept["why"] == ("it is being served" if how == "lock" else "a process has it open")
        assert kept["path"] == str(path)
        kept_open.close()
    assert len(cache_json("prune", "--older", "1d", "--yes", env=env)["removed"]) == 2


def test_what_engines_compiled_goes_by_age_and_not_from_under_one(env: dict[str, str], cache: Path) -> None:
    old, new, busy = (cache / ".aim/compiled" / name for name in ("old", "new", "busy"))
    for folder, days in ((old, 50), (new, 1), (busy, 50)):
        folder.mkdir(parents=True)
        (folder / "graph").write_bytes(b"x" * 100)
        age(folder, days)
    assert cache_json("ls", env=env)["compiled_bytes"] == 300
    assert "300 B compiled by engines" in run("cache", "ls", env=env).stderr
    assert cache_json("prune", "--yes", env=env)["removals"] == []
    with (cache / ".aim/compiled/busy.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = cache_json("prune", "--older", "30d", "--yes", env=env)
    assert found["removed"] == [str(old)]
    assert [each["why"] for each in found["kept"]] == ["an engine works in it"]


def test_users_who_may_not_write_the_common_folders_have_their_own(env: dict[str, str], cache: Path) -> None:
    left = [
        cache / ".aim/staging/org--m.uid-1001/token",
        cache / ".aim/uid-1001/staging/org--n",
        cache / ".aim-uid-1001/staging/org--o/token",
        cache / ".aim-uid-1001/trash/org--p",
    ]
    for path in left:
        path.mkdir(parents=True)
        (path / "expected_bytes").write_text("1000")
        (path / "weights").write_bytes(b"x" * 10)
        age(path.parent, 3)
    listed = cache_json("ls", env=env)["leftovers"]
    assert {(each["model"], each["done_bytes"], each["expected_bytes"]) for each in listed[:3]} == {
        (f"org/{name}", 10, 1000) for name in "mno"
    }
    done = cache_json("prune", "--yes", env=env)
    assert len(done["removed"]) == 4
    assert not any(path.exists() for path in left)


def test_links_out_of_the_cache_are_not_followed(env: dict[str, str], cache: Path, tmp_path: Path) -> None:
    outside = fetched(tmp_path / "outside", "org/m")
    age(outside, 90)
    (cache / "org").mkdir()
    (cache / "org/m").symlink_to(outside)
    (cache / "linked").symlink_to(outside.parent)
    (cache / ".aim/staging").mkdir(parents=True)
    (cache / ".aim/staging/org--x").symlink_to(outside)
    age(cache / ".aim/staging", 90)
    inside = fetched(cache, "acme/m", days_ago=90)
    (inside / "extra").symlink_to(outside)
    found = cache_json("prune", "--older", "30d", "--yes", env=env)
    assert found["removed"] == [str(inside)]
    assert {each["path"] for each in found["kept"]} == {
        str(cache / "org/m"),
        str(cache / "linked/m"),
        str(cache / ".aim/staging/org--x"),
    }
    assert all("is a link to somewhere else" in each["why"] for each in found["kept"])
    assert len(list(outside.iterdir())) == 4


def test_the_users_own_hugging_face_cache_is_not_pruned(env: dict[str, str], cache: Path) -> None:
    folder = snapshot(Path(env["HOME"]) / ".cache/huggingface/hub", "org/m")
    age(folder.parents[1], 500)
    assert cache_json("prune", "--older", "1d", "--yes", env=env)["removals"] == []
    assert folder.exists()


def test_it_asks(env: dict[str, str], cache: Path) -> None:
    fetched(cache, "org/m", days_ago=40)
    argv = [AIM, "cache", "prune", "--older", "4w"]
    code, said = on_terminal(argv, env, 80, types="n\n")
    assert code == 2
    assert "org/m  model  " in said
    assert "last used 40 d ago" in said
    assert "nothing was removed" in said
    assert (cache / "org/m").exists()
    code, said = on_terminal(argv, env, 80, types="y\n")
    assert code == 0
    assert "removed 1." in said
    assert not (cache / "org/m").exists()


@pytest.mark.parametrize("format_", ["text", "json"])
def test_with_nobody_to_ask_it_wants_to_be_told(format_: str, env: dict[str, str], cache: Path) -> None:
    fetched(cache, "org/m", days_ago=40)
    done = run("cache", "prune", "--older", "30d", "--format", format_, env=env)
    assert done.returncode == 2
    assert "nothing was removed: there is nobody to ask" in done.stderr
    assert "--yes" in done.stderr
    assert (cache / "org/m").exists()
    dry = run("cache", "prune", "--older", "30d", "--dry-run", env=env)
    assert dry.returncode == 0
    assert "a dry run: nothing was removed" in dry.stderr


@pytest.mark.parametrize("older", ["30", "d", "-1d", "1y", ""])
def test_an_age_that_is_none(older: str, env: dict[str, str], cache: Path) -> None:
    fetched(cache, "org/m", days_ago=4000)
    done = run("cache", "prune", f"--older={older}", "--yes", env=env)
    assert done.returncode == 2
    assert "is not a time: write 12h, 30d or 4w" in done.stderr
    assert (cache / "org/m").exists()


def test_a_cache_that_is_read_only(env: dict[str, str], cache: Path) -> None:
    def look() -> subprocess.CompletedProcess[str]:
        fetched(cache, "org/m", days_ago=40)
        remount_read_only(cache)
        return run("cache", "prune", "--older", "30d", "--yes", env=env)

    done = on_a_disk(cache, "size=4m", look)
    assert done.returncode == 5
    assert f"{cache / 'org/m'} is still there: the file system is read-only" in done.stderr
    assert "removed 0 B" in done.stderr


def test_a_model_that_is_a_mount_loses_its_files(env: dict[str, str], cache: Path) -> None:
    folder = cache / "org/m"
    folder.mkdir(parents=True)

    def look() -> tuple[subprocess.CompletedProcess[str], list[str]]:
        fetched(cache, "org/m", days_ago=40)
        done = run("cache", "prune", "--older", "30d", "--yes", env=env)
        return done, [path.name for path in folder.iterdir()]

    done, left = on_a_disk(folder, "size=4m", look)
    assert left == []
    assert done.returncode == 5, "the folder itself cannot go"
