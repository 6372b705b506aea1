"""The stand-in for an OpenAI API as a process, and all checks on it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from aim_runtime.validate.capabilities import Capability, Declared
from aim_runtime.validate.client import Client
from aim_runtime.validate.config import Config
from aim_runtime.validate.listed import OFFLINE_CHECKS
from aim_runtime.validate.result import CheckResult
from aim_runtime.validate.run import run
from aim_runtime.validate.subject import Answering
from running import FAKE_ENGINE, free_port

MODEL, ALIAS = "acme/tiny", "acme/other"
ALL = {each: Declared(True, "the test says so") for each in Capability}


@dataclass(frozen=True)
class Fake:
    """A stand-in that runs; what is in the file `switch` is wrong with it."""

    url: str
    switch: Path

    def breaks(self, *what: str) -> None:
        self.switch.write_text(" ".join(what))

    def answering(self, **more: object) -> Answering:
        config = Config(max_warmup_time=2)
        found = Answering(Client(self.url, None, 20), config, wait_s=0.5, declared=ALL)
        for name, value in more.items():
            setattr(found, name, value)
        return found

    def results(self, service: Answering | None = None) -> dict[str, CheckResult]:
        service = service or self.answering()
        found = run(OFFLINE_CHECKS, service, (), service.declared, lambda event: None)
        return {each.name: each for each in found}


@contextmanager
def fake_api(folder: Path) -> Iterator[Fake]:
    """Start the stand-in; it ends with the block."""
    port, switch = free_port(), folder / "switch"
    switch.write_text("")
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "vllm.entrypoints.openai.api_server"),
            *("--port", str(port), "--served-model-name", MODEL, ALIAS),
        ],
        env={
            **os.environ,
            "PYTHONPATH": str(FAKE_ENGINE),
            "FAKE_ENGINE": "openai",
            "FAKE_ENGINE_SWITCH": str(switch),
        },
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        fake = Fake(f"http://127.0.0.1:{port}", switch)
        service = fake.answering(wait_s=20)
        first = run(OFFLINE_CHECKS[:1], service, (), ALL, lambda event: None)
        assert first[0].success, first[0].detail
        yield fake
    finally:
        # It and its worker, which it leaves behind.
        os.killpg(process.pid, 9)
        process.wait()
