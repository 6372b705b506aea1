"""`cache ls`: every model with its state, and all else that takes room."""

from __future__ import annotations

import fcntl
import json
import os
import re
import socket
import time
from pathlib import Path

import pytest

from integration.caches import age, cache_json, fetched, flip, snapshot, used
from integration.terminal import on_terminal
from running import AIM, environment, run


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return environment(tmp_path)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "models"


def test_an_empty_cache_and_none(env: dict[str, str], cache: Path) -> None:
    for _ in range(2):
        done = run("cache", "ls", env=env)
        assert (done.returncode, done.stdout) == (0, "")
        assert f"0 models in {cache}, 0 B" in done.stderr
        cache.mkdir(exist_ok=True)


def test_one_row_a_model_in_a_pipe(env: dict[str, str], cache: Path) -> None:
    whole = fetched(cache, "org/whole", days_ago=3)
    damaged = fetched(cache, "org/damaged", shards=2)
    (damaged / "model-00002-of-00002.safetensors").unlink()
    mine = snapshot(cache / "hub", "acme/hub")
    theirs = snapshot(Path(env["HOME"]) / ".cache/huggingface/hub", "acme/theirs", ref=None)

    done = run("cache", "ls", env=env)
    head, *cells = [re.split(r"  +", line) for line in done.stdout.splitlines()]
    assert head == ["MODEL", "SIZE", "STATE", "REVISION", "LAST USED", "LAYOUT", "SOURCE", "PATH"]
    by_model = {row[0]: row[1:] for row in cells}
    assert list(by_model) == ["acme/hub", "acme/theirs", "org/damaged", "org/whole"]
    assert by_model["org/whole"][1:3] == ["whole", "c0ffee000000"]
    assert by_model["org/whole"][4:] == ["folder", "hf://org/whole", str(whole)]
    assert by_model["org/whole"][3] == time.strftime("%Y-%m-%dT%H:%MZ", time.gmtime(time.time() - 3 * 86400))
    assert by_model["org/damaged"][1] == "damaged"
    assert by_model["acme/hub"][4:] == ["hub", "hf://acme/hub", str(mine)]
    assert by_model["acme/theirs"][4:] == ["hub, not ours", "hf://acme/theirs", str(theirs)]
    assert "org/damaged: model-00002-of-00002.safetensors is missing" in done.stderr
    assert f"3 models in {cache}, " in done.stderr
    assert "1 more in the Hugging Face cache, which is only read" in done.stderr
    assert " free" in done.stderr


def test_as_json(env: dict[str, str], cache: Path) -> None:
    folder = fetched(cache, "org/m", days_ago=1)
    two = snapshot(cache / "hub", "acme/hub", "a" * 40), snapshot(cache / "hub", "acme/hub", "b" * 40, "v1")
    found = cache_json("ls", env=env)
    assert (found["cache"], found["leftovers"], found["leftover_bytes"]) == (str(cache), [], 0)
    assert found["free_bytes"] > 0
    first, second, own = found["models"]
    assert [each["path"] for each in (first, second)] == [str(path) for path in two]
    assert [each["refs"] for each in (first, second)] == [["main"], ["v1"]]
    assert own == {
        "model": "org/m",
        "path": str(folder),
        "layout": "folder",
        "ours": True,
        "bytes": sum(path.stat().st_size for path in folder.iterdir()),
        "state": "whole",
        "faults": [],
        "source": "hf://org/m",
        "revision": "c0ffee" + "0" * 34,
        "refs": [],
        "last_used": own["last_used"],
    }
    assert own["last_used"].endswith("+00:00")
    shared = sum(path.stat().st_size for path in (two[0].parents[1] / "blobs").iterdir())
    assert found["models_bytes"] == own["bytes"] + shared, "what two snapshots share counts once"


def test_a_fetch_that_broke_off_and_one_under_way(env: dict[str, str], cache: Path) -> None:
    for name in ("org--broken", "org--leased", "org--locked"):
        staging = cache / ".aim/staging" / name
        (staging / "hf/.parts").mkdir(parents=True)
        (staging / "hf/config.json").write_bytes(b"x" * 100)
        (staging / "expected_bytes").write_text("30000000")
        # A file under way, of which the second of three chunks has arrived.
        (staging / "hf/.parts/a.part").write_bytes(bytes(20_000_000))
        header = json.dumps({"chunk_bytes": 8_000_000}).encode().ljust(4096, b"\0")
        (staging / "hf/.parts/a.map").write_bytes(header + b"\0\1\0")
    locks = cache / ".aim/locks"
    locks.mkdir()
    owner = {"host": "gpu-7", "pid": 123, "started": "2026-11-25T08:00:00+00:00"}
    (locks / "org--leased").write_text(json.dumps(owner))
    with (locks / "org--locked").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        found = cache_json("ls", env=env)["leftovers"]
        said = run("cache", "ls", env=env).stdout
    assert [(each["model"], each["fetching"]) for each in found] == [
        ("org/broken", None),
        ("org/leased", owner),
        ("org/locked", {"host": "", "pid": None, "started": ""}),
    ]
    assert {(each["done_bytes"], each["expected_bytes"]) for each in found} == {(8_000_100, 30_000_000)}
    assert "8.0 MB of 30.0 MB  broken off" in said
    assert "fetching (process 123 on gpu-7 since 2026-11-25T08:00:00+00:00)" in said

    old = time.time() - 3600
    os.utime(locks / "org--leased", (old, old))
    assert [each["fetching"] for each in cache_json("ls", env=env)["leftovers"]] == [None] * 3


def test_what_is_no_model_is_not_listed(env: dict[str, str], cache: Path, tmp_path: Path) -> None:
    fetched(cache, "word")
    (cache / "lost+found/x").mkdir(parents=True)
    (cache / "notes.txt").write_text("x")
    (cache / "org/empty").mkdir(parents=True)
    (cache / "org/docs").mkdir()
    (cache / "org/docs/README.md").write_text("x")
    elsewhere = fetched(tmp_path / "elsewhere", "org/linked")
    (cache / "org/linked").symlink_to(elsewhere)
    (cache / "org/gone").symlink_to(tmp_path / "nothing")
    with socket.socket(socket.AF_UNIX) as strange:
        strange.bind(str(cache / "socket"))
        found = cache_json("ls", env=env)["models"]
    assert [each["model"] for each in found] == ["org/linked", "word"]


def test_looking_is_not_using(env: dict[str, str], cache: Path) -> None:
    folder = fetched(cache, "org/m")
    weights = folder / "model.safetensors"
    age(folder, 20)
    first = cache_json("ls", env=env)["models"][0]["last_used"]
    run("cache", "verify", "--deep", env=env)
    assert cache_json("ls", env=env)["models"][0]["last_used"] == first
    weights.read_bytes()  # an engine does
    assert cache_json("ls", env=env)["models"][0]["last_used"] > first
    used(cache, "org/m", 50)
    assert cache_json("ls", env=env)["models"][0]["last_used"] < first, "what was written down counts"


@pytest.mark.parametrize("columns", [80, 160])
def test_on_a_terminal(columns: int, env: dict[str, str], cache: Path) -> None:
    fetched(cache, "HuggingFaceTB/SmolLM2-135M-Instruct", days_ago=12.2)
    flipped = fetched(cache, "org/cut", days_ago=0)
    os.truncate(flipped / "model.safetensors", 200)
    code, said = on_terminal([AIM, "cache", "ls"], env, columns)
    assert code == 0
    lines = said.splitlines()
    assert max(map(len, lines)) <= columns
    assert lines[0].startswith("MODEL ")
    assert "whole" in lines[1]
    assert "12 d ago" in lines[1]
    assert "now" in lines[2]
    assert ("SOURCE" in lines[0]) == (columns == 160)
    flip(flipped / "config.json")
    assert "config.json is not JSON" in on_terminal([AIM, "cache", "ls"], env, columns)[1].replace(
        "\r\n", " "
    )


def test_help_and_an_unknown_verb(env: dict[str, str]) -> None:
    done = run("cache", env=env)
    assert done.returncode == 0
    for verb in ("ls", "verify", "prune"):
        assert f"  {verb}" in done.stdout
    assert run("cache", "list", env=env).returncode == 2
