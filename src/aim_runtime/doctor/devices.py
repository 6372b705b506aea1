"""From the bus to the engine: is there a GPU, has it a driver, and may this process open its devices."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from aim_runtime.doctor.finding import Finding, Severity, error, note, ok, warning
from aim_runtime.doctor.patient import Patient
from aim_runtime.hardware import kfd, pci, software
from aim_runtime.hardware.access import KFD, Closed, closed_to_us
from aim_runtime.hardware.files import text
from aim_runtime.vocabulary import Vendor

_MODULE = "sys/module/amdgpu"
_DOCKER = "docker run --device=/dev/kfd --device=/dev/dri …"
_KUBERNETES = "resources: {limits: {amd.com/gpu: 1}}"


def bus(patient: Patient) -> Iterator[Finding]:
    """Is there an accelerator at all."""
    found = patient.on_bus
    if found:
        yield ok("gpu.bus", f"{pci.summary(found)} on the PCI bus")
        return
    seen = "no AMD Instinct, Radeon or NVIDIA data-centre GPU on the PCI bus"
    yield _needed(
        patient,
        "gpu.bus",
        seen,
        "without a GPU a model is served by the CPU",
        "AIM_ACCELERATOR_TYPE=cpu   # to serve by the CPU and have nothing else looked for",
        "AIM_ACCELERATOR_MODEL=MI300X aim-runtime dry-run   # to plan for a machine that has some",
    )


def driver(patient: Patient) -> Iterator[Finding]:
    """Does the kernel's driver have the GPUs."""
    found = [gpu for gpu in patient.on_bus if gpu.vendor is Vendor.AMD]
    without = tuple(gpu for gpu in found if not gpu.driver)
    virtual = tuple(gpu for gpu in found if gpu.driver == "vfio-pci")
    loaded = (patient.root / _MODULE).exists()
    if virtual:
        yield warning(
            "gpu.driver",
            f"{pci.summary(virtual)} with the driver vfio-pci",
            "they are set aside for virtual machines, and nothing here can use them",
            f"sudo driverctl unset-override {virtual[0].address}   # and so for each of them",
        )
    if without or not (loaded or virtual):
        what = f"{pci.summary(without)} without a driver" if without else "amdgpu is not loaded"
        missing = f"{what}, and amdgpu is not loaded" if without and not loaded else what
        yield _needed(
            patient,
            "gpu.driver",
            missing,
            "the GPU runtime reaches a GPU through the amdgpu driver of the host's kernel only",
            "sudo modprobe amdgpu   # on the host",
            "sudo apt install amdgpu-dkms && sudo reboot   # where there is no such module",
            certain=bool(without),
        )
    elif not virtual:
        yield ok("gpu.driver", f"amdgpu is loaded{_version(patient.root)}")


def versions(patient: Patient) -> Iterator[Finding]:
    """Which driver and which ROCm: what a report of a problem is asked for first."""
    if not (patient.root / _MODULE).exists():
        return
    below = software.look(patient.root)
    state = text(patient.root / _MODULE / "initstate")
    if state not in (None, "live"):
        yield error(
            "gpu.driver_state",
            f"the amdgpu driver is {state}, not live",
            "it is being loaded or taken away, or failed at it",
            "sudo dmesg | grep -i amdgpu   # on the host, says why",
        )
    built, rocm = below.amdgpu or "of the kernel", below.rocm or "not in /opt/rocm"
    yield note("gpu.versions", f"kernel {below.kernel or 'unknown'}, amdgpu {built}, ROCm {rocm}")


def access(patient: Patient) -> Iterator[Finding]:
    """May this process open what the runtime opens."""
    hardware = patient.site.hardware
    gpus = (*patient.gpus, *(each.device for each in hardware.hidden))
    kept = [problem for problem in hardware.problems if "not given to this process" in problem]
    if kept:
        yield error(
            "gpu.not_given",
            kept[0],
            "a container sees only the GPUs that it is started with",
            _DOCKER,
            _KUBERNETES,
        )
        return
    closed = closed_to_us(patient.root, gpus)
    for each in closed:
        yield from _closed(each)
    if gpus and not closed:
        yield ok("gpu.access", f"/{KFD} and the render nodes of {len(gpus)} GPUs can be opened")
    elif not gpus and not (patient.root / KFD).exists():
        there = any(gpu.vendor is Vendor.AMD for gpu in patient.on_bus)
        yield _needed(
            patient,
            "gpu.kfd",
            f"/{KFD} is missing",
            "the GPU runtime speaks to the driver through it",
            *((_DOCKER, _KUBERNETES) if there else ("sudo modprobe amdgpu   # on a host with an AMD GPU",)),
            certain=there and (patient.root / kfd.NODES).exists(),
        )


def _closed(each: Closed) -> Iterator[Finding]:
    if each.missing:
        yield error(
            "gpu.device_missing",
            each.words,
            "the driver shows the GPU, and its device file is not in this container",
            _DOCKER,
            _KUBERNETES,
        )
        return
    yield error(
        "gpu.device_closed",
        each.words,
        "names of groups differ between a host and its containers: only the number counts",
        f"docker run --group-add {each.group} …",
        f"securityContext: {{supplementalGroups: [{each.group}]}}   # of the pod",
        f"sudo usermod -aG {each.group} $USER   # on the host itself; then log in again",
    )


def _version(root: Path) -> str:
    found = software.look(root).amdgpu
    return f" {found}" if found else ""


def _needed(patient: Patient, code: str, seen: str, why: str, *fix: str, certain: bool = False) -> Finding:
    """An error where a GPU is asked for or there is one, else worth knowing only."""
    severity = Severity.ERROR if certain or patient.wants_gpu else Severity.NOTE
    return Finding(code, severity, seen, why, fix)
