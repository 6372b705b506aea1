"""What can be said of the Dockerfiles without building them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from aim_runtime.deploy.identity import GPU_GROUPS
from aim_runtime.engines.vllm import TARGET_VERSION

ROOT = Path(__file__).parents[2]
DOCKER = ROOT / "docker"


@pytest.mark.parametrize("file", sorted(DOCKER.glob("Dockerfile.*")), ids=lambda path: path.name)
def test_the_linter_has_nothing_against(file: Path) -> None:
    linter = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([linter, file], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_default_base_has_the_vllm_of_the_catalogue() -> None:
    (line,) = [
        each for each in (DOCKER / "Dockerfile.base").read_text().splitlines() if "ARG BASE_IMAGE=" in each
    ]
    assert line.endswith(f":v{TARGET_VERSION}")


def test_the_context_is_an_allow_list() -> None:
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] not in ("#", "")]
    assert lines[0] == "*"
    allowed, refused = (
        [each for each in lines[1:] if each[0] == "!"],
        [each for each in lines[1:] if each[0] != "!"],
    )
    assert refused == ["**/__pycache__"]
    assert all((ROOT / each[1:]).exists() for each in allowed)


def test_the_groups_of_gpus_are_those_of_the_manifests() -> None:
    assert f'gpu_groups="{" ".join(map(str, GPU_GROUPS))}"' in (DOCKER / "make-user").read_text()
