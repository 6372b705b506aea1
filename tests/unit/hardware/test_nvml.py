"""NVIDIA GPUs, asked for through the real nvidia-ml-py: over a library of our own, and over none."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from aim_runtime.hardware import nvml

LIBRARY = "libnvidia-ml.so.1"
SOURCE = Path(__file__).parents[2] / "fakes/nvml/nvml.c"
H100 = (
    "NVIDIA H100 80GB HBM3|GPU-5e5f1c4a-0000-1111-2222-333344445555|0|5|0|2330|85520809984|1000|7|3|9|0|0|0"
)
PRINT = """
import json
from dataclasses import asdict
from aim_runtime.hardware import nvml
found = nvml.read()
print(json.dumps(found and asdict(found)))
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the fake library; a machine that runs these tests has a C compiler."""
    folder = tmp_path_factory.mktemp("nvml")
    compiler = shutil.which("cc")
    assert compiler, "no C compiler (cc) on PATH: the library that stands for NVIDIA's cannot be built"
    command = [compiler, "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", folder / LIBRARY, SOURCE]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def asked(library: Path, place: Path, *lines: str) -> Any:
    """What the probe answers over the fake library with these GPUs."""
    (place / "gpus").write_text("".join(f"{line}\n" for line in lines))
    env = {**os.environ, "LD_LIBRARY_PATH": str(library), "FAKE_NVML": str(place / "gpus")}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PRINT], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    # Whatever happened after it started, it is shut down.
    assert done.stderr == ("" if any(line.startswith("init=") for line in lines) else "shut down\n")
    return found


def test_all_that_is_known_of_a_gpu(library: Path, tmp_path: Path) -> None:
    found = asked(library, tmp_path, H100)
    (gpu,) = found["gpus"]
    assert (found["source"], found["problems"]) == (nvml.SOURCE, [])
    assert {key: gpu[key] for key in ("type", "index", "model", "name", "memory_bytes", "free_bytes")} == {
        "type": "gpu",
        "index": 0,
        "model": "H100",
        "name": "NVIDIA H100 80GB HBM3",
        "memory_bytes": 85520809984,
        "free_bytes": 85520808984,
    }
    # The NUMA node is the kernel's word: this machine may have a device at that address.
    inner = {key: value for key, value in gpu["gpu"].items() if value and key != "numa_node"}
    assert inner == {
        "vendor": "nvidia",
        "architecture": "sm_90",
        "pci_id": 0x2330,
        "address": "0000:05:00.0",
        "board": "0000:05:00.0",
        "unique_id": "5e5f1c4a-0000-1111-2222-333344445555",
        "busy_percent": 7,
        "memory_busy_percent": 3,
    }


def test_several_are_in_the_librarys_order(library: Path, tmp_path: Path) -> None:
    a100 = H100.replace("2330", "20b2").replace("|0|5|0|", "|0|193|0|").replace("|9|0|0|0", "|8|0|0|2")
    found = asked(library, tmp_path, a100, H100)["gpus"]
    assert [(gpu["index"], gpu["model"], gpu["gpu"]["architecture"]) for gpu in found] == [
        (0, "A100", "sm_80"),
        (1, "H100", "sm_90"),
    ]
    assert [gpu["gpu"]["virtual"] for gpu in found] == [True, False]
    assert found[0]["gpu"]["address"] == "0000:c1:00.0"


def test_one_that_is_in_no_table_keeps_its_name(library: Path, tmp_path: Path) -> None:
    (gpu,) = asked(library, tmp_path, H100.replace("NVIDIA H100 80GB HBM3", "New").replace("2330", "fffe"))[
        "gpus"
    ]
    assert (gpu["model"], gpu["name"]) == (None, "New")


@pytest.mark.parametrize(
    ("fault", "missing"),
    [
        ("memory=3", ["memory_bytes", "free_bytes"]),
        ("use=4", ["gpu.busy_percent", "gpu.memory_busy_percent"]),
        ("capability=3", ["gpu.architecture"]),
        ("uuid=3", ["gpu.unique_id"]),
        ("virtual=3", []),
        ("mig=3", []),
    ],
)
def test_a_field_that_is_refused_is_not_known(
    fault: str, missing: list[str], library: Path, tmp_path: Path
) -> None:
    found = asked(library, tmp_path, f"{H100}|{fault}")
    (gpu,) = found["gpus"]
    assert found["problems"] == []
    flat = {**gpu, **{f"gpu.{key}": value for key, value in gpu["gpu"].items()}}
    expected = {"memory_bytes", "free_bytes", "gpu.busy_percent", "gpu.architecture", "gpu.unique_id"}
    assert {key for key in expected if not flat[key]} == expected & set(missing)


@pytest.mark.parametrize(("fault", "words"), [("handle=15", "lost"), ("pci=15", "lost"), ("name=15", "lost")])
def test_a_gpu_that_is_lost_is_left_out_and_named(
    fault: str, words: str, library: Path, tmp_path: Path
) -> None:
    found = asked(library, tmp_path, f"{H100}|{fault}", H100)
    assert [gpu["index"] for gpu in found["gpus"]] == [1]
    (problem,) = found["problems"]
    assert problem.startswith("NVIDIA GPU 0 is left out: ")
    assert words in problem


def test_slices_are_left_out_and_named(library: Path, tmp_path: Path) -> None:
    found = asked(library, tmp_path, f"{H100[: -len('0|0')]}1|0")
    assert found["gpus"] == []
    assert "is in MIG mode" in found["problems"][0]


@pytest.mark.parametrize(
    ("code", "expected"), [(9, None), (4, "NVML does not start: "), (999, "NVML does not start: ")]
)
def test_a_library_that_does_not_start(
    code: int, expected: str | None, library: Path, tmp_path: Path
) -> None:
    """Without a driver (9) there is nothing to say; anything else is said."""
    found = asked(library, tmp_path, f"init={code}")
    if expected is None:
        assert found is None
    else:
        assert found["gpus"] == []
        assert found["problems"][0].startswith(expected)


@pytest.mark.parametrize(
    ("line", "gpus", "problems"),
    [
        ("count=4", 0, ["NVML does not count its GPUs: Insufficient Permissions"]),
        ("shutdown=999", 1, []),
    ],
)
def test_the_librarys_own_errors_are_said_where_they_matter(
    line: str, gpus: int, problems: list[str], library: Path, tmp_path: Path
) -> None:
    found = asked(library, tmp_path, line, H100)
    assert (len(found["gpus"]), found["problems"]) == (gpus, problems)


def test_a_driver_without_the_python_library_is_said() -> None:
    program = "import sys; sys.modules['pynvml'] = None\n" + PRINT
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    (problem,) = json.loads(done.stdout)["problems"]
    assert "pip install 'aim-runtime[nvidia]'" in problem


def test_without_the_library_there_is_nothing_to_ask() -> None:
    if any(Path("/", sign).exists() for sign in nvml.DRIVER):
        pytest.skip("this machine has an NVIDIA driver")
    assert nvml.read() is None
    assert nvml.probe(Path("/")) is None


def test_another_root_has_no_library(tmp_path: Path) -> None:
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/nvidiactl").touch()
    assert nvml.probe(tmp_path) is None
