"""What differs between two records, and what of it matters to a repetition."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec import structs

from aim_runtime.engines.launch import EngineInstall
from aim_runtime.record.describe import Run, describe
from aim_runtime.record.differences import Difference, against, differences
from aim_runtime.record.values import File, Outcome, Record, State
from unit.record.records import ENGINE, READY, environment, plan, record

Told = list[tuple[str, str]]


def told(found: tuple[Difference, ...]) -> Told:
    return [(each.group, str(each)) for each in found]


def test_a_record_and_itself(tmp_path: Path) -> None:
    found = record(environment(tmp_path))
    assert differences(found, found) == against(found, found) == ()


def other_engine(environ: dict[str, str]) -> Record:
    install = EngineInstall("vllm", "0.33.0", ENGINE.command, ENGINE.python)
    return describe(plan(environ, install=install), environ, Run("x", READY))


def other_weights(environ: dict[str, str]) -> Record:
    found = record(environ)
    file = File(size_bytes=10, sha256="ab" * 32)
    return structs.replace(found, weights=structs.replace(found.weights, files={"a.safetensors": file}))


CHANGES: list[tuple[Callable[[dict[str, str]], Record], Told, list[str]]] = [
    (
        lambda environ: record({**environ, "AIM_ENGINE_ARGS": '{"max-num-seqs": 16}'}),
        [
            ("settings", 'AIM_ENGINE_ARGS: {} (default) → {"max-num-seqs": 16} (environment)'),
            ("arguments", "max-num-seqs: 8 (profile) → 16 (AIM_ENGINE_ARGS)"),
        ],
        ["arguments"],
    ),
    (
        lambda environ: record({**environ, "NCCL_MIN_NCHANNELS": "64"}),
        [
            ("settings", "NCCL_MIN_NCHANNELS: - → 64 (environment)"),
            ("variables", "NCCL_MIN_NCHANNELS: 112 (profile) → 64 (environment)"),
        ],
        ["variables"],
    ),
    (
        lambda environ: record({**environ, "AIM_PORT": "9000"}),
        [
            ("settings", "AIM_PORT: 8000 (default) → 9000 (environment)"),
            ("arguments", "port: 8000 (runtime) → 9000 (runtime)"),
        ],
        [],
    ),
    (
        lambda environ: record(environ, "--max-num-seqs", "8"),
        [
            ("settings", "--: unset → --max-num-seqs 8"),
            ("arguments", "max-num-seqs: 8 (profile) → 8 (command line)"),
        ],
        ["arguments"],  # 8 and "8" are the same only to the engine
    ),
    (
        lambda environ: describe(plan(environ), environ, Run("y", Outcome(state=State.STARTING, started=""))),
        [
            ("timings", "loading weights: 42.0 → -"),
            ("timings", "ready_after_s: 42.5 → null"),
            ("timings", "surveying: 0.5 → -"),
            ("outcome", "state: running → starting"),
        ],
        [],
    ),
    (
        other_weights,
        [("weights", f"a.safetensors: - → 10 bytes, sha256 {'ab' * 32}")],
        [],  # told by the folder that is served, not by the plan
    ),
]


@pytest.mark.parametrize(("change", "expected", "matter"), CHANGES)
def test_what_differs(
    change: Callable[[dict[str, str]], Record], expected: Told, matter: list[str], tmp_path: Path
) -> None:
    environ = environment(tmp_path)
    before, after = record(environ), change(environ)
    found = [each for each in differences(before, after) if "compiled" not in str(each)]
    assert told(tuple(found)) == expected
    assert [each.group for each in against(before, after)] == matter


def test_another_engine(tmp_path: Path) -> None:
    environ = environment(tmp_path)
    found = against(record(environ), other_engine(environ))
    assert told(found) == [("engine", "version: 0.32.0 → 0.33.0")]


def test_another_cache_is_another_place_only(tmp_path: Path) -> None:
    environ = environment(tmp_path)
    moved = {**environ, "AIM_CACHE_PATH": str(tmp_path / "other")}
    assert against(record(environ), record(moved)) == ()
    assert {each.group for each in differences(record(environ), record(moved))} == {
        *("settings", "arguments", "variables", "engine", "weights")
    } - ({"arguments"} if "model" not in {each.key for each in record(environ).arguments} else set())


def test_a_changed_profile(tmp_path: Path) -> None:
    environ = environment(tmp_path)
    before = record(environ)
    path = tmp_path / "profiles/custom/fast.yaml"
    path.write_text(path.read_text().replace("max-num-seqs: 8", "max-num-seqs: 9"))
    found = told(differences(before, record(environ)))
    assert ("profile", "engine_args.max-num-seqs: 8 → 9") in found
    assert ("arguments", "max-num-seqs: 8 (profile) → 9 (profile)") in found
    assert [name for group, name in found if group == "profile" and name.startswith("sha256")]


def test_other_hardware(tmp_path: Path) -> None:
    environ = environment(tmp_path, AIM_PROFILE_ID="fast")
    after = describe(plan(environ, model="MI300X", count=4), environ, Run("x", READY))
    found = against(record(environ), after)
    assert told(found) == [("hardware", "accelerators: 8 x MI300X → 4 x MI300X")]
