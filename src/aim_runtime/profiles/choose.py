"""Which of the machine's accelerators a profile gets: idle ones that are alike and near each other. Pure."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

from aim_runtime.hardware.accelerator import Accelerator, Hardware
from aim_runtime.profiles.demand import Demand
from aim_runtime.profiles.fit import GIB
from aim_runtime.profiles.profile import Profile
from aim_runtime.profiles.selection import Left, Verdict
from aim_runtime.vocabulary import AcceleratorType, Origin

# An idle device's counters show a moment of a few percent now and then.
_BUSY_PERCENT = 10


def candidates(profile: Profile, hardware: Hardware) -> tuple[Accelerator, ...]:
    """The accelerators of this machine that the profile is for.

    What was tuned for a model on a whole board is not for the slices of one.
    """
    metadata = profile.metadata
    if metadata.accelerator_type is AcceleratorType.CPU:
        return (hardware.cpu,) if metadata.accelerator_model in hardware.cpu.models else ()
    devices = hardware.gpus_of(metadata.accelerator_model)
    if profile.origin is Origin.MODEL:
        return tuple(device for device in devices if device.partition is None)
    return devices


def choose(
    profile: Profile, devices: tuple[Accelerator, ...], demand: Demand | None
) -> tuple[tuple[Accelerator, ...], tuple[Accelerator, ...]]:
    """The devices to use, in their own order, and those among them that are too busy.

    All are of one kind (model, memory, partition mode). Idle ones go first, of those the ones of one
    board, then of one NUMA node; where there are too few of a kind, nothing is used.
    """
    if profile.metadata.accelerator_type is AcceleratorType.CPU:
        return devices, tuple(device for device in devices if lacks(device, demand))
    count = profile.metadata.accelerator_count
    kinds: dict[Hashable, list[Accelerator]] = {}
    for device in devices:
        kinds.setdefault(device.kind, []).append(device)
    enough = [alike for alike in kinds.values() if len(alike) >= count]
    if not enough:
        return (), ()
    best = max(enough, key=lambda alike: (_idle(alike, demand, count), alike[0].memory_bytes or 0))
    taken = _taken(best, demand, count)
    chosen = tuple(device for device in devices if device in taken)
    return chosen, tuple(device for device in chosen if lacks(device, demand))


def lacks(device: Accelerator, demand: Demand | None) -> int:
    """Bytes that must be freed on the device before the engine starts; 0 where that is not known."""
    if demand is None or device.free_bytes is None or not device.memory_bytes:
        return 0
    if device.type is AcceleratorType.CPU and demand.kv_bytes is not None:
        return 0  # then the CPU's share is not asked for; a GPU's always is
    return max(0, int(device.memory_bytes * demand.utilization) - device.free_bytes)


def left(verdict: Verdict, uses: Sequence[Accelerator], hardware: Hardware) -> tuple[Left, ...]:
    """The GPUs that are not used, each with the reason."""
    return tuple(Left(gpu, _reason(gpu, verdict, uses)) for gpu in hardware.gpus if gpu not in uses)


def _reason(device: Accelerator, verdict: Verdict, uses: Sequence[Accelerator]) -> str:
    metadata = verdict.profile.metadata
    if device.gpu and device.gpu.integrated and device.model is None:
        return "integrated graphics"
    if metadata.accelerator_type is AcceleratorType.CPU:
        return "the profile is for the CPU"
    if device.model != metadata.accelerator_model:
        return f"the profile is for {metadata.accelerator_model}"
    if uses and device.kind != uses[0].kind:
        return "of another memory size or partition mode than the ones used"
    if device in verdict.full:
        free, total = (device.free_bytes or 0) / GIB, (device.memory_bytes or 0) / GIB
        return f"busy: {free:.1f} of {total:.1f} GiB free"
    if _computing(device):
        busy = device.gpu.busy_percent if device.gpu else 0
        return f"busy: computes {busy} % of the time"
    return f"not needed: the profile uses {metadata.accelerator_count}"


def _idle(devices: Sequence[Accelerator], demand: Demand | None, count: int) -> int:
    """How many can be used at once, as far as they are needed."""
    return min(count, sum(not lacks(device, demand) for device in devices))


def _taken(devices: list[Accelerator], demand: Demand | None, count: int) -> list[Accelerator]:
    free = [device for device in devices if not lacks(device, demand)]
    for idle in ([device for device in free if not _computing(device)], free):
        for place in (_board, _numa_node):
            near = _together(idle, place, count)
            if near:
                return near
        if len(idle) >= count:
            return idle[:count]
    busy = sorted((each for each in devices if lacks(each, demand)), key=lambda each: -(each.free_bytes or 0))
    return (free + busy)[:count]


def _together(
    devices: Sequence[Accelerator], place: Callable[[Accelerator], Hashable], count: int
) -> list[Accelerator]:
    """The first `count` devices of the first place that has so many; none where no place has."""
    places: dict[Hashable, list[Accelerator]] = {}
    for device in devices:
        if (where := place(device)) is not None:
            places.setdefault(where, []).append(device)
    return next((near[:count] for near in places.values() if len(near) >= count), [])


def _board(device: Accelerator) -> Hashable:
    return device.gpu.board if device.gpu and device.partition else None


def _numa_node(device: Accelerator) -> Hashable:
    return device.gpu.numa_node if device.gpu else None


def _computing(device: Accelerator) -> bool:
    return device.gpu is not None and (device.gpu.busy_percent or 0) >= _BUSY_PERCENT
