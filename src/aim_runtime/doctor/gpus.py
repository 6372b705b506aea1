"""The GPUs that are there: hidden, busy, mixed, cut into slices, old firmware, ill."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from aim_runtime.doctor.finding import Finding, Severity, error, note, ok, warning
from aim_runtime.doctor.patient import Patient
from aim_runtime.hardware.accelerator import Accelerator
from aim_runtime.hardware.amdsmi import Process
from aim_runtime.hardware.health import Health, examine
from aim_runtime.hardware.instinct import MENDED_IN
from aim_runtime.hardware.visibility import CUDA, HIP
from aim_runtime.profiles.fit import GIB

# What an idle board's driver holds is far below, what a process holds far above.
_IDLE_BYTES = GIB
_BUSY_PERCENT = 10


def seen(patient: Patient) -> Iterator[Finding]:
    """What was detected, what could not be read, and what a variable hides."""
    hardware = patient.site.hardware
    for problem in hardware.problems:
        yield warning("gpu.unread", problem, "what cannot be read is not used", "sudo dmesg | grep -i amdgpu")
    for by in dict.fromkeys(each.by for each in hardware.hidden):
        hidden = [each for each in hardware.hidden if each.by == by]
        severity = Severity.NOTE if hardware.gpus else Severity.WARNING
        yield Finding(
            "gpu.hidden",
            severity,
            f"{by} hides {_kinds([each.device for each in hidden])}",
            "the GPU runtime does not show them to the engine",
            (f"unset {by.partition('=')[0]}   # to use them",),
        )
    unknown = [gpu for gpu in hardware.gpus if gpu.model is None and not (gpu.gpu and gpu.gpu.integrated)]
    if unknown:
        yield warning(
            "gpu.unknown",
            f"{_kinds(unknown)}: not in the table of accelerators",
            "no profile can be for it",
            "AIM_ACCELERATOR_MODEL=MI300X   # or the model that it is most like",
        )
    known = [gpu for gpu in patient.gpus if gpu.model]
    if known:
        yield ok("gpu.seen", f"{_kinds(known)}; {hardware.source}")
    elif hardware.gpus and not patient.gpus:
        yield note(
            "gpu.declared",
            f"{_kinds(list(hardware.gpus))}: {hardware.source}, and not on this machine",
            "a plan is made for them, and only their machine can serve it",
            "unset AIM_ACCELERATOR_MODEL   # to plan for what is here",
        )


def variables(patient: Patient) -> Iterator[Finding]:
    """Two names for one list that do not agree."""
    hip, cuda = (patient.settings.engine_environment.get(name, "") for name in (HIP, CUDA))
    if hip and cuda and hip != cuda:
        yield warning(
            "gpu.variables",
            f"{HIP}={hip} and {CUDA}={cuda} differ",
            f"vLLM on ROCm refuses to start so; HIP reads {HIP}, and the plan gives the engine that for both",
            f"unset {CUDA}",
        )


def kinds(patient: Patient) -> Iterator[Finding]:
    """GPUs that cannot work together, and slices of boards."""
    gpus = [gpu for gpu in patient.site.hardware.gpus if not (gpu.gpu and gpu.gpu.integrated)]
    slices = [gpu for gpu in gpus if gpu.partition]
    if slices:
        yield warning(
            "gpu.partitioned",
            f"{_kinds(slices)}, {_gib(slices[0].memory_bytes)} GiB each",
            "what was tuned for a whole board is not taken for a slice of one",
            "sudo amd-smi set --gpu all --compute-partition SPX",
            "sudo amd-smi set --gpu all --memory-partition NPS1",
        )
    if len({gpu.kind for gpu in gpus}) > 1:
        uses = patient.plan.selection.uses if patient.plan else ()
        taken = f"; the plan uses {_kinds(list(uses))}" if uses and uses[0].gpu else ""
        yield note(
            "gpu.mixed",
            f"{_kinds(gpus)}{taken}",
            "one service uses devices of one kind",
            "AIM_ACCELERATOR_MODEL=MODEL   # to say which",
        )
    elif gpus and not slices:
        yield ok("gpu.kinds", "all GPUs are of one kind, and whole")


def firmware(patient: Patient) -> Iterator[Finding]:
    """The micro engine's firmware, by which one variable is set or not."""
    known = {
        gpu.gpu.firmware
        for gpu in patient.site.hardware.gpus
        if gpu.gpu and gpu.gpu.firmware and gpu.gpu.architecture == MENDED_IN[0]
    }
    old = sorted(version for version in known if version < MENDED_IN[1])
    if old:
        yield warning(
            "gpu.firmware",
            f"MEC firmware {', '.join(map(str, old))}, older than {MENDED_IN[1]}",
            "RCCL crashes or is slow with it unless HSA_NO_SCRATCH_RECLAIM=1, which the plan sets",
            "update the GPUs' firmware: sudo apt install --only-upgrade amdgpu-dkms-firmware && sudo reboot",
        )
    elif known:
        yield ok("gpu.firmware", f"MEC firmware {', '.join(map(str, sorted(known)))}")


def condition(patient: Patient) -> Iterator[Finding]:
    """Who uses the GPUs, and errors of their memory."""
    gpus = patient.gpus
    health = examine(patient.root, gpus)
    well = True
    for gpu in gpus:
        told = health.get(gpu.index, Health())
        for finding in (*_busy(patient, gpu, told), *_ill(gpu, told)):
            well = False
            yield finding
    if gpus and well:
        yield ok(
            "gpu.condition", f"no GPU is known to be in use, or to have errors of its memory, of {len(gpus)}"
        )


def _busy(patient: Patient, gpu: Accelerator, told: Health) -> Iterator[Finding]:
    used = (gpu.memory_bytes or 0) - gpu.free_bytes if gpu.free_bytes is not None else 0
    percent = (gpu.gpu.busy_percent if gpu.gpu else None) or 0
    if used < _IDLE_BYTES and percent < _BUSY_PERCENT:
        return
    by = f", by {', '.join(_named(process) for process in told.processes)}" if told.processes else ""
    # Where no plan could be made, what is used may be why.
    make = error if patient.refusal and used >= _IDLE_BYTES else warning
    kills = [f"kill {process.pid}   # {_named(process)}" for process in told.processes]
    yield make(
        "gpu.busy",
        f"GPU {gpu.index}: {_gib(used)} of {_gib(gpu.memory_bytes)} GiB used, {percent} % busy{by}",
        "the engine takes most of a GPU's memory, and does not start where it is not free",
        *(kills or ("sudo fuser -v /dev/kfd   # on the host, names who uses it",)),
    )


def _ill(gpu: Accelerator, told: Health) -> Iterator[Finding]:
    if told.uncorrectable_errors:
        yield warning(
            "gpu.memory_errors",
            f"GPU {gpu.index}: {told.uncorrectable_errors} memory errors that could not be corrected",
            "answers may be wrong, and the driver may stop the engine",
            f"sudo amd-smi reset --gpureset --gpu {gpu.index}   # nothing may use it",
        )
    if told.pending_pages:
        yield warning(
            "gpu.bad_pages",
            f"GPU {gpu.index}: {told.pending_pages} pages of bad memory wait to be put aside",
            "they are in use until the driver starts anew",
            "sudo reboot   # of the host",
        )


def _named(process: Process) -> str:
    size = f", {_gib(process.memory_bytes)} GiB" if process.memory_bytes else ""
    return f"{process.name or 'a process of another container'} (pid {process.pid}{size})"


def _kinds(gpus: list[Accelerator]) -> str:
    counts = Counter(
        f"{gpu.model or gpu.name}{f' {gpu.partition.mode}' if gpu.partition else ''}" for gpu in gpus
    )
    return ", ".join(f"{count} x {name}" for name, count in counts.items())


def _gib(size: int | None) -> str:
    return f"{(size or 0) / GIB:.1f}"
