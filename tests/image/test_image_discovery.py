"""Played as AMD's operator does it: the Jobs that ask an image what it can serve.

https://github.com/amd-enterprise-ai/aim-engine (internal/aimservicetemplate/discovery.go for v1alpha1)
"""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path

import pytest
import yaml

from image.conftest import Image, Images
from image.podman import Podman
from running import COHERE

pytestmark = pytest.mark.image
ROOT = Path(__file__).parents[2]
JOB = ("--network=none", "--passwd=false", "--cap-drop=all", "--security-opt=no-new-privileges")
QUIET = ("--env=AIM_LOG_LEVEL_ROOT=CRITICAL", "--env=AIM_LOG_LEVEL=CRITICAL")
# A Job that takes longer delays every service of a cluster.
ANSWERS_WITHIN_S = 10
# v1alpha2: the files themselves, framed, and two values of the image's environment.
WALK = """\
for folder in "/workspace/aim-runtime/profiles/$AIM_ID" /workspace/aim-runtime/profiles/general; do
  [ -d "$folder" ] || continue
  find "$folder" -type f -name '*.yaml' | sort | while read -r file; do
    printf 'file %s ' "$file"; base64 "$file" | tr -d '\\n'; echo
  done
done
echo "id $AIM_ID"
echo "base $AIM_BASE_IMAGE_REF"
"""


def test_dry_run_is_the_last_thing_in_the_log(images: Images, cohere: Image) -> None:
    given = ["--env=AIM_METRIC=throughput", "--env=AIM_GPU_MODEL=MI300X", "--env=AIM_GPU_COUNT=4"]
    began = time.monotonic()
    job = images.podman.run(
        *("run", "--rm", "--user=65532", *JOB, *QUIET, *given), cohere.name, "dry-run", "--format=json"
    )
    took = time.monotonic() - began
    images.figures.append(f"discovery of an image  {took:.2f} s")
    assert took < ANSWERS_WITHIN_S
    # The operator reads stdout and stderr as one.
    log = job.stderr + job.stdout
    assert (job.returncode, log.rstrip()[-1]) == (0, "]"), log
    (found,) = json.loads(log)
    profile = found["profile"]
    assert profile["aim_id"] == COHERE
    assert all(isinstance(value, str) for value in profile["env_vars"].values())
    assert {key: profile["metadata"][key] for key in ("gpu", "gpu_count", "metric")} == {
        "gpu": "MI300X",
        "gpu_count": 4,
        "metric": "throughput",
    }
    assert found["models"][0]["name"] == COHERE
    assert found["models"][0]["source"].startswith("hf://")


def test_no_match_fails_the_job_with_the_reason(images: Images, cohere: Image) -> None:
    job = images.podman.run(
        *("run", "--rm", "--user=65532", *JOB, *QUIET, "--env=AIM_GPU_MODEL=MI210"),
        *(cohere.name, "dry-run", "--format=json"),
    )
    assert job.returncode != 0
    assert job.stdout.strip() == "[]"
    assert "MI210" in job.stderr


def test_the_walk_over_the_files(podman: Podman, cohere: Image) -> None:
    limits = ("--memory=256m", "--entrypoint=/bin/sh")
    lines = podman.ask("run", "--rm", *JOB, *limits, cohere.name, "-c", WALK).splitlines()
    found = {}
    for line in lines[:-2]:
        _, name, text = line.split(" ")
        found[name.removeprefix("/workspace/aim-runtime/profiles/")] = base64.b64decode(text)
    shipped = {
        str(path.relative_to(ROOT / "catalog")): path.read_bytes()
        for folder in (COHERE, "general")
        for path in (ROOT / "catalog" / folder).glob("*.yaml")
        if path.name != "metadata.yaml"
    }
    assert found == shipped
    # One file that is no profile would fail the catalogue of the whole image.
    assert all(yaml.safe_load(text)["metadata"]["engine"] == "vllm" for text in found.values())
    assert lines[-2] == f"id {COHERE}"
    assert lines[-1].startswith("base localhost/aim-base:")
