"""Run the real command line as a user does: an empty home, nothing inherited but the path."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

AIM = Path(sys.executable).with_name("aim-runtime")
FAKE_ENGINE = Path(__file__).parent / "fakes" / "engine"
COHERE = "CohereLabs/command-a-reasoning-08-2025"
SMOLLM2 = "HuggingFaceTB/SmolLM2-135M-Instruct"
# SmolLM2 begins this answer the same way on every CPU, by 2.5 nats. Asked for the capital of France it
# wavers between "The" and "L" (0.1 nats), and how a CPU rounds decides.
QUESTION, ANSWER = "What is the capital of Japan?", "Tokyo"
# What a child may know of this machine: how to find programs, and pip's own configuration.
_KEPT = ("PATH", "LANG", "PIP_", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")


def environment(home: Path, **more: str) -> dict[str, str]:
    """A user's environment with an empty home and no AIM_* variable but those given."""
    kept = {name: value for name, value in os.environ.items() if name.startswith(_KEPT)}
    # Tests run side by side: the one management port that there is by default would be taken by some.
    usual = {"HOME": str(home), "AIM_CACHE_PATH": str(home / "models"), "AIM_MANAGEMENT_PORT": ""}
    return {**kept, **usual, **more}


def run(*args: str, env: Mapping[str, str], timeout_s: float = 60) -> subprocess.CompletedProcess[str]:
    """Run `aim-runtime` to its end; what serves does so on a free port."""
    if args[:1] == ("serve",) and "AIM_PORT" not in env:
        env = {**env, "AIM_PORT": str(free_port())}
    return subprocess.run(
        [AIM, *args],
        env=env,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def alive(pid: int) -> bool:
    """Whether a process runs; one that ended and was not waited for does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


@dataclass
class Service:
    """A running `aim-runtime serve`, its output in a file."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path
    stdout: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def wait_until_said(self, text: str, timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        while text not in self.said:
            assert self.process.poll() is None, f"ended with {self.process.returncode}:\n{self.said}"
            assert time.monotonic() < deadline, f"{text!r} not said in {timeout_s} s:\n{self.said}"
            time.sleep(0.1)

    def get(self, path: str) -> bytes:
        with urllib.request.urlopen(f"{self.url}{path}", timeout=30) as answer:
            found: bytes = answer.read()
            return found

    def stop(self, number: int = signal.SIGTERM, timeout_s: float = 60) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout_s)

    def __enter__(self) -> Service:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(40)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


@contextmanager
def serving(folder: Path, env: Mapping[str, str], *args: str) -> Iterator[Service]:
    """Start `aim-runtime serve` on a free port; the folder gets its output."""
    port = int(env.get("AIM_PORT") or free_port())
    log, out = folder / "stderr.txt", folder / "stdout.txt"
    with log.open("wb") as errors, out.open("wb") as output:
        process = subprocess.Popen(
            [AIM, "serve", *args],
            env={**env, "AIM_PORT": str(port)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
        )
    with Service(process, port, log, out) as service:
        yield service
