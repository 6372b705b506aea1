"""Is a profile right: held against the request, the machine and the memory, with every reason. Pure."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from math import ceil

from aim_runtime.hardware.accelerator import Accelerator, Hardware
from aim_runtime.models.architecture import UNKNOWN_MODEL, Architecture
from aim_runtime.profiles.choose import candidates, choose, lacks
from aim_runtime.profiles.demand import Demand
from aim_runtime.profiles.fit import GIB, Fit, NotKnown, fit, least_count
from aim_runtime.profiles.profile import Profile
from aim_runtime.profiles.selection import Objection, Verdict
from aim_runtime.profiles.service_level import service_level
from aim_runtime.settings import Settings
from aim_runtime.vocabulary import AcceleratorType, ProfileType, State

_LENGTH = "max-model-len"


def judge(
    profile: Profile,
    settings: Settings,
    hardware: Hardware,
    problems: tuple[str, ...] = (),
    model: Architecture = UNKNOWN_MODEL,
    demand: Demand | None = None,
    memory_bytes: int | None = None,
) -> Verdict:
    """Hold a profile against the request and the machine; the state is that of the first objection.

    `problems` are the engine's own objections to the profile's arguments, `demand` what it will ask of
    the memory, None for "do not compute it"; `model` is what is known of the model as it is loaded;
    `memory_bytes` what an accelerator of the profile's kind has, used where this machine has none.
    """
    devices = candidates(profile, hardware)
    uses, busy = choose(profile, devices, demand)
    against = [Objection(State.INVALID, problem) for problem in problems]
    against += _against_request(profile, settings)
    against += _against_hardware(profile, settings, hardware, devices, model)
    metadata = profile.metadata
    if settings.precision is not None and metadata.precision is not settings.precision:
        wanted = f"set AIM_PRECISION={metadata.precision}"
        against.append(
            Objection(State.PRECISION_MISMATCH, f"is {metadata.precision}, not {settings.precision}", wanted)
        )
    found: Fit | NotKnown | None = None
    if demand is not None:
        sizes = [device.memory_bytes for device in uses or devices if device.memory_bytes]
        memory = min(sizes, default=None) if devices else memory_bytes
        free = min((device.free_bytes for device in uses if device.free_bytes is not None), default=None)
        found = fit(model, demand, memory, free)
        against += _against_memory(found, model, demand, profile, settings)
        against += _against_busy(busy, demand)
    known = None if demand is None else model
    full = tuple(device for device in devices if lacks(device, demand))
    ours = all(each.state is not State.MODEL_MISMATCH for each in against)
    level = service_level(profile, settings, hardware.cpu.cores) if ours else None
    return Verdict(profile, tuple(against), _barrier(profile, settings), uses, found, known, full, level)


def _against_request(profile: Profile, settings: Settings) -> Iterator[Objection]:
    metadata = profile.metadata
    if metadata.engine != settings.engine:
        yield Objection(
            State.ENGINE_MISMATCH,
            f"is for the engine {metadata.engine}, not {settings.engine}",
            f"set AIM_ENGINE={metadata.engine}",
        )
    if metadata.metric is not settings.metric and not settings.any_metric:
        yield Objection(
            State.METRIC_MISMATCH,
            f"is for {metadata.metric}, not {settings.metric}",
            f"set AIM_METRIC={metadata.metric}",
        )
    aim_id = profile.content.aim_id
    named = settings.aim is None and settings.profile_id == profile.id  # which says the model as well
    if aim_id is not None and aim_id != settings.aim and not named:
        yield Objection(State.MODEL_MISMATCH, f"is for {aim_id}, not {settings.aim or 'any model'}")


def _against_hardware(
    profile: Profile,
    settings: Settings,
    hardware: Hardware,
    devices: tuple[Accelerator, ...],
    model: Architecture,
) -> Iterator[Objection]:
    metadata = profile.metadata
    if metadata.accelerator_type is AcceleratorType.CPU:
        # No test of the count: for a CPU it is the number of cores that a profile recommends.
        yield from _against_cpu(metadata.accelerator_model, settings, hardware, devices)
        return
    count, name = metadata.accelerator_count, metadata.accelerator_model
    elsewhere = f"use a machine with {count} x {name}"
    if settings.accelerator_type is AcceleratorType.CPU:
        yield Objection(State.GPU_MISMATCH, f"is for {name}, not the CPU", "unset AIM_ACCELERATOR_TYPE")
    elif not devices and hardware.gpus_of(name):
        yield _against_slices(profile, hardware.gpus_of(name))
    elif not devices:
        yield Objection(State.GPU_MISMATCH, f"needs {count} x {name}, none here", elsewhere)
    elif count > len(devices) and not hardware.count_declared:
        yield Objection(State.GPU_MISMATCH, f"needs {count} x {name}, {len(devices)} available", elsewhere)
    if settings.accelerator_count not in (None, count):
        yield Objection(
            State.GPU_MISMATCH,
            f"uses {count} accelerator{'s' * (count > 1)}, not {settings.accelerator_count}",
            f"set AIM_ACCELERATOR_COUNT={count}",
        )
    if not model.splits_over(count):
        yield Objection(State.GPU_MISMATCH, f"cannot spread {model.heads} over {count} accelerators")


def _against_slices(profile: Profile, slices: tuple[Accelerator, ...]) -> Objection:
    mode = slices[0].partition.mode if slices[0].partition else ""
    return Objection(
        State.GPU_MISMATCH,
        f"was tuned for a whole {profile.metadata.accelerator_model}, and these are {len(slices)} {mode} "
        "slices of boards",
        f"make the boards whole (amd-smi set --compute-partition SPX), or set AIM_PROFILE_ID={profile.id}",
    )


def _against_cpu(
    name: str, settings: Settings, hardware: Hardware, devices: tuple[Accelerator, ...]
) -> Iterator[Objection]:
    if settings.accelerator_type is AcceleratorType.GPU:
        yield Objection(State.GPU_MISMATCH, "is for the CPU, not a GPU", "set AIM_ACCELERATOR_TYPE=cpu")
    elif any(not (gpu.gpu and gpu.gpu.integrated) for gpu in hardware.gpus):
        yield Objection(
            State.GPU_MISMATCH,
            "is for the CPU, and this machine has GPUs",
            "set AIM_ACCELERATOR_TYPE=cpu",
        )
    if not devices:
        yield Objection(State.GPU_MISMATCH, f"is for {name}, not this CPU", f"use a machine with {name}")


def _against_memory(
    found: Fit | NotKnown, model: Architecture, demand: Demand, profile: Profile, settings: Settings
) -> Iterator[Objection]:
    limit = model.max_positions
    if demand.max_model_len and limit and demand.max_model_len > limit and not demand.beyond_limit:
        yield Objection(
            State.INVALID,
            f"max-model-len {demand.max_model_len} is more than the {limit} tokens that the model can take",
            _with_length(limit, settings),
        )
    if isinstance(found, NotKnown) or found.fits:
        return
    text = f"does not fit: {found.misfit}{_more(found, model, profile)}"
    change = _with_length(found.shorter, settings) if found.shorter else ""
    yield Objection(State.MEMORY_MISMATCH, text, change)


def _with_length(tokens: int, settings: Settings) -> str:
    """The setting that shortens the context, with what the user's has already."""
    given = {key.replace("_", "-"): value for key, value in settings.engine_args.items()}
    taken = dict.fromkeys(settings.taken_arguments, "***")
    arguments = json.dumps({**given, **taken, _LENGTH: tokens})
    return f"use {_LENGTH} <= {tokens}: AIM_ENGINE_ARGS={shlex.quote(arguments)}"


def _more(found: Fit, model: Architecture, profile: Profile) -> str:
    """What would hold the model where no shorter context helps: no setting makes this profile fit."""
    if found.shorter:
        return ""
    metadata = profile.metadata
    if metadata.accelerator_type is AcceleratorType.CPU:
        share = found.demand.utilization if found.demand.kv_bytes is None else 1
        return f"; {ceil(found.needs_bytes / share / GIB)} GiB of free memory would do"
    count = least_count(model, found.demand, found.memory_bytes)
    if count and count > metadata.accelerator_count:
        return f"; {count} x {metadata.accelerator_model} would hold it"
    return ""


def _against_busy(busy: tuple[Accelerator, ...], demand: Demand) -> Iterator[Objection]:
    for device in busy:
        free, total, short = device.free_bytes or 0, device.memory_bytes or 0, lacks(device, demand)
        where = "the CPU" if device.type is AcceleratorType.CPU else f"GPU {device.index}"
        yield Objection(
            State.MEMORY_MISMATCH,
            f"{where} has {free / GIB:.1f} of {total / GIB:.1f} GiB free, the engine takes "
            f"{(free + short) / GIB:.1f} GiB (gpu-memory-utilization {demand.utilization:g})",
            f"free {short / GIB:.0f} GiB on {where}",
        )


def _barrier(profile: Profile, settings: Settings) -> Objection | None:
    """What keeps a profile that would run from being taken by itself."""
    metadata = profile.metadata
    by_name = f"set AIM_PROFILE_ID={profile.id}"
    if metadata.manual_only and metadata.type is ProfileType.UNOPTIMIZED:
        switch = f"set AIM_ALLOW_UNOPTIMIZED=true, or {by_name}"
        return Objection(State.COMPATIBLE, "is unoptimized, and taken only when asked for", switch)
    if metadata.manual_only:
        return Objection(State.COMPATIBLE, "is taken only when asked for (manual_selection_only)", by_name)
    if metadata.type is ProfileType.GENERAL and not settings.allow_general_profile_fallback:
        switch = f"set AIM_ALLOW_GENERAL_PROFILE_FALLBACK=true, or {by_name}"
        return Objection(State.COMPATIBLE, "is general, and general profiles are switched off", switch)
    return None
