"""What the doctor says of the GPUs of each machine: the code, what it saw, and the line that mends it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aim_runtime.doctor import AREAS, admit, devices, examine, gpus, plan
from aim_runtime.doctor.finding import Finding, Severity
from aim_runtime.settings import Settings
from machines import DeviceFile, Machine, as_nobody, busy, driver_not_loaded, mi300x_spx, write
from running import COHERE
from unit.doctor.examine import by_code, found

Tree = Callable[[str], Path]
GIB = 1024**3


ACCESS = (devices.bus, devices.driver, devices.versions, devices.access)
GPUS = (gpus.seen, gpus.variables, gpus.kinds, gpus.firmware, gpus.condition)


def change(machine: Machine, **files: str | None) -> Machine:
    return replace(machine, files={name.replace("__", "/"): text for name, text in files.items()})


def with_each(machine: Machine, index: int, **changes: Any) -> Machine:
    """The machine with one of its GPUs changed."""
    boards = list(machine.gpus)
    boards[index] = replace(boards[index], **changes)
    return replace(machine, gpus=tuple(boards))


def test_a_good_machine_has_nothing_to_mend(tree: Tree) -> None:
    all_ = found(tree("8 MI300X SPX"), *ACCESS, *GPUS, plan.decided, AIM_ID=COHERE)
    assert {finding.severity for finding in all_} == {Severity.OK, Severity.NOTE}
    seen = {finding.code: finding.seen for finding in all_}
    assert seen["gpu.bus"] == "8 x MI300X on the PCI bus"
    assert seen["gpu.versions"] == "kernel 5.15.0-151-generic, amdgpu 6.12.12, ROCm 7.0.0-38"
    assert seen["gpu.access"] == "/dev/kfd and the render nodes of 8 GPUs can be opened"
    assert seen["gpu.seen"] == "8 x MI300X; the amdgpu driver (KFD topology)"
    assert seen["gpu.firmware"] == "MEC firmware 177"
    assert seen["gpu.kinds"] == "all GPUs are of one kind, and whole"
    assert seen["gpu.condition"] == "no GPU is known to be in use, or to have errors of its memory, of 8"
    assert seen["plan.profile"].startswith("vllm-mi300x-fp16-tp8-latency on 8 x AMD Instinct MI300X")


# Machine, checks, environment, code, severity, a part of what was seen, a part of a fix.
CASES: list[tuple[str, Machine | str, dict[str, str], str, Severity, str, str]] = [
    ("no GPU", "no GPU", {}, "gpu.bus", Severity.NOTE, "on the PCI bus", "AIM_ACCELERATOR_TYPE=cpu"),
    (
        "none, and one is asked for",
        "no GPU",
        {"AIM_ACCELERATOR_TYPE": "gpu"},
        "gpu.bus",
        Severity.ERROR,
        "no AMD",
        "",
    ),
    ("no module", "no GPU", {}, "gpu.driver", Severity.NOTE, "amdgpu is not loaded", "sudo modprobe amdgpu"),
    ("no /dev/kfd", "no GPU", {}, "gpu.kfd", Severity.NOTE, "/dev/kfd is missing", "sudo modprobe amdgpu"),
    (
        "a driver that is not loaded",
        "8 MI300X without a driver",
        *({}, "gpu.driver", Severity.ERROR, "8 x MI300X without a driver, and amdgpu is not loaded"),
        "sudo apt install amdgpu-dkms",
    ),
    (
        "GPUs that cannot be seen",
        "8 MI300X without a driver",
        *({}, "gpu.unread", Severity.WARNING, "no driver shows them", "dmesg"),
    ),
    (
        "a driver that is going",
        change(mi300x_spx(), sys__module__amdgpu__initstate="going\n"),
        *({}, "gpu.driver_state", Severity.ERROR, "is going, not live", "dmesg"),
    ),
    (
        "no /dev/kfd in a container",
        replace(mi300x_spx(), kfd_device=None),
        *({}, "gpu.device_missing", Severity.ERROR, "/dev/kfd is missing", "--device=/dev/kfd"),
    ),
    (
        "a render node that is not given",
        replace(mi300x_spx(), dri=("renderD128",)),
        *(
            {},
            "gpu.device_missing",
            Severity.ERROR,
            "/dev/dri/renderD136 and 6 more are missing",
            "amd.com/gpu",
        ),
    ),
    (
        "hidden GPUs",
        "8 MI300X SPX",
        *({"ROCR_VISIBLE_DEVICES": "0,1"}, "gpu.hidden", Severity.NOTE, "=0,1 hides 6 x MI300X"),
        "unset ROCR_VISIBLE_DEVICES",
    ),
    (
        "all hidden",
        "8 MI300X SPX",
        *({"HIP_VISIBLE_DEVICES": "-1"}, "gpu.hidden", Severity.WARNING, "=-1 hides 8 x MI300X"),
        "unset HIP_VISIBLE_DEVICES",
    ),
    (
        "two lists that differ",
        "8 MI300X SPX",
        {"HIP_VISIBLE_DEVICES": "0", "CUDA_VISIBLE_DEVICES": "1"},
        *("gpu.variables", Severity.WARNING, "HIP_VISIBLE_DEVICES=0 and CUDA_VISIBLE_DEVICES=1 differ"),
        "unset CUDA_VISIBLE_DEVICES",
    ),
    (
        "slices",
        "8 MI300X CPX/NPS4",
        *({}, "gpu.partitioned", Severity.WARNING, "64 x MI300X CPX/NPS4, 24.0 GiB each"),
        "sudo amd-smi set --gpu all --compute-partition SPX",
    ),
    (
        "a mixed machine",
        "4 MI300X and 4 MI325X",
        *({}, "gpu.mixed", Severity.NOTE, "4 x MI300X, 4 x MI325X", "AIM_ACCELERATOR_MODEL=MODEL"),
    ),
    (
        "old firmware",
        with_each(mi300x_spx(), 3, properties={"fw_version": 150}),
        *({}, "gpu.firmware", Severity.WARNING, "MEC firmware 150, older than 177", "amdgpu-dkms-firmware"),
    ),
    (
        "a busy GPU",
        busy(mi300x_spx(), {0: 150 * GIB}),
        *({}, "gpu.busy", Severity.WARNING),
        "GPU 0: 150.0 of 192.0 GiB used, 98 % busy, by python3 (pid 4242, 150.0 GiB)",
        "kill 4242   # python3 (pid 4242, 150.0 GiB)",
    ),
    (
        "one that another container uses",
        busy(mi300x_spx(), {0: 150 * GIB}, comm=None),
        *({}, "gpu.busy", Severity.WARNING, "by a process of another container (pid 4242"),
        "kill 4242",
    ),
    (
        "memory errors",
        with_each(mi300x_spx(), 2, ecc=(3, 9)),
        *({}, "gpu.memory_errors", Severity.WARNING, "GPU 2: 3 memory errors"),
        "sudo amd-smi reset --gpureset --gpu 2",
    ),
    (
        "bad pages",
        with_each(mi300x_spx(), 5, bad_pages=("0x1 : 0x1000 : R", "0x2 : 0x1000 : P", "0x3 : 0x1000 : F")),
        *({}, "gpu.bad_pages", Severity.WARNING, "GPU 5: 2 pages of bad memory", "sudo reboot"),
    ),
    (
        "no model",
        "8 MI300X SPX",
        *({}, "plan.no_model", Severity.NOTE, "no model was named", "AIM_ID="),
    ),
    (
        "no profile",
        "8 MI210",
        *({"AIM_ID": COHERE}, "profile.none", Severity.ERROR, "on 8 x MI210", "aim-runtime explain"),
    ),
    (
        "a warning of the plan",
        "8 MI300X SPX",
        {"AIM_ID": COHERE, "VLLM_ROCM_USE_AITER": "0"},
        *("plan.warning", Severity.WARNING, "VLLM_ROCM_USE_AITER=0 of the environment replaces", ""),
    ),
]


@pytest.mark.parametrize(
    ("machine", "env", "code", "severity", "seen", "fix"),
    [row[1:] for row in CASES],
    ids=[row[0] for row in CASES],
)
def test_findings(
    machine: Machine | str,
    env: dict[str, str],
    code: str,
    severity: Severity,
    seen: str,
    fix: str,
    tree: Tree,
    place: Path,
) -> None:
    root = tree(machine) if isinstance(machine, str) else write(machine, place)
    finding = by_code(root, *ACCESS, *GPUS, plan.decided, **env)[code]
    assert finding.severity is severity
    assert seen in finding.seen
    assert fix in "\n".join(finding.fix)
    assert finding.why or severity is Severity.NOTE


def test_gpus_given_to_others_are_an_error_with_both_ways_out(place: Path) -> None:
    machine = mi300x_spx()
    none = replace(machine, gpus=tuple(replace(gpu, mine=()) for gpu in machine.gpus), dri=())
    finding = as_nobody(_access, write(none, place))["gpu.not_given"]
    assert finding.severity is Severity.ERROR
    assert finding.seen.startswith("8 AMD GPUs of this machine are not given to this process")
    assert finding.fix == (
        "docker run --device=/dev/kfd --device=/dev/dri …",
        "resources: {limits: {amd.com/gpu: 1}}",
    )


def test_a_closed_device_is_named_with_the_number_of_its_group(place: Path) -> None:
    machine = replace(
        mi300x_spx(),
        kfd_device=DeviceFile(0o660, 0, 109),
        render_device=DeviceFile(0o666),
    )
    finding = as_nobody(_access, write(machine, place))["gpu.device_closed"]
    assert finding.severity is Severity.ERROR
    assert finding.seen.startswith(
        "/dev/kfd cannot be opened: it belongs to uid 0, gid 109, mode 0660, and this is"
    )
    assert finding.fix[:2] == (
        "docker run --group-add 109 …",
        "securityContext: {supplementalGroups: [109]}   # of the pod",
    )


def test_devices_that_are_closed_in_one_way_are_one_finding(place: Path) -> None:
    device = DeviceFile(0o660, 0, 109)
    machine = replace(mi300x_spx(), kfd_device=device, render_device=device)
    (finding,) = as_nobody(lambda root: found(root, devices.access), write(machine, place))
    assert finding.seen.startswith(
        "/dev/kfd and 8 more cannot be opened: they belong to uid 0, gid 109, mode 0660, and this is"
    )


def test_a_member_of_the_group_may_open_it(place: Path) -> None:
    machine = replace(
        mi300x_spx(), kfd_device=DeviceFile(0o660, 0, 109), render_device=DeviceFile(0o660, 0, 44)
    )
    assert as_nobody(_access, write(machine, place), groups=(109, 44))["gpu.access"].severity is Severity.OK


def _access(root: Path) -> dict[str, Finding]:
    return by_code(root, devices.access)


def test_a_gpu_that_keeps_a_model_out_is_an_error_and_else_a_warning(place: Path) -> None:
    full = {index: 150 * GIB for index in range(8)}
    root = write(busy(mi300x_spx(), full), place)
    assert by_code(root, gpus.condition)["gpu.busy"].severity is Severity.WARNING
    assert by_code(root, gpus.condition, AIM_ID=COHERE)["gpu.busy"].severity is Severity.ERROR


def test_declared_gpus_are_not_taken_for_what_is_here(tree: Tree) -> None:
    said = by_code(tree("no GPU"), *ACCESS, *GPUS, AIM_ACCELERATOR_MODEL="MI300X")
    assert said["gpu.declared"].severity is Severity.NOTE
    assert said["gpu.declared"].seen == (
        "8 x MI300X: declared by AIM_ACCELERATOR_MODEL, and not on this machine"
    )
    assert said["gpu.kfd"].severity is Severity.NOTE
    assert {"gpu.access", "gpu.seen", "gpu.condition"}.isdisjoint(said)


def test_an_unknown_gpu_is_named(place: Path) -> None:
    root = write(mi300x_spx(), place)
    node = root / "sys/class/kfd/kfd/topology/nodes/2/properties"
    node.write_text(node.read_text().replace("device_id 29857", "device_id 32767"))
    finding = by_code(root, gpus.seen)["gpu.unknown"]
    assert "1 x AMD GPU 0x7fff: not in the table" in finding.seen


def test_gpus_set_aside_for_virtual_machines(place: Path) -> None:
    machine = driver_not_loaded()
    others = tuple(
        replace(each, driver="vfio-pci") if each.vendor == 0x1002 else each for each in machine.others
    )
    finding = by_code(write(replace(machine, others=others), place), devices.driver)["gpu.driver"]
    assert "8 x MI300X with the driver vfio-pci" in finding.seen


def test_who_asks_for_the_cpu_is_told_nothing_of_gpus(tree: Tree) -> None:
    env = {"AIM_HOST_ROOT": str(tree("8 MI300X without a driver")), "AIM_ACCELERATOR_TYPE": "cpu"}
    titles = [area.title for area, _ in examine(admit(Settings.from_env(env), env))]
    assert titles == [area.title for area in AREAS if not area.of_gpus]
