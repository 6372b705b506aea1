"""The run record through the real command line: written by serve, repeated, and compared."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from aim_runtime.models import manifest
from aim_runtime.record.text import read
from aim_runtime.record.values import Record
from integration.caches import remount_read_only
from integration.hub import QWEN3, hub_with
from running import FAKE_ENGINE, environment, free_port, run, serving
from tiny_model import write_tiny_model
from unit.doctor.children import on_a_disk
from unit.profiles.build import content, write

MODEL = "acme/tiny"
SECRETS = {
    "HF_TOKEN": "hf_planted-token",
    "AWS_ACCESS_KEY_ID": "AKIAPLANTED",
    "AWS_SECRET_ACCESS_KEY": "planted-aws-secret",
    "AWS_SESSION_TOKEN": "planted-aws-session",
    "VLLM_API_KEY": "planted-vllm-key",
    "HF_ENDPOINT": "http://me:planted-password@127.0.0.1:1",
}


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """An environment whose cache holds a whole model and whose engine is the stand-in."""
    folder = write_tiny_model(tmp_path / "models" / MODEL)
    manifest.seal(folder, f"hf://{MODEL}", "c0ffee", lambda _: None)
    return environment(
        tmp_path,
        AIM_MODEL_ID=MODEL,
        AIM_ACCELERATOR_TYPE="cpu",
        AIM_PORT=str(free_port()),
        PYTHONPATH=str(FAKE_ENGINE),
        FAKE_ENGINE_RECORD=str(tmp_path / "seen.json"),
    )


def files(home: Path) -> list[Path]:
    return sorted((home / "models/.aim/runs").glob("*.json"))


def seen(env: dict[str, str]) -> tuple[list[str], dict[str, str]]:
    """The argv and the environment that the engine got."""
    found: dict[str, Any] = json.loads(Path(env["FAKE_ENGINE_RECORD"]).read_text())
    return found["argv"], found["env"]


def served(home: Path, env: dict[str, str], *args: str) -> tuple[Path, str]:
    """Serve until ready and stop; return the record and what was said."""
    before = files(home)
    with serving(home, env, *args) as service:
        service.wait_until_said("ready after", 20)
        assert service.stop() == 0
    (new,) = set(files(home)) - set(before)
    return new, service.said


def test_a_run_from_its_start_to_its_end(env: dict[str, str], tmp_path: Path) -> None:
    with serving(tmp_path, {**env, "FAKE_ENGINE": "slow"}) as service:
        service.wait_until_said("starting vllm", 20)
        (path,) = files(tmp_path)
        assert read(path).outcome.state == "starting"
        service.wait_until_said("ready after", 20)
        running = read(path)
        assert running.outcome.state == "running"
        assert running.outcome.ready_after_s is not None
        assert running.outcome.ended_after_s is None
        assert service.stop() == 0
    ended = read(path)
    assert ended.outcome.state == "stopped"
    assert ended.outcome.ended_after_s is not None
    assert ended.settings["AIM_MODEL_ID"].value == MODEL
    assert ended.profile.why == "the only one that is right"
    assert ended.weights.revision == "c0ffee"
    assert ended.weights.files["model.safetensors"].sha256
    assert ended.engine.command[-2:] == ["--port", env["AIM_PORT"]]


def test_what_is_killed_leaves_a_record_that_says_running(env: dict[str, str], tmp_path: Path) -> None:
    with serving(tmp_path, env) as service:
        service.wait_until_said("ready after", 20)
        pid = json.loads((tmp_path / "seen.json").read_text())["pids"][0]
        service.process.send_signal(signal.SIGKILL)
        service.process.wait(10)
        _end_group(pid)
    (path,) = files(tmp_path)
    assert read(path).outcome.state == "running"


def _end_group(pid: int) -> None:
    """End what a killed runtime may leave: the stand-in and its worker, a group of their own."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def test_an_engine_that_fails_is_in_the_record(env: dict[str, str], tmp_path: Path) -> None:
    done = run("serve", env={**env, "FAKE_ENGINE": "crash"})
    assert done.returncode == 6
    (path,) = files(tmp_path)
    outcome = read(path).outcome
    assert outcome.state == "failed"
    assert (outcome.code or "").startswith("engine.")
    assert outcome.message
    assert outcome.ready_after_s is None


def test_planted_secrets_are_not_in_the_record(env: dict[str, str], tmp_path: Path) -> None:
    more = {"AIM_ENGINE_ARGS": '{"hf-token": "planted-in-json"}'}
    path, _ = served(tmp_path, {**env, **SECRETS, **more}, "--", "--api-key", "planted-in-argv")
    text = path.read_text()
    for secret in (*SECRETS.values(), "planted-password", "planted-in-json", "planted-in-argv"):
        assert secret not in text
        assert secret not in str(seen(env)[0])
    assert read(path).given == []
    assert ("VLLM_API_KEY", "***") in {(each.name, each.value) for each in read(path).variables}


def test_a_repetition_is_the_same_to_the_byte(env: dict[str, str], tmp_path: Path) -> None:
    asked = {**env, "AIM_ENGINE_ARGS": '{"max-num-seqs": 3}', "VLLM_CPU_KVCACHE_SPACE": "1"}
    path, _ = served(tmp_path, asked, "--", "--max-model-len", "128", "--api-key", "planted-in-argv")
    before = seen(env)
    # None of it is asked for now, and what is asked for instead does not count.
    del asked["AIM_MODEL_ID"]
    now = {**asked, "AIM_ENGINE_ARGS": '{"max-num-seqs": 7}', "AIM_METRIC": "throughput", "VLLM_NEW": "1"}
    del now["VLLM_CPU_KVCACHE_SPACE"]
    again, said = served(tmp_path, now, "--from-record", str(path), "--", "--api-key", "planted-in-argv")
    argv, around = seen(env)
    assert argv == before[0]
    own = {"AIM_PROFILE_ID": "general/vllm-cpu-bf16-tp1-latency", "AIM_LOAD_STRATEGY": "default"}
    assert around == {**before[1], **own}, "beside what pins the choice, which the engine does not read"
    assert 'AIM_ENGINE_ARGS={"max-num-seqs": 7} of the environment is left out' in said
    assert "AIM_METRIC=throughput of the environment is left out; the record has latency" in said
    assert "VLLM_NEW=1 of the environment is left out; the record has none" in said
    assert _plan(read(again)) == _plan(read(path))
    done = run("explain", "--diff", str(path), str(again), "--format", "json", env=env)
    groups = {each["group"] for each in json.loads(done.stdout)["differences"]}
    assert groups <= {"settings", "profile", "timings"}, "why it was chosen, and how long it took"


def _plan(record: Record) -> tuple[object, ...]:
    values = [(each.key, each.value) for each in record.arguments]
    return values, record.variables, record.engine, record.weights, record.profile.content


def test_a_run_with_a_key_is_repeated_with_a_key(env: dict[str, str], tmp_path: Path) -> None:
    """It may be another one, and from elsewhere; without one the service would be open to all."""
    path, _ = served(tmp_path, {**env, "VLLM_API_KEY": "planted-of-before"})
    (tmp_path / "key").write_text("planted-of-now\n")
    again, said = served(
        tmp_path, {**env, "VLLM_API_KEY_FILE": str(tmp_path / "key")}, "--from-record", str(path)
    )
    assert seen(env)[1]["VLLM_API_KEY"] == "planted-of-now"
    assert "not as recorded" not in said
    assert "planted" not in again.read_text() + said
    for each in (path, again):
        done = run("serve", "--from-record", str(each), env=env)
        assert done.returncode == 2
        words = "the recorded run asked its clients for a key, and none is set: "
        assert f"{words}set VLLM_API_KEY or VLLM_API_KEY_FILE" in done.stderr
        assert "--allow-differences goes on all the same" in done.stderr
    _, said = served(tmp_path, env, "--from-record", str(path), "--allow-differences")
    assert f"not as recorded: {words}" in said


def test_a_run_without_a_key_is_repeated_without(env: dict[str, str], tmp_path: Path) -> None:
    path, _ = served(tmp_path, env)
    done = run("serve", "--from-record", str(path), env={**env, "VLLM_API_KEY": "planted-of-now"})
    assert done.returncode == 2
    assert "asked its clients for no key: leave VLLM_API_KEY and VLLM_API_KEY_FILE out" in done.stderr
    assert "planted" not in done.stderr


def edited(path: Path, old: str, new: str) -> Path:
    """A copy of a record in which one thing is another."""
    text = path.read_text()
    assert old in text
    other = path.parents[3] / "other.json"
    other.write_text(text.replace(old, new))
    return other


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"version": "0.32.0"', '"version": "0.30.1"', "engine: version: 0.30.1 → 0.32.0"),
        ('"model": "CPU"', '"model": "EPYC_ZEN5"', "hardware: accelerators: 1 x EPYC_ZEN5 → 1 x "),
        (
            '"model": "CPU",\n        "name": "',
            '"model": "MI300X",\n        "name": "x',
            "hardware: accelerators: 1 x MI300X → ",
        ),
        (
            '"from": "profile",\n      "key": "dtype",\n      "value": "bfloat16"',
            '"from": "profile",\n      "key": "dtype",\n      "value": "float16"',
            "arguments: dtype: float16 (profile) → bfloat16 (profile)",
        ),
    ],
)
def test_what_cannot_be_the_same_is_refused_and_can_be_allowed(
    old: str, new: str, words: str, env: dict[str, str], tmp_path: Path
) -> None:
    path, _ = served(tmp_path, env)
    if old not in path.read_text():
        pytest.skip("this machine's processor has a model of its own")
    other = edited(path, old, new)
    if "MI300X" in new:
        uses = '"type": "{}",\n        "unique_id"'
        other.write_text(other.read_text().replace(uses.format("cpu"), uses.format("gpu")))
    done = run("serve", "--from-record", str(other), env=env)
    assert done.returncode == 2
    assert words in done.stderr
    assert f"{other} cannot be repeated here as it was" in done.stderr
    assert "--allow-differences goes on all the same" in done.stderr
    _, said = served(tmp_path, env, "--from-record", str(other), "--allow-differences")
    assert "ready after" in said
    assert f"not as recorded: {words.partition(' → ')[0]}" in said


def test_other_weights_in_the_cache_are_refused_and_can_be_allowed(
    env: dict[str, str], tmp_path: Path
) -> None:
    path, _ = served(tmp_path, {**env, "AIM_MODEL_ID": str(tmp_path / "models" / MODEL)})
    folder = tmp_path / "models" / MODEL
    (folder / "config.json").write_text('{"architectures": ["LlamaForCausalLM"] }')
    manifest.seal(folder, f"hf://{MODEL}", "c0ffee", lambda _: None)
    done = run("serve", "--from-record", str(path), env=env)
    assert done.returncode == 5
    assert f"the weights in {folder} are not those of the record: config.json has the SHA-256" in done.stderr
    _, said = served(tmp_path, env, "--from-record", str(path), "--allow-differences")
    assert "are not those of the record" in said


def test_the_revision_of_the_record_is_fetched(tmp_path: Path) -> None:
    """The hub has moved on, and the cache with it: the commit of the record is brought back."""
    with hub_with(tmp_path / "hub", MODEL, QWEN3) as hub:
        env = environment(
            tmp_path,
            AIM_MODEL_ID=MODEL,
            AIM_ACCELERATOR_TYPE="cpu",
            AIM_PORT=str(free_port()),
            PYTHONPATH=str(FAKE_ENGINE),
            HF_ENDPOINT=hub.endpoint,
        )
        path, _ = served(tmp_path, env)
        written = read(path)
        assert written.weights.revision
        folder = tmp_path / "models" / MODEL
        (folder / "config.json").write_text("{}")
        manifest.seal(folder, f"hf://{MODEL}", "0" * 40, lambda _: None)
        again, said = served(tmp_path, env, "--from-record", str(path))
        assert "which is not what was asked for" in said
        assert read(again).weights.files == written.weights.files
        assert manifest.read(folder).revision == written.weights.revision  # type: ignore[union-attr]


def test_a_profile_that_is_gone_comes_from_the_record(env: dict[str, str], tmp_path: Path) -> None:
    mine = content(
        None, accelerator_model="CPU", accelerator_type="cpu", accelerator_count=1, precision="bf16"
    )
    mine |= {"engine_args": {"max-num-seqs": 5}, "env_vars": {"VLLM_CPU_KVCACHE_SPACE": "1"}}
    profile = write(tmp_path / "profiles/custom/mine.yaml", mine)
    asked = {**env, "AIM_PROFILES_PATH": str(tmp_path / "profiles")}
    path, _ = served(tmp_path, asked)
    before = seen(env)
    assert "5" in before[0]
    profile.unlink()
    _, said = served(tmp_path, asked, "--from-record", str(path))
    assert (
        "the profile custom/general/mine is not in the catalogue any more: it is taken from the record"
        in said
    )
    assert seen(env)[0] == before[0]


def test_a_cache_that_is_read_only_leaves_no_record_and_one_line(env: dict[str, str], tmp_path: Path) -> None:
    cache = tmp_path / "models"

    def look() -> str:
        write_tiny_model(cache / MODEL)
        remount_read_only(cache)
        with serving(tmp_path, env) as service:
            service.wait_until_said("ready after", 20)
            assert service.stop() == 0
        return service.said

    said = on_a_disk(cache, "size=4m", look)
    line = f"no record of this run is kept in {cache}/.aim/runs: the file system is read-only"
    assert said.count(line) == 1


@pytest.mark.parametrize("place", ["runs/one.json", "runs", ""])
def test_where_the_record_goes(place: str, env: dict[str, str], tmp_path: Path) -> None:
    said = str(tmp_path / place) if place else ""
    with serving(tmp_path, {**env, "AIM_RECORD_PATH": said}) as service:
        service.wait_until_said("ready after", 20)
        assert service.stop() == 0
    assert files(tmp_path) == []
    found = list((tmp_path / "runs").glob("*")) if place else []
    assert len(found) == (1 if place else 0)
    assert all(read(each).outcome.state == "stopped" for each in found)


COMPARED: list[tuple[tuple[str, ...], str]] = [
    (("{a}", "{a}"), "nothing differs between"),
    (("{a}", "now"), "  AIM_METRIC: latency (default) → throughput (environment)\n"),
    (("now", "{a}"), "  AIM_METRIC: throughput (environment) → latency (default)\n"),
]


def test_explain_diff(env: dict[str, str], tmp_path: Path) -> None:
    path, _ = served(tmp_path, env)
    now = {**env, "AIM_METRIC": "throughput"}
    for asked, words in COMPARED:
        done = run("explain", "--diff", *(each.format(a=path) for each in asked), env=now)
        assert done.returncode == 0, done.stderr
        assert words in done.stdout
        assert "timings" not in done.stdout
    done = run("explain", "--diff", str(path), "now", "--format", "json", env=now)
    found = json.loads(done.stdout)
    assert (found["a"], found["b"]) == (str(path), "now")
    assert {"group", "name", "a", "b"} == set(found["differences"][0])
    assert {
        "group": "settings",
        "name": "AIM_METRIC",
        "a": {"value": "latency", "from": "default"},
        "b": {"value": "throughput", "from": "environment"},
    } in found["differences"]


def test_explain_diff_of_what_is_no_record(env: dict[str, str], tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    for content_, words in (("{", "is not JSON"), ("{}", "not a run record"), ('{"schema": 2}', "a newer")):
        bad.write_text(content_)
        for command in (("explain", "--diff", str(bad), "now"), ("serve", "--from-record", str(bad))):
            done = run("--error-format", "json", *command, env=env)
            assert done.returncode == 2
            error = json.loads(done.stderr)
            assert error["code"] == "config.invalid_record"
            assert words in error["message"]
    done = run("explain", "--diff", str(bad), "now", "some-profile", env=env)
    assert done.returncode == 2
    assert "--diff compares records" in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        "aim-runtime serve --from-record ru",
        "aim-runtime explain --diff ru",
        "aim-runtime explain --diff a ru",
    ],
)
def test_shells_complete_the_file(words: str, tmp_path: Path) -> None:
    last = str(len(words.split()) - 1)
    asked = {"_AIM_RUNTIME_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": last}
    done = run(env=environment(tmp_path, **asked))
    assert done.stdout.split() == ["file,ru"], "the shell itself knows the files"


def test_differences_of_what(tmp_path: Path) -> None:
    done = run("serve", "--allow-differences", env=environment(tmp_path))
    assert done.returncode == 2
    assert "--allow-differences goes with --from-record" in done.stderr


@pytest.mark.parametrize("verb", ["serve", "explain"])
def test_help_has_examples(verb: str, tmp_path: Path) -> None:
    said = run(verb, "--help", env=environment(tmp_path)).stdout
    assert (
        f"aim-runtime {verb} --{'from-record' if verb == 'serve' else 'diff'} "
        in said.partition("Examples:")[2]
    )
