"""Node labels for Kubernetes: the file that Node Feature Discovery's `local` source reads.

The names are those by which the aim-engine operator places its services: one label for each model, with
the number of devices (https://kubernetes-sigs.github.io/node-feature-discovery, "Local feature source").
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from aim_runtime.errors import FileNotWritable
from aim_runtime.hardware.accelerator import Accelerator, Hardware
from aim_runtime.vocabulary import AcceleratorType

PREFIX = "feature.node.kubernetes.io/aim-accelerator"


def advertised(device: Accelerator) -> tuple[str, ...]:
    """The models that a device is offered as, the nearest first; () for one that is in no table.

    A slice of a board is not offered as the board: what was made for the board would be placed on it.
    """
    partition = device.partition
    if partition is None:
        return device.models
    return (f"{device.model}-{partition.mode.replace('/', '-')}",) if device.model else ()


def count(devices: tuple[Accelerator, ...]) -> int:
    """How many: of a CPU the logical CPUs of the whole machine, limits aside, as the operator counts."""
    first = devices[0]
    if first.type is AcceleratorType.CPU:
        return (first.processor.node_cpus if first.processor else None) or first.cores
    return len(devices)


def alike(hardware: Hardware, type_: AcceleratorType) -> tuple[tuple[Accelerator, ...], ...]:
    """The devices of a type, those of one kind together, in the order in which each kind comes first."""
    kinds: dict[object, list[Accelerator]] = {}
    for device in hardware.gpus if type_ is AcceleratorType.GPU else (hardware.cpu,):
        kinds.setdefault(device.kind, []).append(device)
    return tuple(tuple(devices) for devices in kinds.values())


def labels(hardware: Hardware, types: Iterable[AcceleratorType]) -> dict[str, str]:
    """Label to value, in order; devices of one model and several sizes count together."""
    found: dict[str, int] = {}
    for type_ in types:
        for devices in alike(hardware, type_):
            for model in advertised(devices[0]):
                name = f"{PREFIX}.{model}"
                found[name] = found.get(name, 0) + count(devices)
    return {name: str(number) for name, number in sorted(found.items())}


def write(path: Path, named: Mapping[str, str]) -> None:
    """Put the labels into the file at once: a reader sees the old ones or the new.

    The file beside it that is renamed begins with a dot, which Node Feature Discovery passes over.
    Raises FileNotWritable; the old file is then as it was.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    text = "".join(f"{name}={value}\n" for name, value in named.items())
    try:
        beside.write_text(text, encoding="ascii")
        beside.chmod(0o644)
        beside.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise FileNotWritable(
            f"{path} cannot be written: {error.strerror}",
            hint=f"make the folder {path.parent} and let uid {os.geteuid()} write to it",
        ) from error
