"""Ctrl-C while what was started is being ended: nothing of it is left when the command is gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from serving_support import Streams, children, fake_environment, within

from running import alive

# Each begins to end what it started, which takes seconds.
SERVICE = """
import os, sys
from pathlib import Path
from aim_runtime.cli.interrupts import interrupts
from aim_runtime.service.started import started

with interrupts(), started(dict(os.environ), Path(sys.argv[1])) as run:
    print(run.pid, run.service.url.rpartition(":")[2], flush=True)
    input()
"""
GENERATOR = """
import os, sys
from types import SimpleNamespace
from aim_runtime.bench.drive import drive
from aim_runtime.cli.interrupts import interrupts

deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
generator = SimpleNamespace(command=lambda job: [sys.executable, "-c", deaf], done=lambda line: None)
with interrupts():
    drive(generator, SimpleNamespace(folder="."), os.environ, lambda done: None, within_s=1)
"""


def interrupted(process: subprocess.Popen[str]) -> str:
    """Interrupt it, and return what it said last."""
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT, said
    return said.splitlines()[-1]


def begin(program: str, env: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_service_that_is_being_ended_is_gone(tmp_path: Path) -> None:
    env = fake_environment(tmp_path, FAKE_ENGINE="streams")
    process = begin(SERVICE, env, str(tmp_path / "log"))
    assert process.stdin
    assert process.stdout
    pid, port = map(int, process.stdout.readline().split())
    engines = children(pid)
    assert engines
    streams = Streams(port, clients=1, tokens=2000)
    process.stdin.write("\n")
    process.stdin.flush()
    time.sleep(0.5)
    assert alive(pid)
    assert interrupted(process) == "KeyboardInterrupt"
    assert not any(map(alive, [pid, *engines]))
    assert streams.whole == [False]


def test_a_load_generator_that_is_being_ended_is_gone() -> None:
    process = begin(GENERATOR, dict(os.environ))
    assert within(20, lambda: children(process.pid))
    (pid,) = children(process.pid)
    time.sleep(2)
    assert alive(pid)
    assert interrupted(process) == "KeyboardInterrupt"
    assert not alive(pid)
