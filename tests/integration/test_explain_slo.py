"""`AIM_SLO` from the environment to the choice: in explain, dry-run, list-profiles, and the log of serve."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from integration.serving_support import MODEL, fake_environment
from integration.test_list_profiles import on_a_terminal, plain
from running import AIM, COHERE, environment, run, serving
from unit.profiles.build import content, write

SLO = "ttft_p90_ms<=500,tpot_p90_ms<=50"
SHIPPED = "vllm-mi300x-fp16-tp8-latency"
MEETS, MISSES = (f"custom/{COHERE}/vllm-mi300x-fp16-{each}" for each in ("tp4-throughput", "tp8-latency"))


def figures(ttft_s: float, tpot_s: float, tokens_per_s: float) -> dict[str, float]:
    names = {"ttft_p90_s": ttft_s, "tpot_p90_s": tpot_s, "tokens_per_s": tokens_per_s}
    return {f"clients_8_{name}": value for name, value in names.items()}


def evidence(machine: str, found: dict[str, float], **more: str) -> dict[str, Any]:
    about = {"source": "measured", "engine": "vLLM 0.32.0", "machine": machine, "date": "2026-11-25"}
    return {"evidence": {**about, **more, "figures": found}}


def write_profile(home: Path, name: str, data: dict[str, Any]) -> None:
    write(home / "profiles" / f"{name}.yaml", data)


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """Eight MI300X declared; of two custom profiles one meets the level and one misses it."""
    meets = content(COHERE, accelerator_count=4, metric="throughput")
    write_profile(tmp_path, MEETS, meets | evidence("4 x MI300X", figures(0.3, 0.04, 214.8)))
    misses = content(COHERE, accelerator_count=8)
    write_profile(tmp_path, MISSES, misses | evidence("8 x MI300X", figures(0.3, 0.081, 400)))
    places = {"AIM_PROFILES_PATH": str(tmp_path / "profiles"), "AIM_SLO": SLO}
    return environment(tmp_path, AIM_ID=COHERE, AIM_ACCELERATOR_MODEL="MI300X", **places)


def in_json(*args: str, env: dict[str, str]) -> Any:
    done = run(*args, "--format", "json", env=env)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_explain_has_a_line_for_every_profile(env: dict[str, str]) -> None:
    text = " ".join(run("explain", env=env).stdout.split())
    assert f"Request: {COHERE}, latency or throughput, AIM_SLO={SLO}, any precision" in text
    kept = "meets AIM_SLO up to 8 clients at 214.8 tokens/s (measured)"
    assert f"Chosen: {MEETS}: {kept}; no other is known to" in text
    assert f"1. {MEETS} compatible change" not in text
    assert f"service level: {kept}" in text
    assert "service level: misses tpot_p90_ms 81 > 50 at 8 clients (measured)" in text
    assert "service level: no evidence: no figures were published with it (AMD AIM" in text
    one = run("explain", MISSES, env=env).stdout
    assert "service level: misses tpot_p90_ms 81 > 50" in one


def test_explain_as_json(env: dict[str, str]) -> None:
    found = in_json("explain", env=env)
    assert (found["request"]["slo"], found["request"]["any_metric"]) == (SLO, True)
    assert found["chosen"] == MEETS
    levels = {each["profile_id"]: each["service_level"] for each in found["profiles"]}
    assert levels[MEETS] == {
        "standing": "meets",
        "text": "meets AIM_SLO up to 8 clients at 214.8 tokens/s (measured)",
        "clients": 8,
        "tokens_per_s": 214.8,
        "missed": None,
        "source": "measured",
        "machine": "4 x MI300X",
    }
    assert levels[MISSES]["missed"] == {"objective": "tpot_p90_ms<=50", "value_ms": 81.0, "clients": 8}
    assert levels[SHIPPED]["standing"] == "no_evidence"
    ranks = {each["profile_id"]: each["rank"] for each in found["profiles"] if each["rank"]}
    assert ranks[MEETS] == 1
    assert ranks[MISSES] == len(ranks), "after those of which nothing is known"
    assert all(level is None for name, level in levels.items() if name.startswith("custom/deepseek-ai/"))


def test_dry_run_takes_it_and_says_why(env: dict[str, str]) -> None:
    (plan,) = in_json("dry-run", env=env)
    assert plan["profile_id"] == MEETS
    assert plan["why"].startswith("meets AIM_SLO up to 8 clients")
    assert plan["service_level"]["tokens_per_s"] == 214.8
    del env["AIM_SLO"]
    (plan,) = in_json("dry-run", env=env)
    assert plan["profile_id"] == MISSES
    assert plan["service_level"] is None


def test_list_profiles_says_it(env: dict[str, str]) -> None:
    rows = {row["profile_id"]: row for row in in_json("list-profiles", env=env)}
    assert rows[MEETS]["service_level"]["standing"] == "meets"
    assert rows["vllm-mi300x-fp16-tp8-throughput"]["compatibility"] == "compatible"
    shown = plain(on_a_terminal([str(AIM), "list-profiles"], {**env, "TERM": "xterm-256color"}, 400))
    assert f"Would be chosen: {MEETS} (meets AIM_SLO up to 8 clients" in shown
    unseen = in_json("list-profiles", "--skip-compatibility-check", env=env)
    assert all(row["service_level"] is None for row in unseen)


def test_a_metric_that_is_asked_for_stays_a_test(env: dict[str, str]) -> None:
    found = in_json("explain", env={**env, "AIM_METRIC": "latency"})
    assert found["request"]["any_metric"] is False
    assert found["chosen"] == MISSES
    reasons = {each["profile_id"]: each["reasons"] for each in found["profiles"]}
    assert reasons[MEETS][0]["state"] == "metric_mismatch"


def test_where_none_meets_it_the_usual_order_decides_with_a_warning(env: dict[str, str]) -> None:
    asked = {**env, "AIM_SLO": "tpot_p90_ms<=20"}
    done = run("dry-run", "--format", "json", env=asked)
    assert done.returncode == 0
    (plan,) = json.loads(done.stdout)
    assert plan["profile_id"] == MISSES, "the custom one for latency on all eight, as without AIM_SLO"
    assert "no profile that may be taken is known to meet AIM_SLO" in plan["why"]
    said = " ".join(done.stderr.split())
    assert "AIM_SLO=tpot_p90_ms<=20: no profile that may be taken is known to meet it; " in said
    assert f"{MEETS} comes nearest and misses tpot_p90_ms 40 > 20 at 8 clients (measured)" in said
    assert f"{MISSES} is taken by the usual order" in said
    assert "`aim-runtime tune --slo 'tpot_p90_ms<=20'` looks for one that does" in said


def test_what_is_wrong_is_said(env: dict[str, str]) -> None:
    done = run("explain", env={**env, "AIM_SLO": "ttft_p90<=500"})
    assert done.returncode == 2
    assert done.stdout == ""
    assert "AIM_SLO=ttft_p90<=500: ttft_p90 is not a figure; did you mean ttft_p90_ms?" in done.stderr
    assert "set AIM_SLO to: limits" in done.stderr


def serving_environment(home: Path, how: str) -> dict[str, str]:
    """Of two custom profiles for the CPU the one for throughput meets the level; `how` its engine fares."""
    kinds = {"accelerator_type": "cpu", "accelerator_model": "CPU", "accelerator_count": 1}
    for metric, tpot_s, fares in (("latency", 0.081, "fine"), ("throughput", 0.04, how)):
        profile = content(None, **kinds, precision="bf16", metric=metric)
        profile["env_vars"] = {"VLLM_CPU_KVCACHE_SPACE": "1", "FAKE_ENGINE": fares}
        seen = evidence("1 core of an AMD EPYC", figures(0.3, tpot_s, 90), model=MODEL)
        write_profile(home, f"custom/general/vllm-cpu-bf16-tp1-{metric}", profile | seen)
    return fake_environment(home, AIM_PROFILES_PATH=str(home / "profiles"), AIM_SLO=SLO)


def test_the_next_profile_is_the_next_by_the_service_level(tmp_path: Path) -> None:
    env = {**serving_environment(tmp_path, "crash"), "AIM_ON_FAILURE": "next-profile"}
    with serving(tmp_path, env) as service:
        service.wait_until_said("ready after", 30)
        assert service.stop() == 0
    following = "general/vllm-cpu-bf16-tp1-latency"
    assert "profile custom/general/vllm-cpu-bf16-tp1-throughput: the engine ended" in service.said
    assert f"; now profile {following}" in service.said, "unknown, before the custom one that misses it"
    assert f"service level {SLO}: no evidence: " in service.said
    assert "AIM_PROFILE_ID" not in service.said


def test_serve_says_why_it_took_the_profile(tmp_path: Path) -> None:
    env = serving_environment(tmp_path, "fine")
    with serving(tmp_path, env) as service:
        service.wait_until_said("ready after", 30)
        assert service.stop() == 0
    assert "profile custom/general/vllm-cpu-bf16-tp1-throughput (bf16, throughput, general)" in service.said
    assert f"service level {SLO}: meets AIM_SLO up to 8 clients at 90 tokens/s (measured); " in service.said
    assert "no profile that may be taken" not in service.said
