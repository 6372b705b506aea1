"""The image as any platform runs it: as whom, with what it may write, and with what is in it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from aim_runtime.deploy.identity import GPU_GROUPS
from image.conftest import Image, Images
from image.podman import HARDENED, Podman, running
from running import COHERE, FAKE_ENGINE, environment, free_port
from tiny_model import write_tiny_model

pytestmark = pytest.mark.image
# root, the image's own user, AMD's operator's, and one of OpenShift's.
USERS = ("0", "1000", "65532", "1000650000")
MODEL = "acme/tiny"
READY_WITHIN_S = 60
# Bytecode that names a time, which no file of an image has: it would be compiled again at every start.
TIMED = """\
import pathlib
for path in pathlib.Path("/opt").rglob("*.pyc"):
    if path.read_bytes()[4:8] != b"\\1\\0\\0\\0":
        print(path)
"""
# One line for each: what a service, its engine and its libraries write to.
WRITES = """\
set -e
for folder in "$HOME" "$XDG_CACHE_HOME" /workspace/model-cache /workspace/cache /dev/shm; do
  mkdir -p "$folder" && touch "$folder/written"
done
python3 -c 'import getpass; print(getpass.getuser())'
"""


def shell(podman: Podman, image: Image, script: str, *options: str) -> str:
    return podman.ask("run", "--rm", *options, "--entrypoint", "/bin/sh", image.name, "-c", script)


def as_whoever(user: str) -> list[str]:
    """Options of a user whom the image need not know, on a root that cannot be written."""
    return [*HARDENED, "--user", user, "--passwd=false"]


@pytest.mark.parametrize("user", USERS)
def test_any_user_plans_and_may_write_what_serving_writes(podman: Podman, base: Image, user: str) -> None:
    given = ["--env", f"AIM_ID={COHERE}", "--env", "AIM_ACCELERATOR_MODEL=MI300X"]
    said = podman.ask("run", "--rm", *as_whoever(user), *given, base.name, "dry-run", "--format=json")
    assert json.loads(said)[0]["profile"]["aim_id"] == COHERE
    # A volume that is empty begins as the image's folder, with its owner and mode.
    volumes = ["--volume", "/workspace/model-cache", "--volume", "/workspace/cache"]
    assert shell(podman, base, WRITES, *as_whoever(user), *volumes) == "aim"


@pytest.mark.parametrize("user", USERS)
def test_any_user_serves_and_ends_when_told(podman: Podman, base: Image, user: str, tmp_path: Path) -> None:
    write_tiny_model(tmp_path / MODEL)
    tmp_path.chmod(0o755)
    port = free_port()
    variables = {
        "AIM_MODEL_ID": MODEL,
        "AIM_ACCELERATOR_TYPE": "cpu",
        "AIM_PORT": str(port),
        "AIM_MANAGEMENT_PORT": "",
        "PYTHONPATH": "/srv",
    }
    given = [word for name, value in variables.items() for word in ("--env", f"{name}={value}")]
    mounts = [f"--volume={FAKE_ENGINE}:/srv:ro", f"--volume={tmp_path}:/workspace/model-cache:ro"]
    options = [*as_whoever(user), *given, *mounts, base.name]
    with running(podman, f"aim-test-{user}", port, *options) as container:
        container.wait_until_ready(READY_WITHIN_S)
        podman.ask("stop", "--time", "30", container.name)
        assert container.exit_code() == 0, container.log


def test_the_user_may_open_gpus(podman: Podman, base: Image) -> None:
    found = shell(podman, base, "id -u; id -g; id -G").splitlines()
    assert found[:2] == ["1000", "0"]
    assert {*map(str, GPU_GROUPS)} <= {*found[2].split()}


def test_what_the_contract_promises_is_there(podman: Podman, base: Image) -> None:
    config = podman.inspect(base.name)["Config"]
    assert (config["Entrypoint"], config["WorkingDir"]) == (["./entrypoint.py"], "/workspace")
    assert (config["User"], config["StopSignal"]) == ("1000", "SIGTERM")
    assert {*config["ExposedPorts"]} == {"8000/tcp", "8001/tcp"}
    assert not config.get("Volumes")
    for program in ("aim-runtime", "bash", "find", "base64", "tr", "sort", "pip", "python3"):
        assert shell(podman, base, f"command -v {program}")
    shell(podman, base, "test -x ./entrypoint.py && aim-runtime --version")


def test_without_a_verb_it_serves(podman: Podman, base: Image) -> None:
    done = podman.run("run", "--rm", *HARDENED, base.name)
    assert done.returncode == 2
    assert "no model was named" in done.stderr


def test_no_weights_are_inside(podman: Podman, base: Image) -> None:
    names = " -o ".join(f"-name '*.{kind}'" for kind in ("safetensors", "gguf", "bin.index.json", "pth"))
    assert shell(podman, base, f"find / -xdev -type f \\( {names} \\)", "--user=0") == ""


@pytest.mark.parametrize("aim_id", ["", COHERE])
def test_every_profile_is_listed_once_as_what_it_is(
    podman: Podman, base: Image, cohere: Image, aim_id: str, tmp_path: Path
) -> None:
    """They are in the package and at the contract's path: the listing is that of a checkout."""
    listing = ("list-profiles", "--skip-compatibility-check", "--format", "json")
    image = cohere if aim_id else base
    inside = json.loads(podman.ask("run", "--rm", image.name, *listing))
    env = environment(tmp_path, **({"AIM_ID": aim_id} if aim_id else {}))
    beside = subprocess.run(
        [sys.executable, "-m", "aim_runtime", *listing], env=env, capture_output=True, check=True
    )
    assert inside == json.loads(beside.stdout)
    assert len(inside) > 40


def test_two_builds_are_the_same_to_the_byte(images: Images, base: Image) -> None:
    assert images.build("base", "--base-image", "debian", "--no-cache").digest == base.digest


def test_bytecode_holds_whatever_the_times_of_files_are(podman: Podman, cpu: Image) -> None:
    assert podman.ask("run", "--rm", "--entrypoint", "python3", cpu.name, "-c", TIMED) == ""


def test_nothing_in_it_has_the_time_of_an_earlier_build(podman: Podman, base: Image) -> None:
    image = podman.inspect(base.name)
    lines = [each for each in image["History"] if each["created_by"] != "/bin/sh"]  # that is the Debian
    assert {each["created"] for each in lines} == {image["Created"]}


def test_the_bill_of_materials(images: Images, base: Image) -> None:
    (file,) = images.records.glob("aim-base-*.cdx.json")
    found = {each["name"] for each in json.loads(file.read_text())["components"]}
    assert {"aim-runtime", "msgspec", "huggingface_hub", "coreutils", "python3"} <= found
