"""What the doctor says of the engine: is it there, for what it is built, its port, and a compiler."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from aim_runtime.doctor import engine
from aim_runtime.doctor.finding import Finding, Severity
from aim_runtime.doctor.patient import Check
from aim_runtime.engines.launch import EngineInstall
from aim_runtime.engines.listeners import listener
from aim_runtime.engines.vllm import TARGET_VERSION
from machines import as_nobody, no_gpu, write
from running import COHERE, SMOLLM2, free_port
from unit.doctor.examine import by_code, patient

Tree = Callable[[str], Path]
ROCM = EngineInstall("vllm", TARGET_VERSION, ("vllm", "serve"), Path("/usr/bin/python3"))
CPU = replace(ROCM, version=f"{TARGET_VERSION}+cpu", cpu_only=True)


def with_engine(
    root: Path, install: EngineInstall | None, *checks: Check, **environment: str
) -> dict[str, Finding]:
    """The findings where this engine is the one that was found."""
    examined = patient(root, environment)
    examined = replace(examined, site=replace(examined.site, engine=install))
    return {finding.code: finding for check in checks for finding in check(examined)}


@pytest.mark.parametrize(
    ("install", "env", "code", "severity", "seen", "fix"),
    [
        (None, {}, "engine.missing", Severity.ERROR, "vllm is not installed", "make engine"),
        (ROCM, {}, "engine.installed", Severity.OK, f"vllm {TARGET_VERSION}", ""),
        (
            CPU,
            {"AIM_ID": COHERE},
            *("engine.built_for_cpu", Severity.ERROR, "built for the CPU", "make serve ENGINE=system"),
        ),
        (CPU, {}, "engine.built_for_cpu", Severity.NOTE, "built for the CPU", "make serve ENGINE=system"),
        (CPU, {"AIM_ACCELERATOR_TYPE": "cpu"}, "engine.installed", Severity.OK, "built for the CPU", ""),
        (
            replace(ROCM, version="0.99.0"),
            {},
            *("engine.version", Severity.WARNING, "the options of that version are not on file", "lint"),
        ),
    ],
    ids=[
        "none",
        "the target",
        "CPU build for a GPU",
        "CPU build",
        "CPU build for the CPU",
        "unknown version",
    ],
)
def test_the_engine(
    install: EngineInstall | None,
    env: dict[str, str],
    code: str,
    severity: Severity,
    seen: str,
    fix: str,
    tree: Tree,
) -> None:
    finding = with_engine(tree("8 MI300X SPX"), install, engine.installed, **env)[code]
    assert finding.severity is severity
    assert seen in finding.seen
    assert fix in "\n".join(finding.fix)


def test_figures_of_another_version_are_noted(tree: Tree) -> None:
    root, asked = tree("no GPU"), {"AIM_ID": SMOLLM2}
    assert with_engine(root, CPU, engine.expected, **asked) == {}
    newer = replace(CPU, version="0.33.1")
    finding = with_engine(root, newer, engine.expected, **asked)["engine.other_than_measured"]
    assert finding.seen == "the profile's figures are of vllm 0.32.0, and this is 0.33.1"
    assert with_engine(tree("8 MI300X SPX"), newer, engine.expected, AIM_ID=COHERE) == {}


def test_a_profile_that_compiles_needs_a_compiler(tree: Tree, tmp_path: Path) -> None:
    asked = {"AIM_ID": SMOLLM2, "AIM_METRIC": "throughput"}
    (tmp_path / "c++").write_text("")
    (tmp_path / "c++").chmod(0o755)
    before = os.environ["PATH"]
    try:
        os.environ["PATH"] = str(tmp_path)
        seen = by_code(tree("no GPU"), engine.compiler, **asked)["engine.compiler"]
        assert (seen.severity, seen.seen) == (Severity.OK, f"{tmp_path}/c++ compiles the model's kernels")
        os.environ["PATH"] = str(tmp_path / "nothing")
        seen = by_code(tree("no GPU"), engine.compiler, **asked)["engine.compiler"]
        assert (seen.severity, seen.fix[0]) == (Severity.ERROR, "sudo apt install g++")
        assert by_code(tree("no GPU"), engine.compiler, AIM_ID=SMOLLM2) == {}, "nothing is compiled"
        assert by_code(tree("8 MI300X SPX"), engine.compiler, AIM_ID=COHERE) == {}, "not on a GPU"
    finally:
        os.environ["PATH"] = before


def test_a_port_that_is_free(tree: Tree) -> None:
    port = free_port()
    finding = by_code(tree("no GPU"), engine.port, AIM_PORT=str(port))["engine.port"]
    assert (finding.severity, finding.seen) == (Severity.OK, f"port {port} is free")


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_a_port_that_is_taken_names_who_has_it(family: int, tree: Tree) -> None:
    with socket.socket(family) as taken:
        taken.bind(("127.0.0.1" if family == socket.AF_INET else "::1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        own = Path("/proc/self/comm").read_text().strip()
        found = listener(Path("/"), port)
        assert found is not None
        assert (found.pid, found.name) == (os.getpid(), own)
        if family == socket.AF_INET:
            finding = by_code(tree("no GPU"), engine.port, AIM_PORT=str(port))["engine.port"]
            assert finding.severity is Severity.ERROR
            assert finding.seen == f"port {port} is taken by {own} (pid {os.getpid()})"
            assert finding.fix == (
                f"AIM_PORT={port + 1}   # or another one that is free",
                f"kill {os.getpid()}   # {own}",
            )


@pytest.mark.skipif(os.geteuid() != 0, reason="root can become somebody else")
def test_another_users_port_is_not_guessed_at(place: Path) -> None:
    write(no_gpu(), place)
    listen = (
        "import socket; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True)"
    )
    command = [sys.executable, "-c", f"{listen}; input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        (place / "port").write_text(other.stdout.readline().strip())
        finding = as_nobody(_port, place)
        other.kill()
    assert finding.severity is Severity.ERROR
    assert finding.seen.endswith(" is taken")
    assert finding.fix[1].startswith("sudo ss -ltnp")


def _port(root: Path) -> Finding:
    port = (root / "port").read_text()
    return by_code(root, engine.port, AIM_PORT=port)["engine.port"]


def test_nobody_listens_where_nobody_listens() -> None:
    assert listener(Path("/"), free_port()) is None
    assert listener(Path("/nowhere"), 80) is None
