"""What tests of Compose files, units and scripts share: plans, the stand-in for docker, flags read back."""

from __future__ import annotations

import json
import os
import stat
import sys
from dataclasses import dataclass, field
from pathlib import Path

from running import COHERE, SMOLLM2, environment, run

FAKE = Path(__file__).parents[1] / "fakes" / "containers.py"
AMD = {"AIM_ID": COHERE, "AIM_ACCELERATOR_MODEL": "MI300X"}
CPU = {"AIM_ID": SMOLLM2, "AIM_ACCELERATOR_TYPE": "cpu"}
# Each of what YAML, Compose, systemd and a shell would read as something else.
AWKWARD = ("--chat-template", """a $HOME ${b} %n "c" 'd' \\ #e""", "--tokenizer-revision", "0o17")
# Profiles of the user's own, below custom/: one as it is shipped, one for GPUs that none is shipped for.
CUSTOM = "general/vllm-cpu-bf16-tp1-latency"
NVIDIA_CUSTOM = "general/vllm-h100-fp16-tp2-latency"
NVIDIA = {"AIM_MODEL_ID": "hf://acme/chat", "AIM_ACCELERATOR_MODEL": "H100", "AIM_ACCELERATOR_COUNT": "2"}
_CATALOG = Path(__file__).parents[2] / "catalog"
# Flags by their short names, and the other spellings of the same.
_LONG = {"-d": "--detach", "-e": "--env", "-p": "--publish", "-v": "--volume", "--net": "--network"}
_WITHOUT_VALUE = {"--detach", "--read-only", "--rm"}


def generated(home: Path, *args: str, **env: str) -> str:
    """What `generate` prints for the plan."""
    done = run("generate", *args, env=environment(home, AIM_MANAGEMENT_PORT="8001", **env))
    assert done.returncode == 0, done.stderr
    return done.stdout


def custom_profile(profiles: Path, name: str = CUSTOM) -> dict[str, str]:
    """Write one into a folder of profiles; the variables that ask for it."""
    path = profiles / "custom" / f"{name}.yaml"
    path.parent.mkdir(parents=True)
    text = (_CATALOG / f"{name.replace('h100', 'mi300x')}.yaml").read_text()
    path.write_text(text.replace("MI300X", "H100"))
    return {"AIM_PROFILES_PATH": str(profiles), "AIM_PROFILE_ID": f"custom/{name}"}


def containers_on_path(folder: Path) -> tuple[dict[str, str], Path]:
    """An environment in which docker and podman are the stand-in, and the file of its record."""
    programs = folder / "bin"
    programs.mkdir()
    for name in ("docker", "podman"):
        program = programs / name
        program.write_text(f"#!{sys.executable}\n" + FAKE.read_text())
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    record = folder / "calls.jsonl"
    path = f"{programs}:{os.environ['PATH']}"
    return {"PATH": path, "HOME": str(folder), "FAKE_CONTAINERS_RECORD": str(record)}, record


def calls(record: Path) -> list[list[str]]:
    return [json.loads(line) for line in record.read_text().splitlines()]


@dataclass
class Run:
    """`docker run` read back: its flags with their values, the image, what follows the image."""

    image: str
    arguments: list[str]
    flags: dict[str, list[str]] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        return dict(each.split("=", 1) for each in self.flags["--env"])

    def mounts(self) -> set[tuple[str, str, bool]]:
        """What is mounted, where, and whether it is read-only, by whichever flag."""
        found = set()
        for each in self.flags.get("--mount", []):
            words = dict(word.split("=", 1) if "=" in word else (word, "") for word in each.split(","))
            target = words.get("target") or words["destination"]
            found.add((words["source"], target, bool({"ro", "readonly"} & words.keys())))
        for each in self.flags.get("--volume", []):
            source, target, *options = each.split(":")
            found.add((source, target, "ro" in ",".join(options).split(",")))
        return found


def read_run(words: list[str], image: str) -> Run:
    """Read the words after `run`; every flag that takes a value is followed by it or has it after `=`."""
    left, flags = list(words), {}
    while left and left[0].startswith("-"):
        name, separator, value = left.pop(0).partition("=")
        name = _LONG.get(name, name)
        if not separator and name not in _WITHOUT_VALUE:
            value = left.pop(0)
        flags.setdefault(name, []).append(value)
    assert left[:1] == [image], f"{image} was expected"
    return Run(left[0], left[1:], flags)
