"""Played as AMD's operator does it: the Jobs that ask an image what it can serve, read by its rules."""

from __future__ import annotations

import subprocess
import time

import pytest

from contract.operator.discovery import ARGUMENTS, USER, discovered, variables
from contract.operator.profile_walk import SCRIPT, read
from contract.operator.shipped import own
from image.conftest import Image, Images
from image.podman import Podman
from running import COHERE

pytestmark = pytest.mark.image
# containerd makes no entry for a user that the image does not know.
JOB = ("--network=none", "--passwd=false", "--cap-drop=all", "--security-opt=no-new-privileges")
PROFILE = "vllm-mi300x-fp16-tp4-throughput"
# A Job that takes longer delays every service of a cluster.
ANSWERS_WITHIN_S = 10


def job(podman: Podman, image: Image, given: dict[str, str]) -> subprocess.CompletedProcess[str]:
    said = [f"--env={name}={value}" for name, value in given.items()]
    return podman.run("run", "--rm", f"--user={USER}", *JOB, *said, image.name, *ARGUMENTS)


def test_a_template_is_read_out_of_the_log(images: Images, cohere: Image) -> None:
    began = time.monotonic()
    done = job(
        images.podman,
        cohere,
        variables(profile_id=PROFILE, gpu="MI300X", count=4, metric="throughput", precision="fp16"),
    )
    took = time.monotonic() - began
    images.figures.append(f"discovery of an image: {took:.2f} s")
    assert took < ANSWERS_WITHIN_S
    assert done.returncode == 0, done.stderr
    # The operator reads stdout and stderr as one.
    template = discovered(done.stderr + done.stdout)
    assert (template.aim_id, template.filename) == (COHERE, f"{PROFILE}.yaml")
    assert (template.gpu, template.gpu_count, template.metric) == ("MI300X", 4, "throughput")
    assert [(each.name, each.source) for each in template.models] == [(COHERE, f"hf://{COHERE}")]


def test_no_match_fails_the_job_with_the_reason(podman: Podman, cohere: Image) -> None:
    done = job(podman, cohere, variables(gpu="MI210"))
    assert done.returncode != 0
    assert done.stdout.strip() == "[]"
    assert "MI210" in done.stderr


def test_the_walk_over_the_files(podman: Podman, cohere: Image) -> None:
    """v1alpha2 puts a shell in the place of the entrypoint, with little memory."""
    given = ("--env=PROFILES=/workspace/aim-runtime/profiles", "--memory=256m", "--entrypoint=/bin/sh")
    said = podman.ask("run", "--rm", *JOB, *given, cohere.name, "-c", SCRIPT)
    found = read(said.splitlines())
    assert found.aim_id == COHERE
    assert found.base_image.startswith("localhost/aim-base:")
    assert {item.id for item in found.items} == {each.stem for each in own(COHERE)}


def test_the_walk_over_an_image_for_any_model(podman: Podman, base: Image) -> None:
    given = ("--env=AIM_ID=", "--env=PROFILES=/workspace/aim-runtime/profiles", "--entrypoint=/bin/sh")
    found = read(podman.ask("run", "--rm", *JOB, *given, base.name, "-c", SCRIPT).splitlines())
    assert len(found.items) > 40
    assert all(item.general for item in found.items)
