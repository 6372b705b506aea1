"""`tune` against an engine whose pace hangs on its configuration: it finds the best and refuses the wrong."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from serving_support import MODEL, fake_environment, within

from running import run
from tiny_tokenizer import write_tiny_tokenizer

QUICK = Path(__file__).parents[1] / "quick_load.py"
# Four knobs are left: what makes it quicker, what crashes it, what makes its answers wrong.
HELD = (
    *("enforce-eager", "VLLM_USE_AOT_COMPILE", "max-num-seqs", "VLLM_CPU_OMP_THREADS_BIND"),
    *("VLLM_CPU_NUM_OF_RESERVED_CPU", "OMP_NUM_THREADS", "VLLM_CPU_ATTN_SPLIT_KV", "api-server-count"),
    *("disable-uvicorn-access-log", "GOMP_SPINCOUNT", "THP_MEM_ALLOC_ENABLE"),
)


def tuning(folder: Path, **more: str) -> dict[str, str]:
    """An environment whose engine's pace hangs on its configuration."""
    env = fake_environment(
        folder, FAKE_ENGINE_SPEED="0.02", VLLM_CPU_KVCACHE_SPACE="1", AIM_METRIC="throughput", **more
    )
    write_tiny_tokenizer(folder / "tokenizer")
    return env


def command(folder: Path, *more: str) -> list[str]:
    held = [word for name in HELD for word in ("--hold", name)]
    small = ["--input-tokens", "8", "--output-tokens", "24", "--clients", "2"]
    place = ["--output-dir", str(folder / "search"), "--tokenizer", str(folder / "tokenizer")]
    return [sys.executable, str(QUICK), "tune", "--generator", "quick", *held, *small, *place, *more]


def tune(folder: Path, env: dict[str, str], *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(folder, *more), env=env, capture_output=True, text=True, timeout=240, check=False
    )


def trials(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "search" / "trials.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def serving_in(folder: Path) -> list[int]:
    """The services of a search that still run."""
    ours, found = f"AIM_PROFILES_PATH={folder / 'search' / 'profiles'}".encode(), []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if ours in (process / "environ").read_bytes() and b"serve" in (process / "cmdline").read_bytes():
                found.append(int(process.name))
        except OSError:
            continue
    return found


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any], str]:
    """A whole search: its folder, its results, what it printed."""
    folder = tmp_path_factory.mktemp("tune")
    done = tune(folder, tuning(folder), "--trials", "14")
    assert done.returncode == 0, done.stderr
    return (
        folder,
        json.loads((folder / "search" / "tune_results.json").read_text()),
        done.stdout + done.stderr,
    )


def test_it_finds_the_best_configuration_there_is(searched: tuple[Path, dict[str, Any], str]) -> None:
    _, results, said = searched
    best = results["trials"][results["best"]]["settings"]
    assert best["VLLM_ENABLE_V1_MULTIPROCESSING"] == "0"
    assert best["block-size"] == 64
    assert results["gain"] > 1.8
    assert "the engine's defaults" in said


def test_what_crashes_dies_or_answers_otherwise_is_recorded_with_its_reason(
    searched: tuple[Path, dict[str, Any], str],
) -> None:
    _, results, _ = searched
    by = {
        name: [each for each in results["trials"] if each["settings"].get(name) == value]
        for name, value in (("performance-mode", "interactivity"), ("max-num-batched-tokens", 8192))
    }
    assert by["performance-mode"]
    assert all(each["outcome"] == "wrong answers" for each in by["performance-mode"])
    assert "nats a token" in by["performance-mode"][0]["reason"]
    crashed = [each for each in by["max-num-batched-tokens"] if each["outcome"] == "failed"]
    assert crashed
    assert crashed[0]["code"].startswith("engine.")
    died = [each for each in results["trials"] if each["settings"].get("max-num-batched-tokens") == 4096]
    assert died
    assert all(each["outcome"] in ("failed", "wrong answers") for each in died)
    assert results["trials"][0]["outcome"] == "reference"


def test_the_profile_is_clean_has_its_evidence_and_is_the_one_that_is_chosen(
    searched: tuple[Path, dict[str, Any], str],
) -> None:
    folder, results, said = searched
    profile = Path(results["profile"])
    lint = run("profiles", "lint", str(profile), "--engine-version", "0.32.0", env=tuning(folder / "lint"))
    assert lint.returncode == 0, lint.stdout
    assert "0 errors, 0 warnings" in lint.stderr
    evidence = yaml.safe_load(profile.read_text())["evidence"]
    assert evidence["source"] == "measured"
    figures, baseline = evidence["figures"], evidence["baseline"]
    assert figures["clients_2_tokens_per_s"] > 1.5 * baseline["clients_2_tokens_per_s"]
    assert {"clients_8_ttft_p90_s", "clients_32_tpot_p50_s", "start_to_ready_s"} <= figures.keys()
    env = tuning(folder / "chosen", AIM_PROFILES_PATH=str(folder / "search" / "best"))
    explained = json.loads(run("explain", "--format", "json", env=env).stdout)
    assert explained["chosen"] == results["profile_id"]
    assert f"AIM_PROFILES_PATH={folder / 'search' / 'best'}" in said


def test_no_service_is_left_and_two_were_up_side_by_side(
    searched: tuple[Path, dict[str, Any], str],
) -> None:
    folder, results, _ = searched
    assert serving_in(folder) == []
    fought = [each for each in results["trials"] if len(each["ratios"]) > 1]
    assert fought
    starts = list((folder / "search" / "logs").glob("trial0*.log"))
    assert len(starts) <= 2  # the reference stays up while it is the best, and comes again for the last runs


def test_the_same_command_again_has_nothing_to_do_and_another_is_refused(
    searched: tuple[Path, dict[str, Any], str],
) -> None:
    folder, results, _ = searched
    began = time.monotonic()
    again = tune(folder, tuning(folder / "again"), "--trials", "14")
    assert again.returncode == 0, again.stderr
    assert time.monotonic() - began < 20
    assert len(trials(folder)) == len(results["trials"])
    other = tune(folder, tuning(folder / "other"), "--trials", "14", "--slo", "ttft_p90_ms<=500")
    assert other.returncode == 2
    assert "search of another request: slo None, not ttft_p90_ms<=500" in other.stderr


def start(folder: Path, env: dict[str, str]) -> subprocess.Popen[bytes]:
    with (folder / "said").open("ab") as said:
        return subprocess.Popen(command(folder, "--trials", "3"), env=env, stdout=said, stderr=said)


def test_after_a_kill_it_goes_on_and_ends_what_was_left(tmp_path: Path) -> None:
    env = tuning(tmp_path)
    killed = start(tmp_path, env)
    journal = tmp_path / "search" / "trials.jsonl"
    assert within(60, lambda: journal.exists() and len(trials(tmp_path)) >= 1)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    left = serving_in(tmp_path)
    assert left
    before = trials(tmp_path)
    with journal.open("a") as file:
        file.write('{"number": 2, "key": "torn')
    done = tune(tmp_path, env, "--trials", "3")
    assert done.returncode == 0, done.stderr
    assert trials(tmp_path)[: len(before)] == before
    assert len(trials(tmp_path)) == 3
    assert set(left).isdisjoint(serving_in(tmp_path))


def test_an_interruption_writes_the_best_so_far(tmp_path: Path) -> None:
    running = start(tmp_path, tuning(tmp_path))
    won = lambda: any(each["outcome"] == "won" for each in trials(tmp_path))  # noqa: E731
    journal = tmp_path / "search" / "trials.jsonl"
    assert within(90, lambda: journal.exists() and won())
    running.send_signal(signal.SIGINT)
    assert running.wait(60) == 130
    assert serving_in(tmp_path) == []
    results = json.loads((tmp_path / "search" / "tune_results.json").read_text())
    assert results["interrupted"] is True
    evidence = yaml.safe_load(Path(results["profile"]).read_text())["evidence"]
    assert "as measured in the search" in evidence["workload"]


@pytest.mark.parametrize(
    ("arguments", "more", "code", "said"),
    [
        (("--slo", "ttft<=1"), {}, 2, "ttft is not a figure"),
        (("--hold", "blok-size"), {}, 2, "did you mean block-size?"),
        (("--minutes", "0"), {}, 2, "--minutes"),
        ((), {"AIM_MODEL_ID": ""}, 2, "no model was named"),
        ((), {"AIM_ENGINE_ARGS": '{"max-model-len": "many"}'}, 2, "max-model-len"),
        (("--trials", "1"), {"FAKE_ENGINE": "crash"}, 6, "engine"),
    ],
)
def test_bad_input_is_refused(
    tmp_path: Path, arguments: tuple[str, ...], more: dict[str, str], code: int, said: str
) -> None:
    env = tuning(tmp_path) | more
    done = tune(tmp_path, env, *arguments)
    assert done.returncode == code, done.stderr
    assert said in done.stderr


def test_the_dry_run_prints_the_space_and_what_the_plan_refuses(tmp_path: Path) -> None:
    env = tuning(tmp_path)
    del env["VLLM_CPU_KVCACHE_SPACE"]
    done = run("tune", "--dry-run", "--format", "json", env=env)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert {"block-size", "enforce-eager"} <= {each["name"] for each in found["space"]}
    assert all(each["why"] for each in found["space"])
    assert found["first"][0]["origin"] == "the engine's defaults"
    assert not (tmp_path / "aim-tune-acme--tiny-throughput").exists()
    assert found["model"] == MODEL


def test_what_is_held_is_in_every_trial_and_nothing_contradicts_it(tmp_path: Path) -> None:
    env = tuning(tmp_path) | {"AIM_METRIC": "latency"}
    done = run("tune", "--dry-run", "--format", "json", "--hold", "enforce-eager", env=env)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["held"]["enforce-eager"] is True
    assert "enforce-eager" not in {each["name"] for each in found["space"]}
    origins = [each["origin"] for each in found["first"]]
    assert any(origin.endswith("vllm-cpu-bf16-tp1-latency") for origin in origins)
    assert not any("throughput" in origin or ", compiled" in origin for origin in origins)
