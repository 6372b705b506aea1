"""What a plan makes of the machine, in lines: what is hidden, what is left and why, what it changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from aim_runtime.engines.launch import EnvironmentVariable, Layer
from aim_runtime.hardware.accelerator import Hardware
from aim_runtime.hardware.cpulist import spaced
from aim_runtime.plan import Plan
from aim_runtime.profiles.selection import Left


def machine_lines(plan: Plan) -> Iterator[str]:
    """The lines that `serve` says of it."""
    for by, names in hidden_by(plan.site.hardware).items():
        yield f"hidden {names}, by {by}"
    for reason, devices in _by_reason(plan.selection.leaves).items():
        yield f"leaves {devices}: {reason}"
    for each in plan.launch.variables:
        if each.layer is Layer.MACHINE:
            value = f"{each.name}={each.value}" if each.value is not None else f"without {each.name}"
            yield f"for this machine {value}: {each.reason}"
    if plan.launch.loading:
        yield f"reads the weights by {plan.launch.loading.strategy}: {plan.launch.loading.reason}"
    if plan.launch.numa_node:
        yield f"runs on the CPUs of NUMA node {plan.launch.numa_node.number}, as its GPUs do"


def variables_object(variables: Iterable[EnvironmentVariable]) -> list[dict[str, str | None]]:
    """The engine's variables as JSON has them; the value is null for one that is taken away."""
    return [
        {"name": each.name, "value": each.value, "from": str(each.layer), "reason": each.reason or None}
        for each in variables
    ]


def hidden_by(hardware: Hardware) -> dict[str, str]:
    """What each variable takes away: how many of which."""
    found: dict[str, Counter[str]] = {}
    for each in hardware.hidden:
        found.setdefault(each.by, Counter())[each.device.model or each.device.name] += 1
    return {by: ", ".join(f"{n} x {name}" for name, n in kinds.items()) for by, kinds in found.items()}


def _by_reason(left: Iterable[Left]) -> dict[str, str]:
    """The accelerators that are left unused, those of one name and reason together."""
    found: dict[tuple[str, str], list[int]] = {}
    for each in left:
        found.setdefault((each.reason, each.device.name), []).append(each.device.index)
    lines: dict[str, list[str]] = {}
    for (reason, name), indices in found.items():
        lines.setdefault(reason, []).append(f"{name} #{spaced(indices)}")
    return {reason: "; ".join(devices) for reason, devices in lines.items()}
