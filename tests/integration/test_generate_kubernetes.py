"""`generate kubernetes` by the command line: what it writes, and what it refuses, with what to do."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
import yaml

from running import COHERE, environment, run

MI300X = {"AIM_ID": COHERE, "AIM_ACCELERATOR_MODEL": "MI300X"}
# Options that contradict: what the error says, and what it says to do.
REFUSED = {
    "--hostname llm.example.com": ("--hostname without --gateway", "add --gateway"),
    "--endpoint-picker epp": ("--endpoint-picker without --inference-pool", "add --inference-pool"),
    "--claim weights --storage-class fast": (
        "--claim with --storage-class",
        "leave --claim or --storage-class",
    ),
    "--no-cache --claim weights": ("--no-cache with --claim", "leave --no-cache or --claim out"),
    "--no-cache --storage-class fast": ("--no-cache with --storage-class", "leave --no-cache"),
    "--no-cache --access ReadWriteOnce": ("--no-cache with --access", "leave --no-cache or --access out"),
    "--no-cache --download": ("--no-cache with --download", "leave --no-cache or --download out"),
    "--max-replicas 3": ("--max-replicas without --autoscaler", "--autoscaler keda"),
    "--autoscaler hpa --replicas 4 --max-replicas 3": (
        "--max-replicas 3 is below --replicas 4",
        "--replicas is the fewest and --max-replicas the most",
    ),
    "--autoscaler keda --replicas 5": ("--max-replicas 4 is below --replicas 5", "the most"),
    "--autoscaler keda --replicas 0": ("--autoscaler keda with --replicas 0", "--replicas 1 or more"),
    "--prometheus http://p:9090": ("--prometheus without --autoscaler keda", "add --autoscaler keda"),
    "--access ReadWriteOnce --replicas 2": ("--access ReadWriteOnce with --replicas 2", "ReadWriteMany"),
    "--access ReadWriteOnce --autoscaler keda": ("ReadWriteOnce with --autoscaler keda", "ReadWriteMany"),
    "--access ReadWriteOnce --surge": ("--access ReadWriteOnce with --surge", "ReadWriteMany"),
    "--access ReadOnlyMany": ("--access ReadOnlyMany without --claim", "name a claim"),
    "--claim w --access ReadOnlyMany --download": ("ReadOnlyMany with --download", "leave --download out"),
    "--name 8b": ("--name '8b' is not a name", "a letter first"),
}


@pytest.mark.parametrize("options", REFUSED)
def test_options_that_contradict_are_refused_with_what_to_do(options: str, tmp_path: Path) -> None:
    message, hint = REFUSED[options]
    done = run("generate", "kubernetes", *options.split(), env=environment(tmp_path, **MI300X))
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert message in done.stderr
    assert hint in done.stderr


def test_what_only_this_machine_has_is_refused(tmp_path: Path) -> None:
    said = {**MI300X, "AIM_MODEL_ID": f"file://{tmp_path}"}
    done = run("generate", "kubernetes", env=environment(tmp_path, **said))
    assert done.returncode == 8
    assert f"file://{tmp_path}: pods have no such path" in done.stderr
    assert "--claim" in done.stderr
    adapters = {**MI300X, "AIM_ADAPTER_SOURCE": str(tmp_path)}
    done = run("generate", "kubernetes", env=environment(tmp_path, **adapters))
    assert done.returncode == 8
    assert f"AIM_ADAPTER_SOURCE={tmp_path}: pods have no such path" in done.stderr
    tls = ("--ssl-certfile", "/certificates/tls.pem")
    done = run("generate", "kubernetes", "--", *tls, env=environment(tmp_path, **MI300X))
    assert done.returncode == 8
    assert "ssl-certfile or ssl-keyfile /certificates/tls.pem: pods have no such path" in done.stderr


def test_weights_below_the_cache_may_be_in_a_claim(tmp_path: Path) -> None:
    said = {**MI300X, "AIM_MODEL_ID": "file:///workspace/model-cache/mine/model"}
    done = run("generate", "kubernetes", "--claim", "weights", env=environment(tmp_path, **said))
    assert done.returncode == 0, done.stderr
    assert "value: file:///workspace/model-cache/mine/model" in done.stdout


def test_the_header_says_what_to_do_and_repeats_the_command(tmp_path: Path) -> None:
    said = {**MI300X, "AIM_DRAIN_SECONDS": "90", "HF_TOKEN": "hf_abcdefghijklmnopqrstuvwxyz"}
    said["AIM_ENGINE_PYTHON"] = sys.executable
    options = ("-n", "llm", "--no-network-policy", "--node-label", "zone=a", "--node-label", "disk=nvme")
    done = run(
        "generate", "kubernetes", *options, "--", "--max-model-len", "8192", env=environment(tmp_path, **said)
    )
    assert done.returncode == 0, done.stderr
    header = "\n".join(line for line in done.stdout.splitlines() if line.startswith("#"))
    assert f"{COHERE} on 8 x MI300X, profile vllm-mi300x-fp16-tp8-latency" in header
    assert (
        f"Made by: AIM_ACCELERATOR_MODEL=MI300X AIM_DRAIN_SECONDS=90 AIM_ID={COHERE} AIM_MANAGEMENT_PORT='' "
        "aim-runtime generate kubernetes --namespace llm --node-label zone=a --node-label disk=nvme "
        "--no-network-policy -- --max-model-len 8192" in header
    )
    assert "kubectl -n llm create secret generic hf-token --from-literal=hf-token=$HF_TOKEN" in header
    assert "kubectl -n llm port-forward service/command-a-reasoning-08-2025 8000:80" in header
    assert "hf_abc" not in done.stdout
    [deployment] = [each for each in yaml.safe_load_all(done.stdout) if each["kind"] == "Deployment"]
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    assert container["args"] == ["serve", "--", "--max-model-len", "8192"]


def test_the_command_of_the_header_makes_the_same_again(tmp_path: Path) -> None:
    options = ("--claim", "weights", "--access", "ReadOnlyMany", "--replicas", "2", "--image", "aim:1")
    first = run("generate", "kubernetes", *options, env=environment(tmp_path, **MI300X))
    [made_by] = re.findall(r"^# Made by: (.*)$", first.stdout, re.MULTILINE)
    words = made_by.split()
    at = words.index("aim-runtime")
    said = dict(word.split("=", 1) for word in words[:at] if not word.startswith("AIM_MANAGEMENT_PORT"))
    again = run(*words[at + 1 :], env=environment(tmp_path, **said))
    assert again.stdout == first.stdout


def test_a_planted_secret_is_nowhere(tmp_path: Path) -> None:
    key = "planted-key-of-the-service"
    said = {**MI300X, "AIM_ENGINE_ARGS": f'{{"api-key": "{key}"}}', "HF_TOKEN": "planted-token-of-the-hub"}
    done = run("generate", "kubernetes", env=environment(tmp_path, **said))
    assert done.returncode == 0, done.stderr
    assert "planted" not in done.stdout + done.stderr
    assert "key: vllm-api-key" in done.stdout
