"""Failures of processes: what the GPUs' collectives said, and what an exit alone says."""

from __future__ import annotations

import re
import signal

from aim_runtime.engines import failures
from aim_runtime.engines.failure import Failure
from aim_runtime.engines.failures import Kind
from aim_runtime.engines.vllm_failures.given import put
from aim_runtime.engines.vllm_failures.output import Said
from aim_runtime.engines.vllm_failures.rule import Case, Rule, Words, quoted, rule, words
from aim_runtime.profiles.fit import GIB

_DEBUG = "start once more with NCCL_DEBUG=INFO, which says what fails"
_MEMORY = "docker run --memory, resources.limits.memory"


def _timeout(match: re.Match[str], case: Case) -> Words:
    found = match.groupdict()
    what = f" in {found['operation']}" if found.get("operation") else ""
    after = f" after {int(found['after']) / 1000:.0f} s" if found.get("after") else ""
    return f"the GPUs waited for one another in vain{what}{after}", (
        f"{_DEBUG}; where GPUs cannot reach one another: NCCL_P2P_DISABLE=1, or "
        f"{put(case.launch, 'disable-custom-all-reduce', True)}"
    )


COLLECTIVES: tuple[Rule, ...] = (
    rule(
        failures.COLLECTIVE_TIMEOUT,
        r"Watchdog caught collective operation timeout: .*OpType=(?P<operation>\w+).*ran for (?P<after>\d+) "
        r"milliseconds",
        _timeout,
    ),
    rule(
        failures.COLLECTIVE_TIMEOUT,
        r"RPC call to \w+ timed out|Timed out waiting \d+ms for \w+|wait timeout after \d+ms"
        r"|No available shared memory broadcast block",
        _timeout,
    ),
    rule(
        failures.COLLECTIVE_FAILED,
        r"(?P<why>(?:NCCL|RCCL) error(?: in: \S+)?[:,]? ?[^(]*|nccl(?:System|Internal|Remote)Error.*"
        r"|Connection closed by peer \[[^\]]*\].*|Gloo connectFullMesh failed.*)",
        words(
            "the engine's processes could not connect their GPUs: {why}",
            f"{_DEBUG}; often /dev/shm is too small (docker run --shm-size 16g …) or NCCL_SOCKET_IFNAME "
            "names a network interface that is not there",
        ),
    ),
)


def _core(match: re.Match[str], case: Case) -> Words:
    served = ", while it served" if case.ending.was_ready else ""
    return f"the engine's core process ended without a word{served}", (
        "its own lines say what it did last; `sudo dmesg | tail` on the host says whether the kernel did it"
    )


_NATIVE = "its own lines above show where; report it with them. `aim-runtime doctor` looks at the machine"
_NO_INSTRUCTION = (
    "vLLM for CPUs wants AVX-512 (`grep -o -m1 avx512f /proc/cpuinfo` shows it): use a machine that has it, "
    "or an image built for this CPU"
)
_SHM = "docker run --shm-size 16g …, or a memory volume at /dev/shm; `df -h /dev/shm` shows it"
_UNMAPPED = "a mapped file could not be read or written: /dev/shm is too small, or a file became shorter"
_NOT_BUILT_FOR = "the CPU lacks an instruction that the engine was built with"

# What native code and Python's fault handler say of a signal, whichever process got it.
NATIVE: tuple[Rule, ...] = (
    rule(
        failures.ILLEGAL_INSTRUCTION,
        r"Fatal Python error: Illegal instruction|^Illegal instruction",
        words(_NOT_BUILT_FOR, _NO_INSTRUCTION),
    ),
    rule(failures.SHARED_MEMORY, r"Fatal Python error: Bus error|^Bus error", words(_UNMAPPED, _SHM)),
    rule(
        failures.CRASHED,
        r"Fatal Python error: (?:Segmentation fault|Aborted|Floating-point exception)|^Segmentation fault"
        r"|!!! Segfault encountered !!!",
        words("the engine's native code crashed", _NATIVE),
    ),
)

# What is known of the ends of processes when no line says why.
ENDS: tuple[Rule, ...] = (
    rule(
        failures.WORKER_DIED,
        r"Worker proc (?P<name>\S+) died unexpectedly(?: \(exit code: (?P<code>-?\d+)\))?",
        words(
            "the worker {name} of the engine ended without a word",
            "`sudo dmesg | tail` on the host says whether the kernel killed it or a GPU failed",
        ),
    ),
    rule(
        failures.CORE_DIED,
        r"Engine core proc \S+ died unexpectedly|EngineDeadError|Engine core initialization failed"
        r"|engine core exited unexpectedly",
        _core,
    ),
)

_SIGNALLED = re.compile(r"exit code:? ?(-\d+)|': (-\d+)\b")


def killed_for_memory(case: Case) -> Failure | None:
    """What the kernel's own counter says, whatever the engine had time to say."""
    ending = case.ending
    if not ending.oom_kills:
        return None
    limit = f" of {ending.memory_limit_bytes / GIB:.1f} GiB" if ending.memory_limit_bytes else ""
    killed = "a process" if ending.oom_kills == 1 else f"{ending.oom_kills} processes"
    message = f"the kernel killed {killed} of the engine: the memory limit{limit} was reached"
    less = put(case.launch, "max-model-len", 4096)
    hint = f"raise the limit ({_MEMORY}), or keep less: a smaller model, {less}"
    return _failure(failures.KILLED_FOR_MEMORY, message, hint)


def by_exit(lines: list[Said], case: Case) -> Failure | None:
    """What the exit says, of the engine itself or of one of its processes that it tells of."""
    ending = case.ending
    number, evidence = _signal(lines, case.code)
    if number is None:
        return None
    said = SIGNALS.get(number)
    name = f"signal {_name(number)}"
    if said is None:
        kind, message, hint = failures.KILLED, f"the engine was ended by {name}", _LOOK
    else:
        kind, message, hint = said
    if number == signal.SIGKILL and ending.oom_kills is None:
        hint = f"often that is the kernel, for memory: `sudo dmesg | grep -i oom` on the host; {_MEMORY}"
    return _failure(kind, f"{message} ({name})" if said else message, hint, evidence)


def _failure(kind: Kind, message: str, hint: str, evidence: str = "") -> Failure:
    return Failure(kind.code, message, hint, evidence, kind.transient)


def _name(number: int) -> str:
    return next((each.name for each in signal.Signals if each.value == number), str(number))


def _signal(lines: list[Said], code: int | None) -> tuple[int | None, str]:
    """The signal that ended the engine, or one of its processes, and the line that says so."""
    if code is not None and code < 0:
        return -code, ""
    for line in lines:
        match = _SIGNALLED.search(line.text) if line.matters else None
        number = int(match[1] or match[2]) if match else 0
        # What a failing engine sends to the rest of its processes says nothing.
        if number < 0 and -number not in (signal.SIGTERM, signal.SIGINT):
            return -number, line.raw
    # A shell's way to say it; vLLM passes on what its processes ended with.
    if code is not None and code > 128 and code - 128 in SIGNALS:
        return code - 128, ""
    return None, ""


_LOOK = "look who sent it: an operator, a container's limit, another program of this user"
SIGNALS: dict[int, tuple[Kind, str, str]] = {
    signal.SIGILL: (failures.ILLEGAL_INSTRUCTION, _NOT_BUILT_FOR, _NO_INSTRUCTION),
    signal.SIGBUS: (failures.SHARED_MEMORY, _UNMAPPED, _SHM),
    signal.SIGSEGV: (failures.CRASHED, "the engine's native code crashed", _NATIVE),
    signal.SIGABRT: (failures.CRASHED, "the engine's native code gave up", _NATIVE),
    signal.SIGFPE: (failures.CRASHED, "the engine's native code crashed", _NATIVE),
    signal.SIGKILL: (failures.KILLED, "something killed the engine", _LOOK),
}


def unknown(cause: Said | None, case: Case) -> Failure:
    """The engine's most telling line, in place of an explanation."""
    kind = failures.EXITED
    how = "" if case.code is None else f" with exit code {case.code}"
    told = f": {quoted(cause.text)}" if cause else ", and no line says why"
    hint = "its own words are above; `aim-runtime dry-run --format shell` prints the command to try by hand"
    return _failure(kind, f"the engine ended{how}{told}", hint, cause.raw if cause else "")


def never_ready(cause: Said | None) -> Failure:
    """It runs, and does not answer."""
    message = "the engine did not become ready"
    if cause:
        message += f"; it said: {quoted(cause.text)}"
    hint = "give it more time: AIM_READY_SECONDS, 0 for no limit; its own lines show what it does"
    return _failure(failures.NEVER_READY, message, hint, cause.raw if cause else "")
