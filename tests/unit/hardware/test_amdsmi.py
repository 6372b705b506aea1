"""AMD's library beside the kernel's files: what it completes, and what it may answer."""

from __future__ import annotations

import ast
import ctypes
import importlib.metadata
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aim_runtime.hardware import amdsmi
from aim_runtime.hardware.accelerator import Accelerator
from aim_runtime.hardware.amd import completed
from aim_runtime.hardware.amdsmi import Reading
from aim_runtime.hardware.kfd import probe
from machines import mi300x_spx, write

FAKE = Path(__file__).parents[2] / "fakes/amdsmi"
MIB = 1024**2
ONE: dict[str, Any] = {
    "gpu_kfd_info": {"kfd_id": 24248, "node_id": 2, "current_partition_id": 0},
    "gpu_asic_info": {"market_name": "AMD Instinct MI300X", "device_id": "0x74a1"},
    "gpu_vram_usage": {"vram_total": 196592, "vram_used": 283},
    "gpu_activity": {"gfx_activity": 5, "umc_activity": 1, "mm_activity": "N/A"},
    "gpu_total_ecc_count": {"correctable_count": 4, "uncorrectable_count": 2, "deferred_count": 0},
}
USERS: dict[str, Any] = {
    "all known": {"name": "python3", "pid": 7, "mem": 9, "memory_usage": {"gtt_mem": 4, "vram_mem": 5}},
    "another PID namespace": {"name": "N/A", "pid": 8, "mem": 0, "memory_usage": {"vram_mem": 6}},
    "mem alone": {"name": "python3", "pid": 9, "mem": 7, "memory_usage": {"vram_mem": 0}},
    "not known": {"name": "N/A", "pid": 10, "mem": 2**64 - 1, "memory_usage": {"vram_mem": 2**64 - 1}},
    "of another shape": {"name": None, "pid": 11, "mem": "N/A", "memory_usage": "N/A"},
    "without an id": {"name": "python3", "pid": "N/A", "mem": 9},
}
PRINT = """
import json
from dataclasses import asdict
from pathlib import Path
from aim_runtime.hardware import amdsmi
print(json.dumps({node: asdict(each) for node, each in amdsmi.%s(Path("/")).items()}))
"""


def asked(place: Path, state: Any, function: str = "readings", **more: str) -> tuple[Any, list[str]]:
    """What a function of ours answers over the fake library, and what the library said."""
    (place / "state").write_text(json.dumps(state))
    env = {**os.environ, "PYTHONPATH": str(FAKE), "FAKE_AMDSMI": str(place / "state"), **more}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PRINT % function],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    *said, answer = done.stdout.splitlines()
    return json.loads(answer), said


def test_a_reading(tmp_path: Path) -> None:
    found, said = asked(tmp_path, [ONE])
    assert found == {
        "2": {
            "node": 2,
            "name": "AMD Instinct MI300X",
            "memory_bytes": 196592 * MIB,
            "used_bytes": 283 * MIB,
            "busy_percent": 5,
            "memory_busy_percent": 1,
        }
    }
    assert said == ["shut down"]


NOTHING = {"node": 2, "name": "", **dict.fromkeys(("memory_bytes", "used_bytes", "busy_percent"))}
NOTHING |= {"memory_busy_percent": None}


@pytest.mark.parametrize(
    "state",
    [
        {"gpu_kfd_info": ONE["gpu_kfd_info"]},
        {**ONE, **dict.fromkeys(("gpu_asic_info", "gpu_vram_usage", "gpu_activity"), "not supported (2)")},
        {
            **ONE,
            "gpu_asic_info": {"market_name": "N/A"},
            "gpu_vram_usage": {"vram_total": "N/A", "vram_used": "N/A"},
            "gpu_activity": {"gfx_activity": "N/A", "umc_activity": "N/A"},
        },
        {**ONE, **dict.fromkeys(("gpu_asic_info", "gpu_vram_usage", "gpu_activity"), "undecodable")},
        {**ONE, "gpu_asic_info": {}, "gpu_vram_usage": {}, "gpu_activity": {"gfx_activity": 101}},
        {
            **ONE,
            "gpu_asic_info": {"market_name": ""},
            "gpu_vram_usage": {"vram_total": 2**32 - 1, "vram_used": 2**32 - 1},
            "gpu_activity": {"gfx_activity": -1},
        },
        {**ONE, "gpu_asic_info": [], "gpu_vram_usage": 7, "gpu_activity": None},
    ],
    ids=[
        *("not supported", "refused", "N/A", "not text", "keys that are missing", "all ones"),
        "of another shape",
    ],
)
def test_what_is_not_answered_is_not_known(state: Any, tmp_path: Path) -> None:
    assert asked(tmp_path, [state])[0] == {"2": NOTHING}


@pytest.mark.parametrize("node", ["N/A", None, -1, True])
def test_a_device_without_a_node_is_nobodys(node: Any, tmp_path: Path) -> None:
    assert asked(tmp_path, [{**ONE, "gpu_kfd_info": {"node_id": node}}])[0] == {}


def test_a_library_that_does_not_start_is_none(tmp_path: Path) -> None:
    assert asked(tmp_path, {"init": "no driver (34)"}) == ({}, [])


def test_health(tmp_path: Path) -> None:
    state = {**ONE, "gpu_process_list": list(USERS.values())}
    found, said = asked(tmp_path, [state], "health", FAKE_AMDSMI_ECC="1")
    assert found["2"]["uncorrectable_errors"] == 2
    held = {process["pid"]: (process["name"], process["memory_bytes"]) for process in found["2"]["processes"]}
    assert held == {7: ("python3", 5), 8: ("", 6), 9: ("python3", 7), 10: ("", None), 11: ("", None)}
    assert said == ["shut down"]


@pytest.mark.parametrize("users", ["refused", "undecodable", [], [7, None]])
def test_users_that_are_not_told_are_none(users: Any, tmp_path: Path) -> None:
    found = asked(tmp_path, [{**ONE, "gpu_process_list": users}], "health")[0]
    assert found == {"2": {"uncorrectable_errors": None, "processes": []}}


def test_a_function_that_a_version_lacks_is_not_an_error(tmp_path: Path) -> None:
    assert asked(tmp_path, [ONE], "health")[0]["2"]["uncorrectable_errors"] is None


def no_library(_: Path) -> None:
    """The package says so on stdout, and then fails with a KeyError."""


def not_a_library(path: Path) -> None:
    path.write_text("not a library")


def library_without_functions(path: Path) -> None:
    """The package fails with an AttributeError."""
    command = ["cc", "-shared", "-fPIC", "-x", "c", "-o", path, os.devnull]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("lay", [no_library, not_a_library, library_without_functions])
@pytest.mark.parametrize("function", ["readings", "health"])
def test_the_real_package_without_its_library_is_none(
    lay: Callable[[Path], None], function: str, tmp_path: Path
) -> None:
    """In a process of its own, to see that nothing is printed beside the answer."""
    if loads("libamd_smi.so"):
        pytest.skip("this machine has AMD's library")
    assert importlib.metadata.version("amdsmi")
    (tmp_path / "lib").mkdir()
    lay(tmp_path / "lib/libamd_smi.so")
    env = {**os.environ, "ROCM_PATH": str(tmp_path)}
    env.pop("ROCM_HOME", None)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PRINT % function],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "{}\n", "")


def loads(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def test_without_the_package_there_is_nothing_to_ask() -> None:
    program = "import sys; sys.modules['amdsmi'] = None\n" + PRINT % "readings"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "{}\n", "")


def test_another_root_has_no_library(tmp_path: Path) -> None:
    assert amdsmi.readings(tmp_path) == {}


def test_the_real_package_has_every_function_and_key_that_is_used() -> None:
    """It cannot be imported here, so its source is read."""
    files = importlib.metadata.files("amdsmi") or []
    (path,) = [file for file in files if file.name == "amdsmi_interface.py"]
    text = Path(str(path.locate())).read_text(encoding="utf-8")
    real = {node.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)}
    ours = Path(amdsmi.__file__).read_text(encoding="utf-8")
    words = {node.value for node in ast.walk(ast.parse(ours)) if isinstance(node, ast.Constant)}
    functions = {word for word in words if isinstance(word, str) and word.startswith("amdsmi_")}
    assert len(functions) == 8
    assert functions | {"amdsmi_init"} <= real
    keys = ("node_id", "market_name", "vram_total", "vram_used", "gfx_activity", "umc_activity")
    for key in (*keys, "uncorrectable_count", "pid", "mem", "memory_usage", "vram_mem", "name"):
        assert f'"{key}"' in text
        assert key in words


def known(place: Path) -> Accelerator:
    answer = probe(write(mi300x_spx(), place))
    assert answer is not None
    return answer.gpus[0]


READING = Reading(2, "AMD Instinct New", 100, 30, 12, 9)


def test_only_what_the_kernel_leaves_open_is_completed(place: Path) -> None:
    device = known(place)
    assert completed(device, {2: READING}) == device
    assert device.gpu is not None
    bare = replace(
        device,
        model=None,
        memory_bytes=None,
        free_bytes=None,
        gpu=replace(device.gpu, busy_percent=None, memory_busy_percent=None),
    )
    found = completed(bare, {2: READING})
    assert (found.name, found.memory_bytes, found.free_bytes) == ("AMD Instinct New", 100, 70)
    assert found.gpu is not None
    assert (found.gpu.busy_percent, found.gpu.memory_busy_percent) == (12, 9)


def test_another_nodes_reading_is_not_taken(place: Path) -> None:
    bare = replace(known(place), free_bytes=None)
    assert completed(bare, {3: READING}) == bare
    assert completed(replace(bare, gpu=None), {2: READING}).free_bytes is None
