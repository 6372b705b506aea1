"""What is written on the images, read back as a registry's readers do."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from aim_runtime import __version__
from contract.operator.image_labels import read_labels
from contract.operator.shipped import own
from image.conftest import Image
from image.podman import Podman
from running import COHERE, environment

pytestmark = pytest.mark.image
AIM, OCI = "com.amd.aim", "org.opencontainers.image"


def read(podman: Podman, image: Image) -> dict[str, Any]:
    command = ["skopeo", "inspect", "--config", f"containers-storage:{image.name}"]
    done = subprocess.run(command, env=podman.environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)["config"]
    return found


def test_a_model_image_says_what_it_serves(podman: Podman, cohere: Image, tmp_path: Path) -> None:
    config = read(podman, cohere)
    labels = config["Labels"]
    command = [
        sys.executable,
        "-m",
        "aim_runtime",
        "generate",
        "labels",
        "--aim-id",
        COHERE,
        "--format",
        "json",
    ]
    done = subprocess.run(command, env=environment(tmp_path), capture_output=True, text=True, check=True)
    assert json.loads(done.stdout).items() <= labels.items()
    found = read_labels(labels)
    assert found.canonical_name == COHERE
    assert {each.profile_id for each in found.deployments} <= {each.stem for each in own(COHERE)}
    assert found.deployments
    assert labels[f"{OCI}.version"] == __version__
    assert re.fullmatch(r"[0-9a-f]{40}", labels[f"{OCI}.revision"])
    environ = dict(each.split("=", 1) for each in config["Env"])
    assert environ["AIM_ID"] == COHERE
    assert environ["AIM_ALLOW_GENERAL_PROFILE_FALLBACK"] == "false"
    assert environ["AIM_BASE_IMAGE_REF"] == f"localhost/aim-base:{__version__}"


def test_the_base_names_no_model(podman: Podman, base: Image) -> None:
    config = read(podman, base)
    assert config["Labels"][f"{OCI}.title"] == "aim-base"
    assert f"{AIM}.model.canonicalName" not in config["Labels"]
    assert not [each for each in config["Env"] if each.startswith(("AIM_ID=", "AIM_MODEL_ID="))]
