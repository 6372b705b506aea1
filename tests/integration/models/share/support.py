"""Replicas that share a volume: each a process that fetches the same model into the same cache."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from aim_runtime.models import manifest
from aim_runtime.models.cache import Cache
from aim_runtime.models.owner import Owner
from aim_runtime.models.preflight import problems
from fakes.hub import commit_of, write_model
from integration.models.support import FakeHub
from running import alive

PROGRAM = Path(__file__).with_name("program.py")
PRELOAD = Path(__file__).parents[3] / "fakes/preload"
BEAT_S, TTL_S = 0.2, 1.0


def model_at(hub: FakeHub, payload_bytes: int = 1_500_000) -> Path:
    return write_model(hub.root / "org/m", payload_bytes=payload_bytes)


def gets(hub: FakeHub, name: str = "model.safetensors") -> int:
    """How often a file was asked for: once a chunk."""
    return hub.requests().count(f"GET /org/m/resolve/{commit_of(hub.root / 'org/m')}/{name}")


def is_the_models(folder: Path, hub: FakeHub) -> bool:
    """Whether a folder holds every byte of the hub's model, and a manifest of it."""
    original = hub.root / "org/m"
    names = {path.name for path in original.iterdir()}
    if {path.name for path in folder.iterdir()} != names | {manifest.NAME} or problems(folder):
        return False
    return all((folder / name).read_bytes() == (original / name).read_bytes() for name in names)


def is_clean(cache: Cache) -> bool:
    """Whether nothing is left of a fetch but the model."""
    left = [path for path in (cache.root / ".aim").rglob("*") if not path.is_dir()]
    return all(path.parent == cache.area("used") for path in left)


def library(source: str, folder: Path, *switches: str) -> str:
    """Build one of tests/fakes/preload; a machine that runs these tests has a C compiler."""
    compiler = shutil.which("cc")
    assert compiler, "no C compiler (cc) on PATH"
    built = folder / f"{Path(source).stem}{len(switches)}.so"
    command = [
        compiler,
        "-shared",
        "-fPIC",
        "-Wall",
        "-Werror",
        *switches,
        "-o",
        built,
        PRELOAD / source,
        "-ldl",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return str(built)


def stranger(**what: Any) -> bytes:
    """The lease of a process on another machine."""
    found = {**vars(Owner.me("org/m")), "host": "elsewhere", "boot": "another", **what}
    return Owner(**found).write()


@dataclass
class Replica:
    """A running program.py."""

    process: subprocess.Popen[bytes]
    output: Path
    errors: Path
    began: float = field(default_factory=time.monotonic)

    @property
    def events(self) -> list[dict[str, Any]]:
        lines = self.output.read_text().split("\n")[:-1]
        return [json.loads(line) for line in lines]

    @property
    def notices(self) -> list[str]:
        return [event["notice"] for event in self.events if "notice" in event]

    def wait_until(self, what: Callable[[dict[str, Any]], bool], timeout_s: float = 15) -> None:
        deadline = time.monotonic() + timeout_s
        while not any(map(what, self.events)):
            assert self.process.poll() is None, f"ended with {self.process.returncode}: {self.said}"
            assert time.monotonic() < deadline, self.said
            time.sleep(0.02)

    def wait_until_fetching(self) -> None:
        """Until a part of the weights has arrived: more than eight connections have on their way."""
        self.wait_until(lambda event: event.get("phase") == "download" and event["done"] > 900_000)

    def wait_until_waiting(self) -> None:
        self.wait_until(lambda event: event.get("phase") == "wait")

    def end(self, timeout_s: float = 20) -> dict[str, Any]:
        """Wait for its end; returns the last thing it said."""
        try:
            self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            pytest.fail(f"it goes on: {self.said}")
        assert self.errors.read_text() == "", self.errors.read_text()
        return self.events[-1]

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    @property
    def said(self) -> str:
        return self.output.read_text()[-3000:] + self.errors.read_text()


StartReplica = Callable[..., Replica]


@contextmanager
def replicas(folder: Path, cache: Cache, endpoint: str) -> Iterator[StartReplica]:
    """Start replicas; what still runs in the end is killed."""
    with ExitStack() as stack:

        def start(
            env: Mapping[str, str] | None = None,
            *,
            within: Sequence[str] = (),
            chunk_bytes: int = 8 << 20,
            ttl_s: float = TTL_S,
        ) -> Replica:
            count = len(list(folder.glob("replica*.out")))
            output, errors = folder / f"replica{count}.out", folder / f"replica{count}.err"
            argv = [*within, sys.executable, PROGRAM, cache.root, endpoint, BEAT_S, ttl_s, chunk_bytes]
            with output.open("wb") as out, errors.open("wb") as err:
                process = subprocess.Popen(
                    list(map(str, argv)), env={**os.environ, **(env or {})}, stdout=out, stderr=err
                )
            stack.callback(_end, process)
            return Replica(process, output, errors)

        yield start


def _end(process: subprocess.Popen[bytes]) -> None:
    if alive(process.pid) and process.poll() is None:
        process.kill()
    process.wait()
