"""`explain`: all reasons, the ranks, the arithmetic, and the object that the reference page describes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aim_runtime.choice import choose, why
from aim_runtime.cli.explanation import explanation_object
from aim_runtime.cli.overview import overview_text
from aim_runtime.hardware.accelerator import Accelerator, Hardware
from aim_runtime.models.cache import Cache
from aim_runtime.settings import Settings
from aim_runtime.site import Site, load_catalog_for
from aim_runtime.vocabulary import AcceleratorType
from integration.test_list_profiles import on_a_terminal
from running import AIM, COHERE, environment, run
from unit.profiles import build

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "explain.md"
GIB = 1024**3
MI300X = {"AIM_ID": COHERE, "AIM_ACCELERATOR_MODEL": "MI300X"}
ONE_MI300X = {**MI300X, "AIM_ACCELERATOR_COUNT": "1"}
AIM_ENV = {**MI300X, "AIM_ACCELERATOR_MODEL": "MI325X", "AIM_ACCELERATOR_COUNT": "1"}
BEST = "vllm-mi300x-fp16-tp8-latency"


def explained(home: Path, *args: str, **env: str) -> dict[str, Any]:
    done = run("explain", "--format", "json", *args, env=environment(home, **env))
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def leaves(value: Any, path: str = "") -> Iterator[str]:
    """The paths of an object as the reference page writes them."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, f"{path}[]")
    else:
        yield path


def test_every_key_of_the_object_is_documented_and_every_documented_key_appears(
    tmp_path: Path, tree: Callable[[str], Path]
) -> None:
    custom = tmp_path / "profiles" / "custom" / "general"
    custom.mkdir(parents=True)
    (custom / "broken.yaml").write_text("metadata: 1\n")
    for name, seconds in (("fast", 0.04), ("slow", 0.08)):
        evidence = {"source": "measured", "engine": "vLLM", "machine": "8 x MI300X", "date": "2026-11-25"}
        figures = {"clients_1_tpot_p90_s": seconds}
        data = build.content(COHERE) | {"evidence": {**evidence, "figures": figures}}
        build.write(tmp_path / "profiles" / "custom" / COHERE / f"{name}.yaml", data)
    places = {"AIM_PROFILES_PATH": str(tmp_path / "profiles")}
    seen = {
        key
        for env in (
            MI300X,
            {**MI300X, "AIM_SLO": "tpot_p90_ms<=50"},
            {**ONE_MI300X, "AIM_ALLOW_GENERAL_PROFILE_FALLBACK": "false", "AIM_METRIC": "throughput"},
            {"AIM_ID": "nobody/nothing", "AIM_ACCELERATOR_MODEL": "MI300X"},
            {**MI300X, "AIM_ALLOW_GENERAL_PROFILE_FALLBACK": "false"},
            {"AIM_ID": COHERE, "AIM_HOST_ROOT": str(tree("8 MI300X SPX")), "HIP_VISIBLE_DEVICES": "0,1,2"},
            {"AIM_ID": COHERE, "AIM_HOST_ROOT": str(tree("8 MI300X without a driver"))},
        )
        for key in leaves(explained(tmp_path, **env, **places))
    }
    documented = set(re.findall(r"^\| `([^`]+)`", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    assert seen - documented == set()
    whole = {"model", "profiles[].barrier", "profiles[].memory"}
    whole |= {"profiles[].service_level", "profiles[].service_level.missed"}
    assert documented - seen - whole == set()


def test_the_object_says_what_dry_run_takes_and_ranks_every_compatible_profile(tmp_path: Path) -> None:
    found = explained(tmp_path, **MI300X)
    (plan,) = json.loads(run("dry-run", "--format", "json", env=environment(tmp_path, **MI300X)).stdout)
    assert found["chosen"] == plan["profile_id"] == BEST
    assert found["profiles"][0]["memory"] == plan["memory"]
    assert plan["memory"]["fits"] is True
    ranks = [each["rank"] for each in found["profiles"] if each["state"] == "compatible"]
    assert ranks == list(range(1, len(ranks) + 1))
    assert found["profiles"][0]["rank"] == 1
    assert found["profiles"][0]["score"] == {
        "accelerator_count": 8,
        "layer": "model",
        "precision": "fp16",
        "type": "optimized",
    }
    states = {each["profile_id"]: each["state"] for each in found["profiles"]}
    rows = json.loads(run("list-profiles", "--format", "json", env=environment(tmp_path, **MI300X)).stdout)
    assert states == {row["profile_id"]: row["compatibility"] for row in rows}
    assert all(each["rank"] is None for each in found["profiles"] if each["reasons"])


def test_all_reasons_are_given_each_with_its_change(tmp_path: Path) -> None:
    found = explained(tmp_path, **ONE_MI300X)
    profiles = {each["profile_id"]: each for each in found["profiles"]}
    both = profiles["vllm-mi300x-fp16-tp2-throughput"]
    assert [reason["state"] for reason in both["reasons"]] == ["metric_mismatch", "gpu_mismatch"]
    assert both["change"] == "set AIM_METRIC=throughput; set AIM_ACCELERATOR_COUNT=2"
    heavy = profiles["general/vllm-mi300x-fp16-tp1-latency"]
    assert heavy["memory"]["fits"] is False
    assert heavy["memory"]["kv_cache_bytes"] < 0
    assert heavy["change"] is None


def test_no_profile_is_explained_and_no_error(tmp_path: Path) -> None:
    found = explained(tmp_path, **ONE_MI300X)
    assert found["chosen"] is None
    assert "on 1 x MI300X" in found["why"]
    done = run("explain", env=environment(tmp_path, **ONE_MI300X))
    assert done.returncode == 0
    assert done.stderr == ""
    assert "Chosen: None: no profile for" in done.stdout
    assert "Nearest: general/vllm-mi300x-fp16-tp2-latency; set AIM_ACCELERATOR_COUNT=2" in done.stdout


def test_text_in_a_pipe_has_no_colours_and_every_profile_of_the_model(tmp_path: Path) -> None:
    env = environment(tmp_path, **MI300X)
    done = run("explain", env=env)
    assert "\x1b" not in done.stdout
    assert f"Chosen: {BEST}: ranks first by search layer" in done.stdout
    assert (
        "memory: weights 25.9 + activations 1.7 + runtime 2.5 + graphs 2.0 GiB of 176.6 GiB "
        "(gpu-memory-utilization 0.92 of 192.0) -> KV cache 144.6 GiB = 12,887,662 tokens, "
        "393.3 requests of 32,768 tokens"
    ) in done.stdout
    ids = [each["profile_id"] for each in explained(tmp_path, **MI300X)["profiles"]]
    missing = [each for each in ids if f" {each}  " not in done.stdout]
    assert all(each.startswith("custom/deepseek-ai/") for each in missing)
    assert f"For other models: {len(missing)} (deepseek-ai/" in done.stdout
    verbose = run("explain", "-v", env=env).stdout
    assert [each for each in ids if f" {each}  " not in verbose] == []


@pytest.mark.parametrize("columns", [80, 140])
@pytest.mark.parametrize("args", [[], ["vllm-mi300x-fp16-tp4-latency"]], ids=["all", "one"])
def test_a_terminal_gets_colours_and_lines_of_its_width(
    args: list[str], columns: int, tmp_path: Path
) -> None:
    env = environment(tmp_path, **MI300X, TERM="xterm-256color")
    shown = on_a_terminal([str(AIM), "explain", *args], env, columns)
    assert "\x1b[32mcompatible\x1b[0m" in shown
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in shown.splitlines()]
    assert [line for line in lines if len(line) > columns and "/" not in line] == []


def test_no_color_is_respected(tmp_path: Path) -> None:
    env = environment(tmp_path, **MI300X, TERM="xterm-256color", NO_COLOR="1")
    assert "\x1b" not in on_a_terminal([str(AIM), "explain"], env, 80)
    assert "\x1b" not in on_a_terminal([str(AIM), "list-profiles"], env, 80)


def test_one_profile_has_its_arithmetic_line_by_line(tmp_path: Path) -> None:
    done = run("explain", "vllm-mi300x-fp16-tp4-latency", env=environment(tmp_path, **MI300X))
    rows = {line.strip().split("  ")[0]: line for line in done.stdout.splitlines()}
    numbers = {
        label: float(re.search(r"(-?[\d.]+) GiB", rows[label])[1])  # type: ignore[index]
        for label in ("= budget", "- weights", "- activations", "- runtime", "- graphs", "= KV cache")
    }
    budget, *rest, left = numbers.values()
    assert budget - sum(rest) == pytest.approx(left, abs=0.3)
    assert "206.9 GiB / 4 accelerators" in rows["- weights"]
    assert rows["max-model-len"].endswith("the profile")
    assert "131,072" in rows["longest context"]
    assert "96" in rows["attention heads"]
    assert BEST not in done.stdout.partition("Memory of one")[2]


def test_an_unknown_profile_names_the_nearest(tmp_path: Path) -> None:
    done = run("explain", "vllm-mi300x-fp16-tp8-latncy", env=environment(tmp_path, **MI300X))
    assert done.returncode == 4
    assert done.stdout == ""
    assert "no such profile; did you mean vllm-mi300x-fp16-tp8-latency?" in done.stderr


def test_a_model_must_be_named(tmp_path: Path) -> None:
    done = run("explain", env=environment(tmp_path))
    assert done.returncode == 2
    assert "AIM_MODEL_ID" in done.stderr


def test_a_profile_that_is_named_is_chosen_with_what_speaks_against_it(tmp_path: Path) -> None:
    named = "vllm-mi300x-fp16-tp8-throughput"
    found = explained(tmp_path, **MI300X, AIM_PROFILE_ID=named)
    assert found["chosen"] == found["profiles"][0]["profile_id"] == named
    assert found["why"] == "AIM_PROFILE_ID names it"
    assert found["profiles"][0]["reasons"][0]["state"] == "metric_mismatch"


def test_a_broken_file_is_explained_by_its_id(tmp_path: Path) -> None:
    custom = tmp_path / "profiles" / "custom" / "general"
    custom.mkdir(parents=True)
    (custom / "mine.yaml").write_text("metadata:\n  engine: vllm\n  precison: fp8\n")
    env = environment(tmp_path, **MI300X, AIM_PROFILES_PATH=str(tmp_path / "profiles"))
    done = run("explain", "custom/general/mine", env=env)
    assert done.returncode == 0
    assert "line 3" in done.stdout
    found = json.loads(run("explain", "--format", "json", "mine", env=env).stdout)
    assert found["profiles"] == []
    assert [Path(each["path"]).name for each in found["problems"]] == ["mine.yaml"]


def machine(free_gib: list[int], models: list[str] | None = None) -> Hardware:
    """GPUs of 192 GiB with so much free, and a CPU."""
    cpu = Accelerator(AcceleratorType.CPU, 0, "CPU", "a processor", 64 * GIB, 8)
    names = models or ["MI300X"] * len(free_gib)
    gpus = (
        Accelerator(AcceleratorType.GPU, index, name, name, 192 * GIB, free_bytes=free * GIB)
        for index, (name, free) in enumerate(zip(names, free_gib, strict=True))
    )
    return Hardware(tuple(gpus), cpu, "the amdgpu driver")


def site(home: Path, hardware: Hardware, **asked: Any) -> tuple[Settings, Site]:
    settings = Settings(aim_id=COHERE, cache_path=home, profiles_path=home, **asked)
    return settings, Site(hardware, load_catalog_for(settings), Cache(home), None)


def test_on_a_busy_machine_the_idle_ones_are_named_and_the_busy_one_is_a_reason(tmp_path: Path) -> None:
    choice = choose(*site(tmp_path, machine([191] * 3 + [20] + [191] * 3 + [191])))
    assert choice.chosen is not None
    assert choice.chosen.profile.metadata.accelerator_count == 4
    text = overview_text(choice, verbose=False)
    assert "GPU 0-2, 4-7" not in text.partition("\n")[0]  # alike only where they are next to another
    assert "3 x MI300X, 192.0 GiB (191.0 free), GPU 0-2; 1 x MI300X, 192.0 GiB (20.0 free), GPU 3" in text
    assert "uses: GPU 0-2, 4 of 8" in text
    assert "GPU 3 has 20.0 of 192.0 GiB free" in text
    found = explanation_object(choice)
    assert found["profiles"][0]["uses"] == [0, 1, 2, 4]
    (busy,) = [each for each in found["profiles"] if each["profile_id"] == BEST]
    assert busy["state"] == "memory_mismatch"
    assert busy["memory"]["fits"] is True
    assert busy["change"].startswith("free ")


def test_on_a_mixed_machine_only_its_own_kind_is_used(tmp_path: Path) -> None:
    choice = choose(*site(tmp_path, machine([191] * 4, ["MI300X", "MI325X", "MI325X", "MI300X"])))
    found = explanation_object(choice)
    assert found["profiles"][0]["uses"] in ([0, 3], [1, 2])
    assert "uses: GPU 0, 3 of 4" in overview_text(choice, verbose=False)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"allow_general_profile_fallback": False}, "the number of accelerators: 8, before 4 of"),
        ({}, "search layer: 'of the model', before 'general, for any model'"),
        ({"profile_id": BEST}, "AIM_PROFILE_ID names it"),
    ],
    ids=["count", "layer", "named"],
)
def test_what_decided_is_said(asked: dict[str, Any], said: str, tmp_path: Path) -> None:
    assert said in why(choose(*site(tmp_path, machine([191] * 8), **asked)))


def test_a_better_one_that_must_be_asked_for_is_said(tmp_path: Path) -> None:
    settings, place = site(tmp_path, machine([191] * 8))
    profiles = []
    for profile in place.catalog.profiles:
        if profile.id == BEST:
            metadata = _changed(profile.metadata, manual_selection_only=True)
            profile = replace(profile, content=_changed(profile.content, metadata=metadata))
        profiles.append(profile)
    choice = choose(settings, replace(place, catalog=replace(place.catalog, profiles=tuple(profiles))))
    assert f"{BEST} ranks higher, but is taken only when asked for" in why(choice)


def _changed(struct: Any, **new: Any) -> Any:
    from msgspec.structs import replace as changed

    return changed(struct, **new)


def test_the_proposed_arguments_keep_the_users_and_show_no_secret(tmp_path: Path) -> None:
    given = '{"gpu_memory_utilization": 0.87, "api-key": "sk-planted-secret", "max_model_len": 131072}'
    env = {**AIM_ENV, "AIM_ENGINE_ARGS": given}
    done = run("dry-run", env=environment(tmp_path, **env))
    assert done.returncode == 4
    proposed = re.search(r"AIM_ENGINE_ARGS='([^']+)'", done.stderr)
    assert proposed is not None
    assert json.loads(proposed[1]) == {
        "gpu-memory-utilization": 0.87,
        "api-key": "***",
        "max-model-len": 30720,
    }
    assert "planted" not in done.stdout + done.stderr
