"""The discovery Job of AMD's operator, v1alpha1, as a process: nothing inherited, nothing to write to."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from contract.operator.discovery import ARGUMENTS, Discovered, Model, discovered, variables
from contract.operator.pod_log import Unreadable, array_of
from contract.operator.shipped import ANY_MODEL
from integration.hub import NO_HUB
from operator_words import log_taken_for
from running import AIM, COHERE

WRITABLE = 77
ALONE = ("unshare", "--mount", "--propagation", "private")
# Every mount of this process read-only, which nobody else sees; then the program, with the variables given.
READ_ONLY = f"""
awk '{{print $5}}' /proc/self/mountinfo | while read -r at; do
  mount -o remount,bind,ro "$at" 2>/dev/null
done
touch "$1" 2>/dev/null && exit {WRITABLE}
shift
exec env -i "$@"
"""


def job(place: Path, environment: dict[str, str]) -> tuple[int, str]:
    """The exit code of a Job and its pod's log: both outputs in one, without a home and without a GPU."""
    if os.geteuid() != 0:
        pytest.skip("only root can take away what may be written to")
    given = [f"{name}={value}" for name, value in {"PATH": "/usr/bin:/bin", **environment}.items()]
    done = subprocess.run(
        [*ALONE, "sh", "-c", READ_ONLY, "sh", str(place / "file"), *given, str(AIM), *ARGUMENTS],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=place,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != WRITABLE, "the file system was not read-only"
    return done.returncode, done.stdout


def found(place: Path, environment: dict[str, str]) -> Discovered:
    code, log = job(place, environment)
    assert code == 0, log
    return discovered(log)


def test_a_template_of_a_model_image(tmp_path: Path) -> None:
    wanted = variables(profile_id="vllm-mi300x-fp16-tp4-throughput", gpu="MI300X", count=4)
    template = found(tmp_path, {"AIM_ID": COHERE, **wanted, "AIM_METRIC": "throughput"})
    assert (template.filename, template.type) == ("vllm-mi300x-fp16-tp4-throughput.yaml", "optimized")
    assert template.models == (Model(COHERE, f"hf://{COHERE}", template.models[0].size_gb),)
    assert template.models[0].size_gb, "the catalogue knows the size"


def test_a_template_without_a_profile_gets_the_best_one(tmp_path: Path) -> None:
    wanted = variables(gpu="MI300X", count=8, metric="latency", precision="fp16")
    template = found(tmp_path, {"AIM_ID": COHERE, **wanted})
    assert template.filename == "vllm-mi300x-fp16-tp8-latency.yaml"


def test_the_base_image_with_a_model_of_nobodys_and_no_network(tmp_path: Path) -> None:
    wanted = variables(gpu="MI300X", count=1, metric="latency")
    template = found(tmp_path, {"AIM_MODEL_ID": "acme/chat", "HF_ENDPOINT": NO_HUB, **wanted})
    assert template.type == "unoptimized"
    assert template.models == (Model("acme/chat", "hf://acme/chat", None),)


@pytest.mark.parametrize(
    ("source", "more", "name"),
    [
        ("s3://models/a/b/c", {}, "b/c"),
        ("s3://models", {"AIM_CUSTOM_MODEL_NAME": "acme/chat"}, "acme/chat"),
    ],
    ids=["by-its-folders", "by-the-user"],
)
def test_a_model_of_a_bucket_has_a_name_and_is_served_from_its_mount(
    source: str, more: dict[str, str], name: str, tmp_path: Path
) -> None:
    wanted = variables(gpu="MI300X", count=1, metric="latency") | {"AIM_CACHE_PATH": "/workspace/cache"}
    nowhere = {"AWS_ENDPOINT_URL": NO_HUB, "AWS_EC2_METADATA_DISABLED": "true"}
    code, log = job(tmp_path, {"AIM_MODEL_ID": source, **nowhere, **wanted, **more})
    assert code == 0, log
    assert discovered(log).models == (Model(name, source, None),)
    assert array_of(log)[0]["models"][0]["path"] == f"/workspace/cache/{name}"


def test_variables_of_other_charts_and_service_links_do_not_matter(tmp_path: Path) -> None:
    wanted = variables(gpu="MI300X", count=1)
    said = {"AIM_PORT": "tcp://10.0.0.1:80", "AIM_SERVICE_HOST": "10.0.0.1", "AIM_MODEL": ANY_MODEL}
    template = found(tmp_path, {"AIM_MODEL_ID": f"hf://{ANY_MODEL}", **said, **wanted})
    assert template.models[0].name == ANY_MODEL


@pytest.mark.parametrize(
    ("says", "exit_code"),
    [
        ({"AIM_ID": COHERE, "AIM_GPU_MODEL": "W7900", "AIM_ALLOW_GENERAL_PROFILE_FALLBACK": "false"}, 4),
        ({"AIM_ID": COHERE, "AIM_PROFILE_ID": "vllm-mi300x-fp16-tp3-latency"}, 4),
        ({"AIM_GPU_MODEL": "MI300X"}, 2),
    ],
    ids=["nothing-right", "unknown-profile", "no-model"],
)
def test_a_job_that_finds_nothing_fails_and_names_no_missing_model(
    says: dict[str, str], exit_code: int, tmp_path: Path
) -> None:
    code, log = job(tmp_path, variables() | says)
    assert code == exit_code
    assert log_taken_for(log) is None, log
    if exit_code == 4:
        assert "[]" in log.splitlines(), log
    with pytest.raises(Unreadable):
        discovered(log)


def test_what_the_port_would_not_read() -> None:
    assert array_of('warning: [1] is not it\n[{"a": [2]}]\nbye\n') == [{"a": [2]}]
    for log in ("", "[]", '{"a": 1}', "[{}] and then [an error]", '[{"a": NaN}]', '[{"a": 1, "a": 2}]'):
        with pytest.raises(Unreadable):
            array_of(log)
    good = (
        '[{"filename": "f", "profile": {"metadata": {"gpu_count": %s, "metric": "latency", '
        '"precision": "fp8", "type": "%s"}, "env_vars": {"A": %s}}, '
        '"models": [{"name": "%s", "source": "%s", "size_gb": %s}]}]'
    )
    usual = ("1", "preview", '"1"', "a/b", "hf://a/b", "null")
    assert discovered(good % usual).gpu_count == 1
    for place, wrong in enumerate(("1.0", "general", "1", "a/b/c", "pypi://a", '"1"')):
        with pytest.raises(Unreadable):
            discovered(good % (*usual[:place], wrong, *usual[place + 1 :]))
