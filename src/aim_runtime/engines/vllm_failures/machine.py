"""Failures of the machine: GPUs, drivers, limits, disks and ports."""

from __future__ import annotations

import re

from aim_runtime.engines import failures
from aim_runtime.engines.vllm_failures.given import put
from aim_runtime.engines.vllm_failures.rule import Case, Rule, Words, quoted, rule, words

_DOCTOR = "`aim-runtime doctor` says what is in the way"
_GIVE = "docker run --device /dev/kfd --device /dev/dri …, or amd.com/gpu in resources.limits"
_NO_AITER = "VLLM_ROCM_USE_AITER=0"


def _port(match: re.Match[str], case: Case) -> Words:
    port = case.launch.port
    return f"AIM_PORT={port}: the port is taken", (
        f"stop what listens there (ss -ltnp 'sport = :{port}'), or set AIM_PORT to another port"
    )


def _full(match: re.Match[str], case: Case) -> Words:
    path = quoted(match.groupdict().get("path") or "")
    compiled = case.launch.compiled
    what = f" at {path}" if path else ""
    if compiled and path.startswith(str(compiled)):
        what += ", where the engine keeps what it compiles"
    return f"No space left on device{what}", (
        "make room: `df -h` shows where, `aim-runtime cache prune` removes what is no longer used; "
        "or AIM_CACHE_PATH on a larger disk"
    )


_READ_ONLY = words(
    "the engine cannot write {path}: read-only file system",
    "set HOME and AIM_CACHE_PATH to folders that this user can write; in Kubernetes an emptyDir",
)
_DENIED = words(
    "the engine may not open {path}: permission denied",
    "`namei -l` shows whose it is: give it to this user, or set AIM_CACHE_PATH and HOME to other folders",
)


def _unsupported(match: re.Match[str], case: Case) -> Words:
    name = match.groupdict().get("name")
    gpu = f" {name}" if name else ""
    return f"the engine has no code for this GPU{gpu}: {quoted(match['why'])}", (
        f"use an image that is built for it; where AITER says so, {_NO_AITER}"
    )


def _crashed(match: re.Match[str], case: Case) -> Words:
    said = quoted(match["why"])
    kernel = next((line for line in case.after if line.startswith("Kernel Name:")), "")
    by = f" in {_short(kernel.partition(':')[2])}" if kernel else ""
    return f"a computation on the GPU crashed{by}: {said}", (
        f"start without AITER's kernels: {_NO_AITER}; or without captured graphs: "
        f"{put(case.launch, 'enforce-eager', True)}; if it stays, {_DOCTOR}"
    )


def _short(name: str) -> str:
    return quoted(name.strip())[:80]


def _few(match: re.Match[str], case: Case) -> Words:
    return f"the engine sees fewer GPUs than it is to use: {quoted(match['why'])}", (
        f"AIM_GPU_COUNT with what is there, or more GPUs: {_GIVE}"
    )


_NO_GPU = words(
    "the engine sees no GPU: {why}", f"{_DOCTOR}; {_GIVE}; on a machine without one AIM_ACCELERATOR_TYPE=cpu"
)
_CLOSED = words(
    "the engine may not open {path}: {why}",
    "docker run --group-add with the number that `stat -c %g /dev/kfd` says on the host, or "
    f"securityContext.supplementalGroups; {_DOCTOR}",
)
_SHM = words(
    "/dev/shm is too small for what the engine's processes exchange: {why}",
    "docker run --shm-size 16g …, or a volume at /dev/shm: emptyDir: {{medium: Memory, sizeLimit: 16Gi}}",
)
RULES: tuple[Rule, ...] = (
    rule(
        failures.DEVICE_CLOSED,
        r"Unable to open (?P<path>/dev/\S+) read-write: (?P<why>Permission denied|Operation not permitted)",
        _CLOSED,
    ),
    rule(
        failures.DEVICE_CLOSED,
        r"(?P<why>Permission denied|Operation not permitted)[^/]*(?P<path>/dev/(?:kfd|dri/\w+))",
        _CLOSED,
    ),
    rule(
        failures.NO_GPU,
        r"(?P<why>No (?:HIP|CUDA) GPUs are available|Failed to infer device type"
        r"|Found no NVIDIA driver on your system|hipErrorNoDevice|Device string must not be empty"
        r"|(?:CUDA|HIP) error: no (?:CUDA|ROCm)-capable device is detected"
        r"|Unable to open /dev/kfd read-write: No such file or directory)",
        _NO_GPU,
    ),
    rule(
        failures.TOO_FEW_GPUS,
        r"(?P<why>World size \(\d+\) is larger than the number of available GPUs \(\d+\)[^.]*"
        r"|(?:HIP|CUDA) error: invalid device ordinal|local[ _]rank \d+ is out of bounds[^.]*"
        r"|The number of required (?:GPUs|CPUs) exceeds the total number of available[^.]*"
        r"|Not enough allowed NUMA nodes to bind threads of \d+ .*)",
        _few,
    ),
    rule(
        failures.GPU_UNSUPPORTED,
        r"(?P<why>(?:HIP|CUDA) error: (?:invalid device function|no kernel image is available for execution "
        r"on the device)|hipErrorNoBinaryForGpu|Unknown GPU architecture: (?P<name>gfx\w+)"
        r"|One of GPU archs of .* is invalid or not supported|is not compatible with the current PyTorch "
        r"installation)",
        _unsupported,
    ),
    rule(
        failures.DRIVER_TOO_OLD,
        r"(?P<why>The NVIDIA driver on your system is too old[^.]*|CUDA driver version is insufficient"
        r"[^.]*|hipErrorInsufficientDriver)",
        words(
            "the GPU's driver is too old: {why}", "install a newer driver on the host, or use an older image"
        ),
    ),
    rule(
        failures.SHARED_MEMORY,
        r"(?P<why>Insufficient space in /dev/shm[^.]*"
        r"|Error while (?:creating|attaching to) shared memory segment \S+.*"
        r"|No space left on device.*/dev/shm\S*|/dev/shm\S*.*No space left on device"
        r"|unable to (?:open|allocate|resize|write to) shared memory .*|Bus error.*insufficient shared memory"
        r"|ftruncate.*/dev/shm.*|insufficient shared memory \(shm\))",
        lambda match, case: _SHM(_without_storage(match), case),
    ),
    rule(
        failures.GPU_CRASHED,
        r"(?P<why>HSA_STATUS_ERROR_\w+|Memory access fault by GPU node-\d+[^.]*(?:\. Reason: [^.]+)?"
        r"|HW Exception by GPU node-\d+|GPU Hang|(?:HIP|CUDA) error: (?:an illegal memory access was "
        r"encountered|unspecified launch failure|device-side assert triggered|an illegal instruction was "
        r"encountered|misaligned address|the launch timed out and was terminated))",
        _crashed,
    ),
    rule(
        failures.GPU_CRASHED,
        r"(?i)(?P<why>Cuda error \S+ 'an illegal memory access was encountered')",
        _crashed,
    ),
    rule(
        failures.PINNED_MEMORY,
        r"(?P<why>ibv_(?:reg_mr|create_\w+)\w* failed.*(?:Cannot allocate memory|errno 12).*"
        r"|cudaHostRegister failed.*|hipHostRegister.*(?:failed|error).*|RLIMIT_MEMLOCK.*)",
        words(
            "the engine may not pin as much memory as it wants: {why}",
            "docker run --ulimit memlock=-1 …, or `ulimit -l unlimited` in the shell that starts it",
        ),
    ),
    rule(
        failures.DISK_FULL,
        r"No space left on device(?: \(os error 28\))?(?:: ['\"](?P<path>[^'\"]+)['\"])?|Disk quota exceeded",
        _full,
    ),
    rule(
        failures.CACHE_NOT_WRITABLE,
        r"Read-only file system(?: \(os error \d+\))?:? ['\"](?P<path>[^'\"]+)['\"]",
        _READ_ONLY,
    ),
    rule(
        failures.PERMISSION_DENIED,
        r"Permission denied(?: \(os error \d+\))?:? ['\"](?P<path>[^'\"]+)['\"]",
        _DENIED,
    ),
    rule(
        failures.PORT_TAKEN,
        r"[Aa]ddress already in use|EADDRINUSE",
        _port,
    ),
    rule(
        failures.OPEN_FILES,
        r"Too many open files|\[Errno 24\]",
        words(
            "the engine may not have as many files and connections open as it needs",
            "docker run --ulimit nofile=65535:65535 …, or `ulimit -n 65535` in the shell that starts it",
        ),
    ),
    rule(
        failures.TOO_MANY_THREADS,
        r"can't start new thread|pthread_create failed|Resource temporarily unavailable",
        words(
            "the engine may not start as many threads and processes as it needs",
            "docker run --pids-limit -1 …, or a higher podPidsLimit; `ulimit -u` in the shell that starts it",
        ),
    ),
    rule(
        failures.NAMELESS_USER,
        r"getpwuid\(\): uid not found: (?P<uid>\d+)",
        words("uid {uid} has no name here, and a library asks for it", "set USER=aim LOGNAME=aim"),
    ),
    rule(
        failures.KERNEL_MISSING,
        r"(?P<why>Could not run '[\w:.]+' with arguments from the '\w+' backend"
        r"|Failed: \S+ is not (?:supported|implemented).*"
        r"|_C\w*::\w+\(\) expected at most 0 argument\(s\)"
        r"|'_OpNamespace' '\w+' object has no attribute '\w+')",
        words(
            "this build of the engine lacks an operation that the model needs on this device: {why}",
            "serve another precision: AIM_PRECISION=bf16, or use another build of the engine",
        ),
    ),
)


def _without_storage(match: re.Match[str]) -> re.Match[str]:
    """What it says of /dev/shm, without the words that the operator takes for a full disk."""
    why = re.sub(r"(?i)no space left on device", "it is full", match["why"])
    found = re.fullmatch(r"(?P<why>.*)", why)
    assert found
    return found
