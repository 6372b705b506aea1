"""The engine: is it there, is it the one that the profile expects, and is its port free."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from aim_runtime.doctor.finding import Finding, Severity, error, note, ok, warning
from aim_runtime.doctor.patient import Patient
from aim_runtime.engines.listeners import listener
from aim_runtime.engines.process import require_free_port
from aim_runtime.engines.vllm import TARGET_VERSION, listed
from aim_runtime.errors import PortTaken
from aim_runtime.vocabulary import AcceleratorType

_COMPILERS = ("c++", "g++", "clang++")
_PRIVILEGED = (
    "docker run --sysctl net.ipv4.ip_unprivileged_port_start=0 …",
    'securityContext: {sysctls: [{name: net.ipv4.ip_unprivileged_port_start, value: "0"}]}   # of the pod',
)


def installed(patient: Patient) -> Iterator[Finding]:
    """An engine in this environment, of a version whose options are known, built for what is used."""
    engine = patient.site.engine
    if engine is None:
        yield error(
            "engine.missing",
            f"{patient.settings.engine} is not installed in this Python environment",
            "it is the engine that serves",
            "make engine   # in a checkout: its CPU build",
            "docker run … an AIM image   # has the ROCm build",
        )
        return
    name = f"{engine.engine} {engine.version}{', built for the CPU' if engine.cpu_only else ''}"
    if engine.cpu_only and patient.settings.accelerator_type is not AcceleratorType.CPU:
        severity = Severity.ERROR if patient.wants_gpu else Severity.NOTE
        fix = "make serve ENGINE=system PYTHON=python3   # with the Python of a ROCm image, which has vLLM"
        yield Finding("engine.built_for_cpu", severity, name, "it has no code for a GPU", (fix,))
    elif not listed(engine):
        yield warning(
            "engine.version",
            f"{name}; the options of that version are not on file",
            f"arguments are checked against those of {TARGET_VERSION}, and it may refuse some",
            "aim-runtime profiles lint   # names what changed between versions",
        )
    else:
        yield ok("engine.installed", name)


def expected(patient: Patient) -> Iterator[Finding]:
    """The version that the profile's own figures were measured with."""
    engine, plan = patient.site.engine, patient.plan
    evidence = plan.profile.content.evidence if plan else None
    measured = re.search(r"\d+\.\d+(?:\.\d+)?", evidence.engine or "") if evidence else None
    if engine is None or measured is None or engine.version.startswith(measured[0]):
        return
    yield note(
        "engine.other_than_measured",
        f"the profile's figures are of vllm {measured[0]}, and this is {engine.version}",
        "they may be others here",
    )


def compiler(patient: Patient) -> Iterator[Finding]:
    """What an engine that compiles on the CPU cannot do without."""
    plan = patient.plan
    if plan is None or plan.profile.metadata.accelerator_type is not AcceleratorType.CPU:
        return
    if any(
        argument.key == "enforce-eager" and argument.value in (True, None)
        for argument in plan.launch.arguments
    ):
        return
    found = next((path for name in _COMPILERS if (path := shutil.which(name))), None)
    if found:
        yield ok("engine.compiler", f"{found} compiles the model's kernels")
        return
    yield error(
        "engine.compiler",
        "no C++ compiler on PATH",
        f"{plan.profile.id} has the model compiled for this CPU",
        "sudo apt install g++",
        "AIM_ENGINE_ARGS='{\"enforce-eager\": true}'   # to do without, and be slower",
    )


def port(patient: Patient) -> Iterator[Finding]:
    """The port that the engine will listen on."""
    number = patient.settings.port
    try:
        require_free_port(number)
    except PortTaken as taken:
        by = listener(Path("/"), number)
        who = f" by {by.name} (pid {by.pid})" if by else ""
        stop = (
            (f"kill {by.pid}   # {by.name}",)
            if by
            else (f"sudo ss -ltnp 'sport = :{number}'   # says whose it is",)
        )
        denied = "Permission denied" in taken.message
        # The one after a port that only root may have is such a port too.
        other = 8000 if denied or number == 65535 else number + 1
        yield error(
            "engine.port",
            f"port {number} is {'not for this user' if denied else f'taken{who}'}",
            "the engine listens there",
            f"AIM_PORT={other}   # or another one that is free",
            *(_PRIVILEGED if denied else stop),
        )
        return
    yield ok("engine.port", f"port {number} is free")
