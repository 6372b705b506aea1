"""Start a service to measure it: `aim-runtime serve`, as a user would run it, on free ports."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any

from aim_runtime.errors import (
    AimError,
    ConfigError,
    EngineError,
    EngineNeverReady,
    HardwareError,
    ModelError,
    ProfileError,
)
from aim_runtime.service.target import Service
from aim_runtime.service.uninterrupted import uninterrupted

_LOOK_EVERY_S = 0.2
_DRAIN_S = 5
# What a service gets to end in: it drains, then its engine has its own time to end.
_END_WITHIN_S = 60.0
_LINES_OF_A_FAILURE = 20
_KINDS = {
    kind.exit_code: kind for kind in (ConfigError, HardwareError, ProfileError, ModelError, EngineError)
}

Tell = Callable[[str, float | None], None]


@dataclass(frozen=True)
class Started:
    """A service that runs for as long as it is measured. `seconds` from its start until it was ready."""

    service: Service
    seconds: float
    pid: int
    management_url: str
    log: Path

    def status(self) -> dict[str, Any]:
        """What its management port tells (docs/reference/status.md). Raises EngineError where it is gone."""
        found = _status(self.management_url)
        if found is None:
            raise EngineError(
                "the service that was started does not answer any more", hint=f"its log: {self.log}"
            )
        return found


@contextmanager
def started(
    environment: Mapping[str, str],
    log: Path,
    *,
    ready_s: float = 0,
    tell: Tell = lambda phase, percent: None,
    arguments: Sequence[str] = (),
    port: int | None = None,
) -> Iterator[Started]:
    """Serve by `environment` on free ports of the loopback address until the block ends.

    `arguments` go to the engine; `ready_s` is how long the start may take, 0 for as long as it takes; `tell`
    is called with each phase and its percentage; `port` is the engine's, where it must be a certain one.
    What it says goes to `log`. Raises the error that ended the start, of the kind and with the code and
    words that `serve` gave it.
    """
    free, management = _free_ports(2)
    port = port or free
    ours = {
        "AIM_PORT": str(port),
        "AIM_MANAGEMENT_PORT": str(management),
        "AIM_MANAGEMENT_HOST": "127.0.0.1",
        "AIM_READY_SECONDS": f"{ready_s:g}",
        "AIM_DRAIN_SECONDS": str(_DRAIN_S),
        "AIM_RECORD_PATH": "",
        "AIM_TERMINATION_LOG": os.devnull,
    }
    command = [sys.executable, "-m", "aim_runtime", "--error-format", "json", "serve"]
    began = time.monotonic()
    with ExitStack() as ends:
        with log.open("wb") as output, uninterrupted():
            process = subprocess.Popen(
                [*command, *(("--", *arguments) if arguments else ())],
                env={**environment, **ours},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                # Ctrl-C in a terminal is ours to answer: we end it in order.
                start_new_session=True,
            )
            ends.callback(_end, process)
        model = _ready(process, management, log, tell)
        service = Service(f"http://127.0.0.1:{port}", model)
        yield Started(service, time.monotonic() - began, process.pid, f"http://127.0.0.1:{management}", log)


def _ready(process: subprocess.Popen[bytes], port: int, log: Path, tell: Tell) -> str:
    """Wait until the service is ready; return its model's name."""
    while process.poll() is None:
        status = _status(f"http://127.0.0.1:{port}")
        if status is not None:
            tell(status["phase"], status["percent"])
            if status["ready"]:
                name: str = status["plan"]["model_id"]
                return name
        time.sleep(_LOOK_EVERY_S)
    raise _failure(log, process.returncode)


def _status(url: str) -> dict[str, Any] | None:
    try:
        with urllib.request.urlopen(f"{url}/status", timeout=5) as answer:
            found: dict[str, Any] = json.load(answer)
            return found
    except (OSError, HTTPException, ValueError):
        return None


def _failure(log: Path, exit_code: int) -> AimError:
    """The error that ended `serve`, as its last words have it."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    for line in reversed(lines[-_LINES_OF_A_FAILURE:]):
        try:
            said = json.loads(line)
            kind = _KINDS.get(exit_code, EngineError)
            return kind(
                said["message"],
                hint=said["hint"],
                code=said["code"],
                details=tuple(lines[-_LINES_OF_A_FAILURE:-1]),
            )
        except (ValueError, KeyError, TypeError):
            continue
    return EngineNeverReady(
        f"the service ended with {exit_code} before it was ready",
        hint=f"its log: {log}",
        details=tuple(lines[-_LINES_OF_A_FAILURE:]),
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it and wait until it is gone, also when Ctrl-C comes meanwhile: nobody else would wait for it."""
    with uninterrupted():
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(_END_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()  # its keeper ends the engine
            process.wait()


def _free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()
