"""`make serve` as a person types it: at a terminal, stopped with Ctrl-C."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from running import FAKE_ENGINE, alive, environment, free_port
from tiny_model import write_tiny_model

pytestmark = pytest.mark.package
ROOT = Path(__file__).parents[2]
READY_WITHIN_S = 60


@pytest.fixture
def command(tmp_path: Path) -> tuple[list[str], dict[str, str]]:
    """`make serve` in this checkout, with its environment made already and a stand-in for the engine."""
    if Path(sys.prefix) != ROOT / ".venv" or not (ROOT / ".venv" / ".engine-cpu").exists():
        pytest.skip("not run by `make test`, so `make serve` would install first")
    write_tiny_model(tmp_path / "models" / "acme" / "tiny")
    env = environment(tmp_path, AIM_MODEL_ID="acme/tiny", AIM_ACCELERATOR_TYPE="cpu", ENGINE="cpu")
    env |= {"PYTHONPATH": str(FAKE_ENGINE), "FAKE_ENGINE_RECORD": str(tmp_path / "record.json")}
    return ["make", "-C", str(ROOT), "serve", f"PORT={free_port()}"], env


def read_until(terminal: int, text: str) -> str:
    """Read what the terminal shows until `text` is there."""
    said, deadline = "", time.monotonic() + READY_WITHIN_S
    while text not in said:
        assert time.monotonic() < deadline, said
        if select.select([terminal], [], [], 1)[0]:
            try:
                said += os.read(terminal, 65536).decode(errors="replace")
            except OSError:  # Linux: the other side of the terminal is closed
                pytest.fail(said)
    return said


def test_ctrl_c_ends_make_with_zero(command: tuple[list[str], dict[str, str]], tmp_path: Path) -> None:
    argv, env = command
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe(argv[0], argv, env)
    try:
        said = read_until(terminal, "stop it  Ctrl-C")
        assert "nothing to fetch" in said
        assert f"http://localhost:{argv[-1].removeprefix('PORT=')}/v1" in said
        os.write(terminal, b"\x03")
        deadline = time.monotonic() + 30
        while (status := os.waitpid(pid, os.WNOHANG)) == (0, 0) and time.monotonic() < deadline:
            if select.select([terminal], [], [], 0.1)[0]:
                with contextlib.suppress(OSError):  # Linux: make has closed the other side
                    os.read(terminal, 65536)
        assert status[0] == pid, "make did not end"
        assert os.waitstatus_to_exitcode(status[1]) == 0
    finally:
        os.close(terminal)
    pids = json.loads((tmp_path / "record.json").read_text())["pids"]
    assert not any(map(alive, pids))


def test_sigterm_to_make_leaves_nothing_behind(
    command: tuple[list[str], dict[str, str]], tmp_path: Path
) -> None:
    argv, env = command
    with subprocess.Popen(argv, env=env, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as make:
        assert make.stderr is not None
        said = ""
        while "stop it" not in said:
            line = make.stderr.readline().decode()
            assert line, said
            said += line
        make.send_signal(signal.SIGTERM)
        make.stderr.read()
        # make itself dies of the signal that it forwards; what it ran ends cleanly.
        assert make.wait(30) in (-signal.SIGTERM, 2)
    pids = json.loads((tmp_path / "record.json").read_text())["pids"]
    assert not any(map(alive, pids))
