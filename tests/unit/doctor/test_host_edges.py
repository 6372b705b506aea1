"""Where the doctor's findings of the host begin and end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from aim_runtime.doctor import host
from aim_runtime.doctor.finding import Severity
from machines import Machine, mi300x_spx, no_gpu, strix_halo, write
from running import COHERE
from unit.doctor.children import NAMELESS, as_nameless, on_a_disk
from unit.doctor.examine import by_code, patient

Tree = Callable[[str], Path]


@pytest.mark.parametrize(
    ("size", "severity"),
    [
        ("1023m", Severity.ERROR),
        ("1g", Severity.WARNING),
        ("8191m", Severity.WARNING),
        ("8g", Severity.OK),  # what AMD's operator gives
    ],
)
def test_how_much_shared_memory_is_enough(size: str, severity: Severity, tree: Tree) -> None:
    root = tree("8 MI300X SPX")
    found = on_a_disk(
        root / "dev/shm", f"size={size}", lambda: by_code(root, host.shared_memory, AIM_ID=COHERE)
    )
    assert found["host.shm"].severity is severity


def test_the_pod_that_gets_more_shared_memory(tree: Tree) -> None:
    root = tree("8 MI300X SPX")
    found = on_a_disk(root / "dev/shm", "size=64m", lambda: by_code(root, host.shared_memory))
    _, volumes, mounts = found["host.shm"].fix
    (volume,) = yaml.safe_load(volumes)["volumes"]
    assert volume["emptyDir"] == {"medium": "Memory", "sizeLimit": "16Gi"}
    assert yaml.safe_load(mounts)["volumeMounts"] == [{"name": volume["name"], "mountPath": "/dev/shm"}]


def test_shared_memory_that_this_user_may_not_write_to(place: Path) -> None:
    root = write(mi300x_spx(), place)
    place.chmod(0o755)
    (root / "dev/shm").chmod(0o755)
    given = patient(root, {"AIM_ID": COHERE})
    (finding,) = as_nameless(lambda: tuple(host.shared_memory(given)))
    assert (finding.code, finding.severity) == ("host.shm", Severity.ERROR)
    assert finding.seen == f"/dev/shm cannot be written by uid {NAMELESS}"
    assert "docker run --shm-size 16g …" in finding.fix


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        ({"user.slice": "4096\n"}, False),
        ({"user.slice": "4095\n"}, True),
        ({"user.slice": "512\n", "user.slice/user-1000.slice": "max\n"}, True),
    ],
    ids=["enough", "one too few", "few in a group above"],
)
def test_how_many_processes_are_enough(limits: dict[str, str], told: bool, place: Path) -> None:
    files = {f"sys/fs/cgroup/{group}/pids.max": text for group, text in limits.items()}
    root = write(replace(no_gpu(), files=dict(files)), place)
    assert ("host.processes" in by_code(root, host.limits)) == told


@pytest.mark.parametrize(
    ("machine", "env", "count"),
    [
        (no_gpu(), {"AIM_ACCELERATOR_MODEL": "H100", "AIM_ACCELERATOR_COUNT": "2"}, 2),
        (strix_halo(), {}, 1),
    ],
    ids=["NVIDIA's", "an integrated one"],
)
def test_what_amd_advises_is_for_its_boards(
    machine: Machine, env: dict[str, str], count: int, place: Path
) -> None:
    changed = replace(machine.host, numa_balancing="1", selinux="1\n")
    root = write(replace(machine, host=changed), place)
    assert len(patient(root, env).site.hardware.gpus) == count
    assert by_code(root, host.kernel, **env) == {}


def test_a_user_whom_the_variables_name(tree: Tree) -> None:
    given = patient(tree("no GPU"), {"HOME": "/", "USER": "aim", "LOGNAME": "aim"})
    assert "host.user" not in as_nameless(lambda: {finding.code for finding in host.user(given)})


def test_a_home_that_can_be_read_and_not_written(tree: Tree, place: Path) -> None:
    place.chmod(0o755)
    given = patient(tree("no GPU"), {"HOME": str(place), "USER": "aim", "LOGNAME": "aim"})
    (finding,) = as_nameless(lambda: tuple(host.user(given)))
    assert (finding.code, finding.severity) == ("host.home", Severity.WARNING)
