"""One real engine for all tests that need one, started through the whole path from an empty home."""

from __future__ import annotations

import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from openai import OpenAI

from engine.lora import write_adapter
from running import COHERE, SMOLLM2, Service, environment, serving
from servers.certificate import self_signed

# From nothing: a package of 93 MB, its conversion, and an engine's start on two cores.
READY_WITHIN_S = 420
# No hub on any machine: the fallback is taken here as it is where there is none.
NO_HUB = "http://127.0.0.1:1"
# The names of the services below.
ASSISTANT, EMBEDDER = "acme/assistant", "acme/tiny-embed"
# What the folder of adapters is looked at by: the shortest that there may be.
INTERVAL_S = 5


@dataclass(frozen=True)
class Running:
    """A service that answers, and what it was started with."""

    service: Service
    env: dict[str, str]

    def client(self) -> OpenAI:
        return OpenAI(base_url=f"{self.service.url}/v1", api_key="none", timeout=120, max_retries=0)


@dataclass(frozen=True)
class Guarded(Running):
    """A service that speaks TLS, asks for a key, and watches a folder of adapters."""

    key: str
    certificate: Path
    adapters: Path
    weights: Path

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.service.port}"

    def http(self) -> httpx.Client:
        """A client that trusts the certificate and sends no key."""
        trust = ssl.create_default_context(cafile=str(self.certificate))
        return httpx.Client(base_url=self.url, verify=trust, timeout=300)

    def client(self, key: str = "") -> OpenAI:
        return OpenAI(
            base_url=f"{self.url}/v1", api_key=key or self.key, max_retries=0, http_client=self.http()
        )


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
    folder = home / "models" / COHERE
    make_tiny(smollm2, "cohere2", folder)
    # The profile allows adapters: those that are there at the start.
    write_adapter(home / "adapters" / "poet", folder)
    write_adapter(home / "adapters" / "giant", folder, rank=64)
    profiles = Path(__file__).with_name("profiles")
    env = environment(
        home,
        AIM_ID=COHERE,
        AIM_ACCELERATOR_TYPE="cpu",
        AIM_PROFILES_PATH=str(profiles),
        AIM_ADAPTER_SOURCE=str(home / "adapters"),
        HF_ENDPOINT=NO_HUB,
    )
    with serving(home, env) as service:
        service.wait_until_said("ready after", READY_WITHIN_S)
        yield Running(service, env)


@pytest.fixture(scope="session")
def guarded(smollm2: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """SmolLM2 from a folder, under two names: a key from a file, TLS, a tool parser, dynamic adapters."""
    home = tmp_path_factory.mktemp("guarded")
    weights = Path(smollm2.env["AIM_CACHE_PATH"]) / SMOLLM2
    certificate, private = self_signed(home)
    key, adapters = "sk-planted-4711", home / "adapters"
    (home / "key").write_text(f"{key}\n")
    write_adapter(adapters / "early", weights, seed=1)
    env = environment(
        home,
        AIM_ID=SMOLLM2,
        AIM_MODEL_ID=str(weights),
        AIM_CUSTOM_MODEL_NAME=ASSISTANT,
        AIM_PROFILE_ID="general/vllm-cpu-bf16-tp1-latency",
        AIM_ACCELERATOR_TYPE="cpu",
        AIM_ADAPTER_SOURCE=str(adapters),
        AIM_ADAPTER_MODE="dynamic",
        AIM_ADAPTER_REFRESH_INTERVAL=str(INTERVAL_S),
        AIM_ADAPTER_MAX_COUNT="2",
        AIM_ADAPTER_MAX_CPU_COUNT="4",
        AIM_ADAPTER_MAX_RANK="16",
        VLLM_API_KEY_FILE=str(home / "key"),
        VLLM_CPU_KVCACHE_SPACE="1",
    )
    tls = ["--ssl-certfile", str(certificate), "--ssl-keyfile", str(private)]
    tools = ["--enable-auto-tool-choice", "--tool-call-parser", "hermes"]
    with serving(home, env, "--", "--max-model-len", "2048", *tls, *tools) as service:
        service.wait_until_said("ready after", READY_WITHIN_S)
        yield Guarded(service, env, key, certificate, adapters, weights)


@pytest.fixture(scope="session")
def embedder(smollm2: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A tiny encoder under a general profile, told to answer with embeddings."""
    home = tmp_path_factory.mktemp("embedder")
    make_tiny(smollm2, "bert", home / "bert")
    env = environment(
        home,
        AIM_MODEL_ID=str(home / "bert"),
        AIM_CUSTOM_MODEL_NAME=EMBEDDER,
        AIM_ACCELERATOR_TYPE="cpu",
        AIM_ENGINE_ARGS='{"runner": "pooling", "convert": "embed"}',
        VLLM_CPU_KVCACHE_SPACE="1",
    )
    with serving(home, env) as service:
        service.wait_until_said("ready after", READY_WITHIN_S)
        yield Running(service, env)


def make_tiny(smollm2: Running, kind: str, into: Path) -> None:
    """Make a tiny model with the tokenizer of SmolLM2."""
    tokenizer = Path(smollm2.env["AIM_CACHE_PATH"]) / SMOLLM2
    make = str(Path(__file__).with_name("make_tiny_models.py"))
    command = [sys.executable, make, "--tokenizer", str(tokenizer), f"{kind}={into}"]
    subprocess.run(command, check=True, capture_output=True, text=True)
