"""`serve` on machines with GPUs, with a stand-in for the engine: what it is given, and what is said."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from machines import busy, mi300x_spx, write
from running import FAKE_ENGINE, environment, serving
from tiny_model import write_tiny_model

Tree = Callable[[str], Path]
MODEL = "acme/tiny"
GIB = 1024**3


def served(home: Path, root: Path, **more: str) -> tuple[dict[str, Any], str]:
    """What the engine was given on the machine below `root`, and what the runtime said."""
    write_tiny_model(home / "models" / MODEL)
    env = environment(
        home,
        AIM_MODEL_ID=MODEL,
        AIM_HOST_ROOT=str(root),
        PYTHONPATH=str(FAKE_ENGINE),
        FAKE_ENGINE_RECORD=str(home / "record.json"),
        **more,
    )
    with serving(home, env) as service:
        service.wait_until_said("ready after", 30)
        said = service.said
        assert service.stop() == 0
    return json.loads((home / "record.json").read_text()), said


def parallel(seen: dict[str, Any]) -> str:
    argv = seen["argv"]
    size: str = argv[argv.index("--tensor-parallel-size") + 1]
    return size


def test_busy_and_other_gpus_are_left_named_and_hidden(tmp_path: Path) -> None:
    machine = busy(mi300x_spx(), {0: 190 * GIB, 1: 190 * GIB, 2: 190 * GIB, 3: 190 * GIB})
    root = write(machine, tmp_path / "root")
    seen, said = served(tmp_path, root, AIM_ACCELERATOR_COUNT="2")
    assert parallel(seen) == "2"
    assert seen["env"]["HIP_VISIBLE_DEVICES"] == "4,5"
    assert "CUDA_VISIBLE_DEVICES" not in seen["env"]
    assert "leaves AMD Instinct MI300X #0-3: busy: 2.0 of 192.0 GiB free" in said
    assert "leaves AMD Instinct MI300X #6-7: not needed: the profile uses 2" in said
    assert "for this machine HIP_VISIBLE_DEVICES=4,5: the GPUs that the plan uses" in said
    assert "runs on the CPUs of NUMA node 1, as its GPUs do" in said


def test_what_the_user_hides_is_narrowed_and_never_widened(tree: Tree, tmp_path: Path) -> None:
    env = {"ROCR_VISIBLE_DEVICES": "7,6,5", "CUDA_VISIBLE_DEVICES": "2,1,0"}
    seen, said = served(tmp_path, tree("8 MI300X SPX"), **env)
    assert seen["env"]["ROCR_VISIBLE_DEVICES"] == "7,6,5"
    assert seen["env"]["HIP_VISIBLE_DEVICES"] == seen["env"]["CUDA_VISIBLE_DEVICES"] == "2,1"
    assert "CUDA_VISIBLE_DEVICES=2,1,0 of the environment becomes 2,1 for the engine" in said
    assert "hidden 5 x MI300X, by ROCR_VISIBLE_DEVICES=7,6,5" in said


def test_all_gpus_hidden_is_the_cpu_and_it_is_said(tree: Tree, tmp_path: Path) -> None:
    seen, said = served(tmp_path, tree("8 MI300X SPX"), HIP_VISIBLE_DEVICES="-1")
    assert "--tensor-parallel-size" not in seen["argv"]
    assert "hidden 8 x MI300X, by HIP_VISIBLE_DEVICES=-1" in said


def test_gpus_that_no_driver_shows_are_warned_of(tree: Tree, tmp_path: Path) -> None:
    _, said = served(tmp_path, tree("8 MI300X without a driver"))
    assert "WARNING - 8 x MI300X on the PCI bus, and no driver shows them" in said


def test_a_desktop_serves_by_its_board_wherever_the_graphics_are(tree: Tree, tmp_path: Path) -> None:
    seen, said = served(tmp_path, tree("W7900 behind an iGPU"), AIM_ACCELERATOR_TYPE="gpu")
    assert seen["env"]["HIP_VISIBLE_DEVICES"] == "1"
    assert "leaves AMD Radeon 610M #0: integrated graphics" in said


def test_old_firmware_and_one_gpu_change_the_environment(tmp_path: Path) -> None:
    machine = mi300x_spx()
    board = replace(machine.gpus[0], properties={"fw_version": 150})
    root = write(replace(machine, gpus=(board,)), tmp_path / "root")
    seen, said = served(tmp_path, root)
    assert seen["env"]["HSA_NO_SCRATCH_RECLAIM"] == "1"
    assert "NCCL_MIN_NCHANNELS" not in seen["env"]
    assert "HSA_NO_SCRATCH_RECLAIM=1: the MEC firmware is 150, older than 177" in said


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="needs two CPUs")
def test_the_engine_runs_on_the_cpus_of_its_gpus_node(tmp_path: Path) -> None:
    """The tree says which CPUs a node has; those that this machine has too are the engine's."""
    root = write(mi300x_spx(), tmp_path / "root")
    ours = sorted(os.sched_getaffinity(0))
    nodes = root / "sys/devices/system/node"
    (nodes / "node0/cpulist").write_text(f"{ours[0]}\n")
    (nodes / "node1/cpulist").write_text(f"{ours[1]}\n")
    seen, said = served(tmp_path, root, AIM_ACCELERATOR_COUNT="2")
    assert seen["cpus"] == [ours[0]]
    assert "runs on the CPUs of NUMA node 0" in said
    assert os.sched_getaffinity(0) == set(ours)
