"""Examine a machine: everything that would stop `serve` here, each finding with what mends it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from aim_runtime.doctor import devices, engine, gpus, host, network, plan, storage
from aim_runtime.doctor.finding import Finding
from aim_runtime.doctor.patient import Check, Patient
from aim_runtime.errors import EngineError, MissingSetting, ModelError, ProfileError
from aim_runtime.plan import make_plan
from aim_runtime.settings import Settings
from aim_runtime.site import survey
from aim_runtime.vocabulary import AcceleratorType


@dataclass(frozen=True)
class Area:
    """Checks that belong together, in the order in which their findings are read."""

    title: str
    checks: tuple[Check, ...]
    of_gpus: bool = False


AREAS: tuple[Area, ...] = (
    Area("Plan", (plan.decided,)),
    Area("GPU access", (devices.bus, devices.driver, devices.versions, devices.access), True),
    Area("GPUs", (gpus.seen, gpus.variables, gpus.kinds, gpus.firmware, gpus.condition), True),
    Area("Host", (host.memory, host.shared_memory, host.limits, host.kernel, host.user)),
    Area("Engine", (engine.installed, engine.expected, engine.compiler, engine.port)),
    Area("Weights", (storage.cache, network.hub, network.store)),
)


def admit(settings: Settings, environment: Mapping[str, str]) -> Patient:
    """Look at the machine and try to make the plan.

    Raises InvalidValue and HardwareError for settings under which nothing can be looked at.
    """
    site = survey(settings, environment=environment)
    try:
        found = make_plan(settings, site)
    except MissingSetting:
        return Patient(settings, site, None, None, settings.host_root, environment)
    except (ProfileError, EngineError, ModelError) as error:
        return Patient(settings, site, None, error, settings.host_root, environment)
    return Patient(settings, site, found, None, settings.host_root, environment)


def examine(patient: Patient) -> Iterator[tuple[Area, tuple[Finding, ...]]]:
    """Run every check; an area's findings come when all of it is done.

    Those that ask the network wait at most a few seconds, all of them at once. Who asked for the CPU is
    told nothing of GPUs.
    """
    from concurrent.futures import ThreadPoolExecutor  # only here, and start-up time matters

    with ThreadPoolExecutor(thread_name_prefix="check") as pool:
        running = [
            (area, [pool.submit(lambda check: tuple(check(patient)), check) for check in area.checks])
            for area in AREAS
            if not (area.of_gpus and patient.settings.accelerator_type is AcceleratorType.CPU)
        ]
        for area, checks in running:
            yield area, tuple(finding for check in checks for finding in check.result())
