"""What `generate compose` and `generate docker` write, run by podman with the real image and engine."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from image.conftest import Image, Images
from image.podman import HIDDEN, Container, Podman
from running import ANSWER, QUESTION, SMOLLM2, environment, free_port, run

pytestmark = pytest.mark.image
READY_WITHIN_S = 240
PODMAN_COMPOSE = Path(sys.executable).with_name("podman-compose")
# The tests' podman has no network of its own to put a container into.
_ON_THE_HOST = "services: {aim: {network_mode: host}}\n"


@pytest.fixture
def path(tmp_path: Path, podman: Podman) -> Iterator[dict[str, str]]:
    """An environment in which the command podman is the one that works here."""
    program = tmp_path / "bin/podman"
    program.parent.mkdir()
    before = " ".join(f"'{word}'" for word in HIDDEN)
    program.write_text(f'#!/bin/sh\nPATH=${{PATH#*:}}\nexec {before} "$@"\n')
    program.chmod(0o755)
    yield {**podman.environment, "PATH": f"{program.parent}:{podman.environment['PATH']}"}
    podman.run("rm", "--force", "--time", "5", "aim-test-made")


def made(tmp_path: Path, port: int, *args: str, image: Image, cache: Path) -> str:
    env = environment(
        tmp_path,
        AIM_ID=SMOLLM2,
        AIM_ACCELERATOR_TYPE="cpu",
        AIM_PORT=str(port),
        AIM_MANAGEMENT_PORT=str(free_port()),
    )
    named = ("--name", "aim-test-made", "--image", image.name, "--cache", str(cache))
    done = run("generate", *args, *named, env=env)
    assert done.returncode == 0, done.stderr
    return done.stdout


def serves(images: Images, port: int, began_s: float, what: str) -> Container:
    """Wait for the service, ask it a question, and ask it as a health check does."""
    service = Container(images.podman, "aim-test-made", port)
    service.wait_until_ready(READY_WITHIN_S)
    images.figures.append(f"{what} to an answer: {time.monotonic() - began_s:.1f} s")
    assert ANSWER in service.chat(SMOLLM2, QUESTION)
    # Ready is what the runtime has seen, a moment after the engine answers.
    deadline = time.monotonic() + 30
    while images.podman.run("exec", service.name, "aim-runtime", "healthcheck").stdout != "ready\n":
        assert time.monotonic() < deadline, service.log
        time.sleep(0.2)
    assert images.podman.ask("exec", service.name, "id", "-u") == "1000"
    assert images.podman.run("exec", service.name, "touch", "/workspace/here").returncode != 0
    return service


def test_the_compose_file(
    images: Images, cpu: Image, cache: Path, tmp_path: Path, path: dict[str, str]
) -> None:
    port, began = free_port(), time.monotonic()
    (tmp_path / "compose.yaml").write_text(made(tmp_path, port, "compose", image=cpu, cache=cache))
    (tmp_path / "host.yaml").write_text(_ON_THE_HOST)
    compose = [sys.executable, PODMAN_COMPOSE, "--file", "compose.yaml", "--file", "host.yaml"]
    up = [*compose, "up", "--detach"]
    done = subprocess.run(up, cwd=tmp_path, env=path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    try:
        serves(images, port, began, "podman-compose up")
    finally:
        subprocess.run([*compose, "down"], cwd=tmp_path, env=path, capture_output=True, check=False)
    assert images.podman.run("container", "exists", "aim-test-made").returncode == 1


def test_the_script(images: Images, cpu: Image, cache: Path, tmp_path: Path, path: dict[str, str]) -> None:
    port, began = free_port(), time.monotonic()
    script = made(tmp_path, port, "docker", "--engine", "podman", image=cpu, cache=cache)
    done = subprocess.run(
        ["sh", "-s"], input=script, cwd="/", env=path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    service = serves(images, port, began, "podman run")
    images.podman.ask("stop", service.name, timeout_s=180)
    assert service.exit_code() == 0, service.log
