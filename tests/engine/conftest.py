"""One real engine for all tests that need one, started through the whole path from an empty home."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from openai import OpenAI

from running import COHERE, SMOLLM2, Service, environment, serving

# From nothing: a package of 93 MB, its conversion, and an engine's start on two cores.
READY_WITHIN_S = 420
# No hub on any machine: the fallback is taken here as it is where there is none.
NO_HUB = "http://127.0.0.1:1"


@dataclass(frozen=True)
class Running:
    """A service that answers, and what it was started with."""

    service: Service
    env: dict[str, str]

    def client(self) -> OpenAI:
        return OpenAI(base_url=f"{self.service.url}/v1", api_key="none", timeout=120, max_retries=0)


@pytest.fixture(scope="session")
def smollm2(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The shipped AIM of SmolLM2: fetched without a hub, converted, selected, served."""
    home = tmp_path_factory.mktemp("home")
    env = environment(home, AIM_ID=SMOLLM2, AIM_ACCELERATOR_TYPE="cpu", HF_ENDPOINT=NO_HUB)
    with serving(home, env) as service:
        service.wait_until_said("ready after", READY_WITHIN_S)
        yield Running(service, env)


@pytest.fixture(scope="session")
def cohere(smollm2: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The Cohere AIM on a tiny model of its architecture, in the cache under its real name."""
    home = tmp_path_factory.mktemp("cohere")
    tokenizer = Path(smollm2.env["AIM_CACHE_PATH"]) / SMOLLM2
    make = str(Path(__file__).with_name("make_tiny_models.py"))
    folder = home / "models" / COHERE
    command = [sys.executable, make, "--tokenizer", str(tokenizer), f"cohere2={folder}"]
    subprocess.run(command, check=True, capture_output=True, text=True)
    profiles = Path(__file__).with_name("profiles")
    env = environment(
        home,
        AIM_ID=COHERE,
        AIM_ACCELERATOR_TYPE="cpu",
        AIM_PROFILES_PATH=str(profiles),
        HF_ENDPOINT=NO_HUB,
    )
    with serving(home, env) as service:
        service.wait_until_said("ready after", READY_WITHIN_S)
        yield Running(service, env)
