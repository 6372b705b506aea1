"""Real profiles, machines and catalogue folders, in few words."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from aim_runtime.engines import ENGINES
from aim_runtime.hardware.accelerator import Accelerator, Hardware
from aim_runtime.models.architecture import UNKNOWN_MODEL, Architecture
from aim_runtime.profiles.catalog import Catalog, Problem
from aim_runtime.profiles.judge import candidates, judge
from aim_runtime.profiles.profile import Evidence, Metadata, Profile, ProfileFile
from aim_runtime.profiles.select import select
from aim_runtime.profiles.selection import Selection, Verdict
from aim_runtime.settings import Settings
from aim_runtime.vocabulary import AcceleratorType, Metric, Origin, Precision, ProfileType

GIB = 1024**3
AIM = "acme/model"
CPU = Accelerator(AcceleratorType.CPU, 0, "CPU", "AMD EPYC", 64 * GIB, cores=8)


def processor(*kinds: str, memory_gib: float = 64, free_gib: float | None = None) -> Accelerator:
    """A CPU of these kinds, the nearest first; every processor is a `CPU` as well."""
    free = None if free_gib is None else int(free_gib * GIB)
    model, *also = (*kinds, "CPU")
    size = int(memory_gib * GIB)
    return Accelerator(AcceleratorType.CPU, 0, model, "AMD EPYC", size, 8, free, tuple(also))


def machine(
    *models: str,
    memory_bytes: int | None = 192 * GIB,
    free_gib: tuple[float, ...] = (),
    cpu: Accelerator = CPU,
) -> Hardware:
    """A machine with these GPUs (`8*MI300X` is eight of them) and a CPU of 64 GiB.

    `free_gib` is what is free on the first GPUs; of the others it is not known.
    """
    names = [name for text in models for name in _repeated(text)]
    free = [*(int(size * GIB) for size in free_gib), *[None] * len(names)]
    gpus = tuple(
        Accelerator(AcceleratorType.GPU, index, name, name, memory_bytes, free_bytes=free[index])
        for index, name in enumerate(names)
    )
    return Hardware(gpus, cpu, "a test")


def _repeated(text: str) -> list[str]:
    count, star, name = text.partition("*")
    return [name] * int(count) if star else [text]


def profile(
    short: str,
    origin: Origin = Origin.MODEL,
    aim_id: str | None = AIM,
    args: Mapping[str, Any] | None = None,
    env: Mapping[str, str] | None = None,
    engine: str = "vllm",
    manual: bool | None = None,
    evidence: Evidence | None = None,
    variant: str = "",
) -> Profile:
    """A profile from `MI300X/fp16/8/latency/optimized`, trailing parts left out taken from that."""
    given = short.split("/")
    model, precision, count, metric, type_ = [
        *given,
        *["MI300X", "fp16", "8", "latency", "optimized"][len(given) :],
    ]
    metadata = Metadata(
        engine=engine,
        accelerator_type=AcceleratorType.CPU if model.startswith(("CPU", "EPYC")) else AcceleratorType.GPU,
        accelerator_model=model,
        accelerator_count=int(count),
        precision=Precision(precision),
        metric=Metric(metric),
        type=ProfileType(type_),
        manual_selection_only=manual,
    )
    if origin in (Origin.GENERAL, Origin.CUSTOM_GENERAL):
        aim_id = None
    stem = f"{engine}-{model.casefold()}-{precision}-tp{count}-{metric}{variant}"
    place = {
        Origin.MODEL: "",
        Origin.GENERAL: "general/",
        Origin.CUSTOM_GENERAL: "custom/general/",
        Origin.CUSTOM_MODEL: f"custom/{aim_id}/",
    }[origin]
    content = ProfileFile(
        aim_id=aim_id,
        model_id=aim_id,
        metadata=metadata,
        engine_args=dict(args or {}),
        env_vars=dict(env or {}),
        evidence=evidence,
    )
    return Profile(f"{place}{stem}", stem, origin, Path(f"/catalog/{place}{stem}.yaml"), content)


def catalog(*profiles: Profile, problems: tuple[Problem, ...] = ()) -> Catalog:
    """A catalogue in search order, as the loader makes it."""
    order = list(Origin)
    ordered = sorted(profiles, key=lambda each: (order.index(each.origin), each.id))
    return Catalog(tuple(ordered), problems)


def verdict(
    given: Profile,
    settings: Settings,
    hardware: Hardware,
    model: Architecture = UNKNOWN_MODEL,
    problems: tuple[str, ...] = (),
) -> Verdict:
    """Judge a profile with what the real engine would ask of the memory; `problems` are the engine's own."""
    memory = min(
        (device.memory_bytes for device in candidates(given, hardware) if device.memory_bytes), default=None
    )
    demand = ENGINES["vllm"].demand(given, settings, None, model, memory)
    return judge(given, settings, hardware, problems, model, demand, memory)


def choose(
    loaded: Catalog,
    settings: Settings,
    hardware: Hardware,
    model: Architecture = UNKNOWN_MODEL,
    refused: Mapping[str, tuple[str, ...]] | None = None,
) -> Selection:
    """Select; `refused` is what the engine has against a profile, by id."""
    against = refused or {}
    verdicts = [
        verdict(each, settings, hardware, model, against.get(each.id, ())) for each in loaded.profiles
    ]
    return select(settings, loaded, tuple(verdicts), hardware)


def content(aim_id: str | None = AIM, **metadata: Any) -> dict[str, Any]:
    """The content of a profile file; a metadata value of None removes the key."""
    whole = {
        "engine": "vllm",
        "accelerator_model": "MI300X",
        "accelerator_count": 8,
        "precision": "fp16",
        "metric": "latency",
        "type": "optimized" if aim_id else "general",
        **metadata,
    }
    return {
        **({"aim_id": aim_id, "model_id": aim_id} if aim_id else {}),
        "metadata": {key: value for key, value in whole.items() if value is not None},
        "engine_args": {},
        "env_vars": {},
    }


def write(path: Path, data: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(data if isinstance(data, str) else yaml.safe_dump(data, sort_keys=False))
    return path
