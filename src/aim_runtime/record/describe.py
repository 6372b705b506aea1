"""A plan as a record: what was decided and why, on what machine, with which software."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec import convert, to_builtins

from aim_runtime.choice import Choice, why
from aim_runtime.engines.launch import EngineInstall
from aim_runtime.hardware import software
from aim_runtime.hardware.accelerator import Accelerator
from aim_runtime.plan import Plan
from aim_runtime.profiles.profile import Profile, ProfileFile
from aim_runtime.record import values, weights
from aim_runtime.record.hide import Hider
from aim_runtime.record.said import said
from aim_runtime.version import __version__


@dataclass(frozen=True)
class Run:
    """What of a record is of the one run, and not of its plan."""

    id: str
    outcome: values.Outcome


def describe(
    plan: Plan, environment: Mapping[str, str], run: Run, folder: Path | None = None
) -> values.Record:
    """Return the record of a plan in an environment; the weights as they lie in `folder`, if it is there."""
    settings, launch = plan.settings, plan.launch
    hide = Hider.of(environment)
    record = values.Record(
        schema=values.SCHEMA,
        id=run.id,
        settings=said(environment, hide),
        given=list(settings.extra_args),
        inherited=dict(settings.engine_environment),
        profile=_profile(plan, hide),
        arguments=[
            values.UsedArgument(key=each.key, value=each.value, source=str(each.layer))
            for each in launch.arguments
        ],
        variables=[
            values.UsedVariable(name=each.name, value=each.value, source=str(each.layer), reason=each.reason)
            for each in launch.variables
        ],
        weights=weights.look_at(plan.location, folder or plan.location.path),
        engine=values.Engine(
            name=settings.engine,
            version=plan.engine.version if plan.engine else None,
            python=str(plan.engine.python) if plan.engine else None,
            command=list(launch.command),
            loading=str(launch.loading.strategy) if launch.loading else None,
            numa_node=launch.numa_node.number if launch.numa_node else None,
            compiled=str(launch.compiled) if launch.compiled else None,
        ),
        versions=_versions(plan.engine, settings.host_root),
        hardware=_hardware(plan),
        outcome=run.outcome,
    )
    return without_secrets(record, hide)


def without_secrets(record: values.Record, hide: Hider) -> values.Record:
    """Return the record with every secret gone from every text in it."""
    return convert(hide.data(to_builtins(record)), values.Record)


def _profile(plan: Plan, hide: Hider) -> values.UsedProfile:
    profile = plan.profile
    return values.UsedProfile(
        id=profile.id,
        origin=str(profile.origin),
        path=str(profile.path),
        sha256=_digest(profile.path),
        why=why(Choice.of(plan)),
        content=shown(profile, hide),
    )


def shown(profile: Profile, hide: Hider) -> ProfileFile:
    """The content of a profile as a record has it."""
    return convert(hide.data(to_builtins(profile.content)), ProfileFile)


def _digest(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None


def _versions(engine: EngineInstall | None, root: Path) -> values.Versions:
    below = software.look(root)
    return values.Versions(
        aim_runtime=__version__,
        python=platform.python_version(),
        # The engine was found on this interpreter's path, and so are its libraries.
        torch=_installed("torch") if engine else None,
        transformers=_installed("transformers") if engine else None,
        system=below.system,
        kernel=below.kernel,
        amdgpu=below.amdgpu,
        rocm=below.rocm,
        nvidia=below.nvidia,
    )


def _installed(package: str) -> str | None:
    from importlib import metadata  # it takes longer to import than all that is done with it

    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _hardware(plan: Plan) -> values.Hardware:
    hardware = plan.site.hardware
    return values.Hardware(
        uses=[_device(each) for each in plan.selection.uses],
        source=hardware.source,
        gpus=len(hardware.gpus),
        processor=hardware.cpu.name,
        cores=hardware.cpu.cores,
    )


def _device(device: Accelerator) -> values.Device:
    gpu = device.gpu
    known: dict[str, Any] = {
        "architecture": gpu.architecture or None if gpu else None,
        "partition": device.partition.mode if device.partition else None,
        "address": gpu.address or None if gpu else None,
        "unique_id": gpu.unique_id or None if gpu else None,
        "numa_node": gpu.numa_node if gpu else None,
        "firmware": gpu.firmware if gpu else None,
    }
    return values.Device(
        type=str(device.type),
        index=device.index,
        model=device.model,
        name=device.name,
        memory_bytes=device.memory_bytes,
        cores=device.cores,
        **known,
    )
