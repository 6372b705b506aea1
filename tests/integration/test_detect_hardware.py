"""`detect-hardware`: the list that orchestrators read, and the labels of a node."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from machines import mi300x_spx, write
from running import AIM, environment, run

Tree = Callable[[str], Path]
LABEL = "feature.node.kubernetes.io/aim-accelerator"


def detected(home: Path, root: Path, *args: str, **env: str) -> Any:
    done = run("detect-hardware", *args, env=environment(home, AIM_HOST_ROOT=str(root), **env))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def row(type_: str, model: str, count: int) -> dict[str, Any]:
    return {"accelerator_type": type_, "accelerator_model": model, "accelerator_count": count}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("8 MI300X SPX", [("GPU", "MI300X", 8), ("CPU", "EPYC_ZEN4", 192)]),
        ("8 MI300X CPX/NPS4", [("GPU", "MI300X-CPX-NPS4", 64), ("CPU", "EPYC_ZEN4", 192)]),
        (
            "4 MI300X and 4 MI325X",
            [("GPU", "MI300X", 4), ("GPU", "MI325X", 4), ("CPU", "EPYC_ZEN4", 192)],
        ),
        ("8 MI250X", [("GPU", "MI250X", 16), ("CPU", "CPU", 128)]),
        ("W7900 behind an iGPU", [("GPU", "W7900", 1), ("CPU", "CPU", 32)]),
        ("no GPU", [("CPU", "EPYC_ZEN4", 192)]),
    ],
)
def test_an_entry_for_each_kind(
    name: str, expected: list[tuple[str, str, int]], tree: Tree, tmp_path: Path
) -> None:
    assert detected(tmp_path, tree(name)) == [row(*each) for each in expected]


@pytest.mark.parametrize(("type_", "count"), [("gpu", 1), ("cpu", 1), ("all", 2)])
def test_one_type_only(type_: str, count: int, tree: Tree, tmp_path: Path) -> None:
    found = detected(tmp_path, tree("8 MI300X SPX"), "--type", type_)
    assert len(found) == count
    assert type_ == "all" or found[0]["accelerator_type"] == type_.upper()


def test_yaml_says_the_same(tree: Tree, tmp_path: Path) -> None:
    env = environment(tmp_path, AIM_HOST_ROOT=str(tree("8 MI210")))
    done = run("detect-hardware", "--format", "yaml", env=env)
    assert yaml.safe_load(done.stdout) == detected(tmp_path, tree("8 MI210"))


def test_it_needs_no_model_and_this_machine_has_a_cpu(tmp_path: Path) -> None:
    done = run("detect-hardware", env=environment(tmp_path))
    assert done.returncode == 0
    assert [each["accelerator_type"] for each in json.loads(done.stdout)][-1] == "CPU"


def test_verbose_has_every_device_and_how_it_is_known(tree: Tree, tmp_path: Path) -> None:
    gpu, cpu = detected(tmp_path, tree("8 MI300X, two busy"), "-v")
    assert {key: gpu[key] for key in ("accelerator_type", "accelerator_model", "accelerator_count")} == row(
        "gpu", "MI300X", 8
    )
    assert gpu["source"] == "the amdgpu driver (KFD topology)"
    first = gpu["gpu_info"][0]
    contract = ("device_id", "model", "vram_total", "vram_used", "vram_free", "gfx_utilization")
    assert {key: first[key] for key in (*contract, "mem_utilization", "is_idle")} == {
        "device_id": 0,
        "model": "MI300X",
        "vram_total": 196592,
        "vram_used": 153600,
        "vram_free": 42992,
        "gfx_utilization": 98,
        "mem_utilization": 0,
        "is_idle": False,
    }
    assert (first["pci_id"], first["address"], first["architecture"]) == ("0x74a1", "0000:05:00.0", "gfx942")
    (process,) = first["processes"]
    assert (process["pid"], process["name"]) == (4242, "python3")
    assert [each["is_idle"] for each in gpu["gpu_info"]] == [False, True, True, True, True, False, True, True]
    assert {"cpu_cores", "node_cores", "cpuset_bind", "cpu_info"} <= cpu.keys()
    contract = ("vendor", "model", "model_number", "physical_cores", "available_cores", "node_cores")
    assert {key: cpu["cpu_info"][key] for key in contract} == {
        "vendor": "AuthenticAMD",
        "model": "AMD EPYC 9454 48-Core Processor",
        "model_number": "9454",
        "physical_cores": 96,
        "available_cores": 192,
        "node_cores": 192,
    }


def test_verbose_has_what_no_table_knows_and_what_is_hidden(tree: Tree, tmp_path: Path) -> None:
    found = detected(tmp_path, tree("W7900 behind an iGPU"), "-v", "--type", "gpu", HIP_VISIBLE_DEVICES="0")
    assert found[0]["accelerator_model"] is None
    assert found[0]["gpu_info"][0]["name"] == "AMD Radeon 610M"
    assert found[1]["hidden"] == [{"name": "AMD Radeon PRO W7900", "by": "HIP_VISIBLE_DEVICES=0"}]


def test_what_cannot_be_read_is_said_and_the_rest_stays(tmp_path: Path) -> None:
    root = write(mi300x_spx(), tmp_path / "root")
    node = root / "sys/class/kfd/kfd/topology/nodes/4/properties"
    node.unlink()
    node.mkdir()
    done = run("detect-hardware", env=environment(tmp_path, AIM_HOST_ROOT=str(root)))
    assert json.loads(done.stdout)[0]["accelerator_count"] == 7
    assert "KFD node 4 cannot be read" in done.stderr


@pytest.mark.parametrize(
    ("args", "env", "words"),
    [
        (["--type", "tpu"], {}, "'tpu' is not one of 'all', 'gpu', 'cpu'"),
        (["--interval", "5"], {}, "--interval repeats what --nfd writes"),
        (["--nfd", "x", "--interval", "0"], {}, "0.0 is not in the range x>=1"),
        ([], {"AIM_HOST_ROOT": "/nowhere/at/all"}, "AIM_HOST_ROOT=/nowhere/at/all: no such folder"),
        ([], {"AIM_ACCELERATOR_MODEL": "MI9999"}, "is not a known accelerator"),
    ],
)
def test_bad_input_is_refused(args: list[str], env: dict[str, str], words: str, tmp_path: Path) -> None:
    done = run("detect-hardware", *args, env=environment(tmp_path, **env))
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr


def test_labels_are_the_operators(tree: Tree, tmp_path: Path) -> None:
    file = tmp_path / "aim"
    env = environment(tmp_path, AIM_HOST_ROOT=str(tree("4 MI300X and 4 MI325X")))
    done = run("detect-hardware", "--nfd", str(file), env=env)
    assert (done.returncode, done.stdout) == (0, "")
    assert file.read_text().splitlines() == [
        f"{LABEL}.CPU=192",
        f"{LABEL}.EPYC_ZEN4=192",
        f"{LABEL}.MI300X=4",
        f"{LABEL}.MI325X=4",
    ]
    assert file.stat().st_mode & 0o777 == 0o644
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".aim")] == []


def test_a_file_that_cannot_be_written_is_an_error_with_the_fix(tree: Tree, tmp_path: Path) -> None:
    env = environment(tmp_path, AIM_HOST_ROOT=str(tree("no GPU")))
    done = run("detect-hardware", "--nfd", str(tmp_path / "none" / "aim"), env=env)
    assert done.returncode == 2
    assert "none/aim cannot be written: No such file or directory" in done.stderr
    assert f"make the folder {tmp_path / 'none'}" in done.stderr


def spoiled(root: Path) -> None:
    node = root / "sys/class/kfd/kfd/topology/nodes/4/properties"
    node.rename(node.with_name("kept"))
    node.mkdir()


def mended(root: Path) -> None:
    node = root / "sys/class/kfd/kfd/topology/nodes/4/properties"
    node.rmdir()
    node.with_name("kept").rename(node)


def test_a_transient_failure_keeps_the_last_good_file(tmp_path: Path) -> None:
    root, file = write(mi300x_spx(), tmp_path / "root"), tmp_path / "aim"
    env = environment(tmp_path, AIM_HOST_ROOT=str(root))
    assert run("detect-hardware", "--nfd", str(file), env=env).returncode == 0
    good = file.read_text()
    spoiled(root)
    done = run("detect-hardware", "--nfd", str(file), env=env)
    assert "stays as it is" in done.stderr
    assert file.read_text() == good
    file.unlink()  # the first time there is none to keep: what can be seen is better than nothing
    run("detect-hardware", "--nfd", str(file), env=env)
    assert f"{LABEL}.MI300X=7\n" in file.read_text()


def test_repeated_it_follows_the_machine_and_stops_cleanly(tmp_path: Path) -> None:
    root, file = write(mi300x_spx(), tmp_path / "root"), tmp_path / "aim"
    env = environment(tmp_path, AIM_HOST_ROOT=str(root))
    command = [AIM, "detect-hardware", "--nfd", str(file), "--interval", "1"]
    with subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True) as process:
        try:
            until(lambda: file.exists() and "MI300X=8" in file.read_text())
            spoiled(root)
            time.sleep(1.5)
            assert "MI300X=8" in file.read_text(), "one bad look is passed over"
            until(lambda: "MI300X=7" in file.read_text())  # and what stays bad is not
            mended(root)
            until(lambda: "MI300X=8" in file.read_text())
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert process.stderr is not None
        said = process.stderr.read()
    assert "KFD node 4 cannot be read: Is a directory" in said
    assert said.splitlines()[-1] == "stopped"


def until(true: Callable[[], bool], within_s: float = 30) -> None:
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_reader_never_sees_half_a_file(tree: Tree, tmp_path: Path) -> None:
    """The file is another one each time: what was opened stays whole."""
    file, env = tmp_path / "aim", environment(tmp_path, AIM_HOST_ROOT=str(tree("8 MI300X SPX")))
    run("detect-hardware", "--nfd", str(file), env=env)
    with file.open() as reader:
        run("detect-hardware", "--nfd", str(file), env={**env, "ROCR_VISIBLE_DEVICES": "0"})
        assert f"{LABEL}.MI300X=8" in reader.read()
    assert f"{LABEL}.MI300X=1" in file.read_text()
    assert file.stat().st_nlink == 1


def test_a_container_with_one_cpuset_says_so(tmp_path: Path) -> None:
    machine = mi300x_spx()
    root = write(replace(machine, host=replace(machine.host, allowed="0-3")), tmp_path / "root")
    cpu = detected(tmp_path, root, "-v", "--type", "cpu")[0]
    assert (cpu["cpuset_bind"], cpu["cpu_cores"], cpu["accelerator_count"]) == ("0-3", 4, 192)
