"""What the benchmarks of serving share: services that are started and ended, their memory and CPU time."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

AIM_ID = "HuggingFaceTB/SmolLM2-135M-Instruct"
AIM = str(Path(sys.executable).with_name("aim-runtime"))
READY_WITHIN_S = 600


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def environment(cache: Path, port: int, **more: str) -> dict[str, str]:
    """What a service of SmolLM2 on the CPU is started with, and no setting of this shell's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIM_", "VLLM_"))}
    ours = {"AIM_ID": AIM_ID, "AIM_CACHE_PATH": str(cache), "AIM_ACCELERATOR_TYPE": "cpu"}
    return {**kept, **ours, "AIM_PORT": str(port), **more}


def plain(env: Mapping[str, str], *arguments: str) -> tuple[list[str], dict[str, str]]:
    """The engine's command and environment that `serve` would use, to start by hand."""
    asked = [AIM, "dry-run", "--format", "json", "--", *arguments]
    done = subprocess.run(asked, env=dict(env), check=True, capture_output=True, text=True)
    plan: dict[str, Any] = json.loads(done.stdout)[0]
    return plan["command"], {**env, **plan["env"]}


@contextmanager
def started(command: Sequence[str], env: Mapping[str, str], log: Path) -> Iterator[int]:
    """Start a service, and give its process id when it answers; it is ended with the block."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=env, stdout=output, stderr=output, start_new_session=True)
        try:
            seconds_to_ready(process, int(command_port(command, env)))
            yield process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(120)


def command_port(command: Sequence[str], env: Mapping[str, str]) -> str:
    return command[command.index("--port") + 1] if "--port" in command else env["AIM_PORT"]


def seconds_to_ready(process: subprocess.Popen[bytes], port: int) -> float:
    started = time.perf_counter()
    while time.perf_counter() - started < READY_WITHIN_S:
        if process.poll() is not None:
            sys.exit(f"the start ended with {process.returncode}")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1):
                return time.perf_counter() - started
        except OSError:
            time.sleep(0.1)
    sys.exit("the engine did not become ready")


def descendants(pid: int) -> list[int]:
    """A process and all below it that run now."""
    found = [pid]
    for each in found:
        try:
            for task in Path(f"/proc/{each}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
        except OSError:
            continue
    return found


def name(pid: int) -> str:
    """A process in one word: the engine's name themselves, ours are `aim-runtime`."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
    except OSError:
        return ""
    if words.startswith("VLLM::"):
        return words.split()[0]
    if "aim-runtime" in words or "aim_runtime" in words:
        return "aim-runtime"
    return "vllm api_server" if "api_server" in words else "other"


def pss(pid: int) -> int:
    """Bytes of a process, in which shared pages count by how many share them; 0 for one that is gone."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next(int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("Pss:"))


def rss(pid: int) -> int:
    """Bytes of a process in memory; 0 for one that is gone."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def cpu_s(pid: int) -> float:
    """Seconds of CPU that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
