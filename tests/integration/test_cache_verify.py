"""`cache verify`: what is wrong with which file, and what brings a whole one."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from aim_runtime.models import manifest
from fakes.hub import commit_of, write_model
from integration.caches import cache_json, fetched, flip, remount_read_only, snapshot
from integration.hub import NO_HUB
from integration.models.support import StartHub
from integration.terminal import on_terminal
from running import AIM, FAKE_ENGINE, environment, run, serving
from unit.doctor.children import on_a_disk


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return environment(tmp_path)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "models"


def test_whole_models(env: dict[str, str], cache: Path) -> None:
    fetched(cache, "org/m")
    snapshot(cache / "hub", "acme/hub")
    quick = run("cache", "verify", env=env)
    assert quick.returncode == 0
    assert quick.stdout.count("whole by names, sizes and headers") == 2
    assert quick.stderr == "2 checked, 0 damaged\n"
    deep = run("cache", "verify", "--deep", env=env)
    assert deep.returncode == 0
    assert "org/m: whole, 3 files as in the manifest of 20" in deep.stdout
    assert "acme/hub: whole, 3 files as in the names of its blobs" in deep.stdout
    assert [each["files_compared"] for each in cache_json("verify", "--deep", env=env)] == [3, 3]


def test_nothing_to_check_and_a_stranger(env: dict[str, str], cache: Path) -> None:
    assert run("cache", "verify", env=env).returncode == 0
    fetched(cache, "org/model")
    done = run("cache", "verify", "org/modle", env=env)
    assert done.returncode == 2
    assert "org/modle is not in the cache; did you mean org/model?" in done.stderr


def test_a_changed_byte_is_found_set_aside_and_mended(
    env: dict[str, str], cache: Path, start_hub: StartHub
) -> None:
    hub = start_hub()
    write_model(hub.root / "org/m", shards=2)
    env = {**env, "HF_ENDPOINT": hub.endpoint}
    run("download-to-cache", "--model-id", "org/m", env=env)
    shard = cache / "org/m/model-00002-of-00002.safetensors"
    expected = hashlib.sha256(shard.read_bytes()).hexdigest()
    flip(shard)
    got = hashlib.sha256(shard.read_bytes()).hexdigest()
    assert run("cache", "verify", env=env).returncode == 0, "neither size nor header shows it"

    done = run("cache", "verify", "org/m", "--deep", env=env)
    assert done.returncode == 5
    for words in (f"{shard.name} does not have the bytes", f"expected {expected}", f"got      {got}"):
        assert words in done.stdout
    assert f"set aside as {shard}.damaged" in done.stdout
    assert "fix: aim-runtime download-to-cache --model-id hf://org/m\n" in done.stdout
    assert not shard.exists()

    again = run("cache", "verify", env=env)
    assert again.returncode == 5, "it stays damaged for everybody, without a second deep look"
    assert f"{shard.name} is missing" in again.stdout

    (found,) = cache_json("verify", "--deep", env=env)
    mended = subprocess.run(
        [AIM.parent / "aim-runtime", *found["fix"].split()[1:]], env=env, capture_output=True, check=False
    )
    assert mended.returncode == 0
    assert run("cache", "verify", "--deep", env=env).returncode == 0
    assert hashlib.sha256(shard.read_bytes()).hexdigest() == expected


@pytest.mark.parametrize("record", ["manifest", "blobs"])
def test_the_hub_layout(record: str, env: dict[str, str], cache: Path, start_hub: StartHub) -> None:
    hub = start_hub()
    write_model(hub.root / "org/m")
    env = {**env, "HF_ENDPOINT": hub.endpoint}
    run("download-to-cache", "--model-id", "org/m", "--use-hf-cache", env=env)
    (folder,) = (cache / "hub/models--org--m/snapshots").iterdir()
    if record == "blobs":  # as another program leaves it
        (folder / ".aim-manifest.json").unlink()
    for name in ("config.json", "model.safetensors"):  # named by git's SHA-1, and by its SHA-256
        flip(folder / name)
    (found,) = cache_json("verify", "--deep", env=env)
    wrong = [fault for fault in found["faults"] if fault["file"]]
    assert [fault["file"] for fault in wrong] == ["config.json", "model.safetensors"]
    digest = 64 if record == "manifest" else 40
    assert [len(fault["expected"]) for fault in wrong] == [digest, 64]
    assert all(path.endswith(".damaged") and "/blobs/" in path for path in found["set_aside"])
    assert found["fix"].endswith("--model-id hf://org/m --use-hf-cache")
    done = run(*found["fix"].split()[1:], env=env)
    assert done.returncode == 0, done.stderr
    assert run("cache", "verify", "--deep", env=env).returncode == 0


def test_what_the_library_was_promised_is_compared_with_where_it_wrote_it_down(
    env: dict[str, str], cache: Path, start_hub: StartHub
) -> None:
    from huggingface_hub import snapshot_download

    hub = start_hub()
    write_model(hub.root / "org/m")
    snapshot_download("org/m", local_dir=cache / "org/m", endpoint=hub.endpoint)
    (found,) = cache_json("verify", "--deep", env=env)
    assert (found["files_compared"], found["compared_with"]) == (3, "the records of huggingface_hub")
    flip(cache / "org/m/model.safetensors")
    (found,) = cache_json("verify", "--deep", env=env)
    assert [fault["file"] for fault in found["faults"]] == ["model.safetensors"]


def test_a_folder_without_any_record(env: dict[str, str], cache: Path) -> None:
    folder = write_model(cache / "org/m")
    done = run("cache", "verify", "--deep", env=env)
    assert done.returncode == 0
    assert "there is no record to compare its bytes with" in done.stdout
    os.truncate(folder / "model.safetensors", 100)
    done = run("cache", "verify", "--deep", env=env)
    assert done.returncode == 5
    assert "model.safetensors is 100 bytes long, but its header says" in done.stdout
    assert "--model-id hf://org/m   # or copy it again" in done.stdout


def test_the_users_own_hugging_face_cache_is_checked_and_never_changed(env: dict[str, str]) -> None:
    folder = snapshot(Path(env["HOME"]) / ".cache/huggingface/hub", "org/m")
    flip(folder / "model.safetensors")
    (found,) = cache_json("verify", "--deep", env=env)
    assert (found["state"], found["set_aside"]) == ("damaged", [])
    assert found["fix"].startswith("hf cache rm model/org/m ")
    assert (folder / "model.safetensors").exists()


def test_a_link_out_of_the_cache_is_not_followed_to_change_anything(
    env: dict[str, str], cache: Path, tmp_path: Path
) -> None:
    elsewhere = fetched(tmp_path / "elsewhere", "org/m")
    (cache / "org").mkdir(parents=True)
    (cache / "org/m").symlink_to(elsewhere)
    flip(elsewhere / "model.safetensors")
    (found,) = cache_json("verify", "--deep", env=env)
    assert (found["state"], found["set_aside"]) == ("damaged", [])
    assert (elsewhere / "model.safetensors").exists()


def test_a_cache_that_is_read_only(env: dict[str, str], cache: Path) -> None:
    cache.mkdir()

    def look() -> subprocess.CompletedProcess[str]:
        folder = fetched(cache, "org/m")
        flip(folder / "model.safetensors")
        remount_read_only(cache)
        return run("cache", "verify", "--deep", env=env)

    done = on_a_disk(cache, "size=4m", look)
    assert done.returncode == 5
    assert "does not have the bytes" in done.stdout
    assert "set aside" not in done.stdout


def test_progress_and_being_stopped(env: dict[str, str], cache: Path) -> None:
    folder = fetched(cache, "org/m")
    with (folder / "big.bin").open("wb") as file:
        file.truncate(4 << 30)  # all of it a hole: seconds to read, nothing to write
    from aim_runtime.models import manifest

    written = manifest.read(folder)
    assert written is not None
    files = {**written.files, "big.bin": manifest.FileRecord(4 << 30, "0" * 64)}
    manifest._write(folder, manifest.Manifest(written.source, None, written.created, files))
    argv = [AIM, "cache", "verify", "--deep"]
    with subprocess.Popen(
        argv, env=env, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        assert "verifying 4.3 GB" in process.stderr.readline()
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 143
        assert time.monotonic() - began < 2
        assert "stopped" in process.stderr.read()
    assert (folder / "big.bin").exists()
    shutil.rmtree(folder)


@pytest.mark.parametrize("columns", [80, 120])
def test_on_a_terminal(columns: int, env: dict[str, str], cache: Path) -> None:
    fetched(cache, "HuggingFaceTB/SmolLM2-135M-Instruct")
    flip(fetched(cache, "org/m") / "model.safetensors")
    code, said = on_terminal([AIM, "cache", "verify", "--deep"], env, columns)
    assert code == 5
    words = [line for line in said.splitlines() if "set aside" not in line and str(cache) not in line]
    assert max(map(len, words)) <= columns
    assert "✓ HuggingFaceTB/SmolLM2-135M-Instruct: whole" in said
    assert "✗ org/m: damaged" in said


def test_what_the_source_has_now(env: dict[str, str], cache: Path, start_hub: StartHub) -> None:
    hub = start_hub()
    theirs = write_model(hub.root / "org/m")
    env = {**env, "HF_ENDPOINT": hub.endpoint}
    assert run("download-to-cache", "--model-id", "org/m", env=env).returncode == 0
    old = commit_of(theirs)
    write_model(cache / "org/copied")
    same = run("cache", "verify", "--upstream", env=env)
    assert f"    hf://org/m has the same: {old}, fetched 20" in same.stdout
    assert "    not compared with its source: no record says where it came from" in same.stdout

    (theirs / "config.json").write_text('{"architectures": ["New"]}')
    newer = run("cache", "verify", "org/m", "--upstream", env=env)
    assert newer.returncode == 0
    assert f"    hf://org/m has {commit_of(theirs)} now; here is {old}, fetched 20" in newer.stdout
    (found,) = cache_json("verify", "org/m", "--upstream", env=env)
    assert (found["upstream"]["state"], found["upstream"]["revision"]) == ("newer", commit_of(theirs))
    weights = [each for each in hub.requests() if each.startswith("GET") and ".safetensors" in each]
    assert len(weights) == 1, "a list is all that is asked for"

    gone = run("cache", "verify", "org/m", "--upstream", env={**env, "HF_ENDPOINT": NO_HUB})
    assert gone.returncode == 0
    assert f"not compared with its source: {NO_HUB} cannot be reached" in gone.stdout
    assert cache_json("verify", "org/m", env=env)[0]["upstream"] is None


@pytest.mark.parametrize("switches", [["--gated"], ["--gated", "--refuse"]], ids=["401", "403"])
def test_access_that_was_taken_away(
    env: dict[str, str], cache: Path, start_hub: StartHub, tmp_path: Path, switches: list[str]
) -> None:
    """The copy is served, and which one it is, and of when, is said at each start and at each look."""
    hub = start_hub()
    commit = commit_of(write_model(hub.root / "org/m"))
    done = run("download-to-cache", "--model-id", "org/m", env={**env, "HF_ENDPOINT": hub.endpoint})
    assert done.returncode == 0
    written = manifest.read(cache / "org/m")
    assert written is not None
    fetched_on = f"fetched {written.created[:10]}"
    closed = start_hub(*switches)
    env = {**env, "HF_ENDPOINT": closed.endpoint, "AIM_MODEL_ID": "org/m@main", "AIM_ACCELERATOR_TYPE": "cpu"}
    env |= {"PYTHONPATH": str(FAKE_ENGINE), "FAKE_ENGINE_RECORD": str(tmp_path / "record")} | (
        {"HF_TOKEN": "hf_good"} if "--refuse" in switches else {}
    )
    look = run("cache", "verify", "--upstream", env=env)
    assert look.returncode == 0
    assert look.stderr.startswith("warning: ")
    assert f"; org/m here is {commit}, {fetched_on}, and is still served" in look.stderr
    asked = len(closed.requests())
    with serving(tmp_path, env) as service:
        service.wait_until_said("ready after", 30)
        assert f"nothing to fetch (revision {commit}, {fetched_on})" in service.said
        assert service.stop() == 0
    assert len(closed.requests()) == asked, "what is here needs nobody"
