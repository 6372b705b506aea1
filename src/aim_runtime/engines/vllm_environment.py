"""What vLLM gets through its environment: the profile's variables, and what this machine makes of them.

One table says which variables hang on the machine; each row has its reason, which `explain` shows. A
row may set a variable, put another value in the place of the profile's, or take it away; where a probe
does not know what a row asks, the profile's word stands. The user's own variables win over all of it,
but not over which devices are hidden: those were taken into account when the devices were chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from aim_runtime.engines.launch import EnvironmentVariable, Layer
from aim_runtime.hardware.accelerator import Accelerator, NumaNode, Processor
from aim_runtime.hardware.instinct import MENDED_IN
from aim_runtime.hardware.visibility import VARIABLES, settings_for
from aim_runtime.profiles.profile import Profile
from aim_runtime.settings import Settings
from aim_runtime.vocabulary import AcceleratorType

# Architectures that AITER has kernels for; elsewhere it is off (AMD's vLLM guide; vllm/_aiter_ops.py).
AITER = ("gfx942", "gfx950")
_BIND, _THREADS = "VLLM_CPU_OMP_THREADS_BIND", "OMP_NUM_THREADS"


@dataclass(frozen=True)
class Machine:
    """What the rows look at: the devices that are used, whether others are left, and the host's CPU."""

    uses: tuple[Accelerator, ...]
    leaves: bool
    processor: Processor | None

    @property
    def architecture(self) -> str:
        return self.uses[0].gpu.architecture if self.uses and self.uses[0].gpu else ""

    @property
    def firmware(self) -> int | None:
        """The oldest of the devices' micro engine firmwares; None where one is not known."""
        found = [device.gpu.firmware if device.gpu else None for device in self.uses]
        known = [version for version in found if version is not None]
        return min(known) if known and len(known) == len(found) else None

    @property
    def on_cpu(self) -> bool:
        return bool(self.uses) and self.uses[0].type is AcceleratorType.CPU


@dataclass(frozen=True)
class Environment:
    """The variables with their reasons, the CPUs to run on (empty: all), and what the user should know."""

    variables: tuple[EnvironmentVariable, ...]
    numa_node: NumaNode | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Change:
    """What a row makes of a variable: its new value, None for none, and why."""

    value: str | None
    reason: str


def _aiter(machine: Machine, value: str | None) -> _Change | None:
    if value != "1" or not machine.architecture or machine.architecture in AITER:
        return None
    return _Change("0", f"AITER has no kernels for {machine.architecture}")


def _architectures(machine: Machine, value: str | None) -> _Change | None:
    if value is None or machine.architecture in ("", value):
        return None
    return _Change(machine.architecture, f"what AITER compiles for is {machine.architecture} here")


def _scratch(machine: Machine, value: str | None) -> _Change | None:
    firmware = machine.firmware
    if machine.architecture != MENDED_IN[0] or firmware is None:
        return None
    if firmware < MENDED_IN[1]:
        old = f"the MEC firmware is {firmware}, older than {MENDED_IN[1]}: RCCL crashes or is slow"
        return _Change("1", old)
    return _Change(None, f"the MEC firmware is {firmware}: needed only below {MENDED_IN[1]}")


def _only_several(what: str) -> Callable[[Machine, str | None], _Change | None]:
    def change(machine: Machine, value: str | None) -> _Change | None:
        if machine.on_cpu or len(machine.uses) > 1:
            return None
        return _Change(None, f"{what} takes more than one GPU")

    return change


def _bind(machine: Machine, value: str | None) -> _Change | None:
    """The engine binds a thread to each core that it may run on, whatever time the cgroup grants."""
    if not _throttled(machine) or value not in (None, "auto"):
        return None
    processor = machine.processor
    assert processor is not None
    return _Change(
        "nobind",
        f"the cgroup grants the time of {processor.quota:g} of {processor.physical_cores} cores: threads "
        "bound to all of them would be stopped again and again",
    )


def _threads(machine: Machine, value: str | None) -> _Change | None:
    if not machine.on_cpu or machine.processor is None:
        return None
    if _throttled(machine):
        cores = machine.uses[0].cores
        return _Change(str(cores), f"the cores' worth of time that the cgroup grants: {cores}")
    cores = machine.processor.physical_cores or machine.uses[0].cores
    if value is not None and value.isdigit() and int(value) > cores:
        return _Change(str(cores), f"this process has {cores} cores")
    return None


def _throttled(machine: Machine) -> bool:
    processor = machine.processor
    if not machine.on_cpu or processor is None or processor.quota is None:
        return False
    return processor.quota < (processor.physical_cores or 0)


# Variable and row; `None` as the value stands for a variable that nobody sets.
ROWS: tuple[tuple[str, Callable[[Machine, str | None], _Change | None]], ...] = (
    ("VLLM_ROCM_USE_AITER", _aiter),
    ("GPU_ARCHS", _architectures),
    ("HSA_NO_SCRATCH_RECLAIM", _scratch),
    ("NCCL_MIN_NCHANNELS", _only_several("what it sets for collectives")),
    ("VLLM_ROCM_QUICK_REDUCE_QUANTIZATION", _only_several("what it quantizes, the reduction of results,")),
    (_BIND, _bind),
    (_THREADS, _threads),
)


def environment(profile: Profile, machine: Machine, settings: Settings) -> Environment:
    """Put the variables together, in the order of their names."""
    found = {variable.name: variable for variable in _of_runtime(settings)}
    for name, value in profile.content.env_vars.items():
        found[name] = EnvironmentVariable(name, value, Layer.PROFILE)
    found |= {variable.name: variable for variable in _of_machine(profile, machine)}
    visible = settings_for(machine.uses, () if machine.leaves else machine.uses, settings.engine_environment)
    notes: list[str] = []
    for name in sorted(found):
        kept, note = against_user(found[name], settings)
        notes += [note] if note else []
        found[name] = kept
    for name, value in visible.items():
        why = "the GPUs that the plan uses" if machine.leaves else "one list under both of its names"
        found[name] = EnvironmentVariable(name, value, Layer.MACHINE, why)
        theirs = settings.engine_environment.get(name)
        if theirs and theirs != value and name in VARIABLES:
            notes.append(f"{name}={theirs} of the environment becomes {value} for the engine: {why}")
    ordered = tuple(found[name] for name in sorted(found))
    return Environment(ordered, numa_node(machine), tuple(notes))


def numa_node(machine: Machine) -> NumaNode | None:
    """The NUMA node that all the GPUs used hang on, None where there is none or the machine has one only."""
    nodes = {device.gpu.numa_node if device.gpu else None for device in machine.uses}
    known = machine.processor.numa_nodes if machine.processor else ()
    if machine.on_cpu or len(nodes) != 1 or len(known) < 2:
        return None
    return next((node for node in known if node.number in nodes and node.cpus), None)


def _of_runtime(settings: Settings) -> Iterator[EnvironmentVariable]:
    offline = "the weights are on disk: a look at the hub would delay the start, or stop it"
    yield EnvironmentVariable("HF_HUB_OFFLINE", "1", Layer.RUNTIME, offline)
    if settings.log_level_root == "DEBUG":
        # A quieter level is for who shows the lines: that a start goes on is read from the engine's INFO.
        yield EnvironmentVariable("VLLM_LOGGING_LEVEL", "DEBUG", Layer.RUNTIME, "AIM_LOG_LEVEL_ROOT")


def _of_machine(profile: Profile, machine: Machine) -> Iterator[EnvironmentVariable]:
    given = profile.content.env_vars
    for name, row in ROWS:
        change = row(machine, given.get(name))
        if change is None or change.value == given.get(name):
            continue
        yield EnvironmentVariable(name, change.value, Layer.MACHINE, change.reason)


def against_user(variable: EnvironmentVariable, settings: Settings) -> tuple[EnvironmentVariable, str | None]:
    """The variable, or the user's own of that name, and what to say where the two differ."""
    name, theirs = variable.name, settings.engine_environment.get(variable.name)
    if theirs is None or theirs == variable.value:
        return variable, None
    user = EnvironmentVariable(name, theirs, Layer.ENVIRONMENT, "the environment's own")
    ours = "nothing" if variable.value is None else variable.value
    return user, f"{name}={theirs} of the environment replaces {ours}, the plan's value"
