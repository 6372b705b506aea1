"""README's table of where to run it: each command is run as it stands, and what comes out is checked.

docker, podman, kubectl and helm only write down what they are told.
"""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import helm_python as helm
import kubernetes_validate
import pytest
import yaml

from contract import crds, kserve_models
from contract.containers import AMD
from contract.helm_chart import rendered
from contract.semantic import findings
from contract.units import podman_run, read
from running import AIM, environment

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
_TABLE = README.partition("| on | command |\n")[2].partition("\n\n")[0]
COMMANDS = {
    words: command.replace("\\|", "|")
    for words, command in re.findall(r"^\| \[([^]]+)\]\([^)]+\) \| `(.+)` \|$", _TABLE, re.M)
}
_PROGRAM = """#!{python}
import json, sys
from pathlib import Path
words = [Path(sys.argv[0]).name, *sys.argv[1:]]
with open({record!r}, "a") as record:
    record.write(json.dumps([words, sys.stdin.read() if "-" in words else ""]) + "\\n")
"""


def test_the_table_is_whole() -> None:
    assert list(COMMANDS) == [*CHECKS]


@pytest.mark.parametrize("where", COMMANDS)
def test_a_command_works_as_it_stands(where: str, tmp_path: Path) -> None:
    (tmp_path / "deploy").symlink_to(ROOT / "deploy")
    env = {**environment(tmp_path, AIM_MANAGEMENT_PORT="8001", **AMD), "HOME": str(tmp_path)}
    env["PATH"] = f"{AIM.parent}:{_programs(tmp_path)}:{os.environ['PATH']}"
    shell = ["bash", "-e", "-o", "pipefail", "-c", COMMANDS[where]]
    done = subprocess.run(shell, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    CHECKS[where](tmp_path)


def _programs(folder: Path) -> Path:
    there = folder / "bin"
    there.mkdir()
    for name in ("docker", "podman", "kubectl", "helm"):
        program = there / name
        program.write_text(_PROGRAM.format(python=sys.executable, record=str(folder / "calls.jsonl")))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return there


def _calls(folder: Path) -> list[tuple[list[str], str]]:
    return [
        (words, text) for words, text in map(json.loads, (folder / "calls.jsonl").read_text().splitlines())
    ]


def _applied(folder: Path) -> list[dict[str, Any]]:
    ((words, text),) = _calls(folder)
    assert words == ["kubectl", "apply", "-f", "-"]
    return list(yaml.safe_load_all(text))


def _runs(engine: str) -> Callable[[Path], None]:
    def check(folder: Path) -> None:
        (run,) = [words for words, _ in _calls(folder) if words[1] == "run"]
        assert run[0] == engine
        assert "--read-only" in run
        assert any("/dev/kfd" in word for word in run)

    return check


def _composes(folder: Path) -> None:
    ((words, _),) = _calls(folder)
    assert words == ["docker", "compose", "up", "--detach", "--wait"]
    (service,) = yaml.safe_load((folder / "compose.yaml").read_text())["services"].values()
    assert any("/dev/kfd" in device for device in service["devices"])


def _units(folder: Path) -> None:
    (unit,) = (folder / ".config/containers/systemd").glob("*.container")
    assert "--read-only" in " ".join(podman_run(read(unit.read_text())))


def _is_kubernetes(folder: Path) -> None:
    objects = _applied(folder)
    assert findings(objects) == []
    for each in objects:
        kubernetes_validate.validate(each, "1.33", strict=True)


def _is_helm(folder: Path) -> None:
    ((words, _),) = _calls(folder)
    chart, values = words[4], words[6]
    assert words[:4] == ["helm", "upgrade", "--install", "llm"]
    assert (folder / chart / "Chart.yaml").is_file()
    said: Mapping[str, Any] = yaml.safe_load((folder / values).read_text())
    with helm.Chart.load((folder / chart).resolve()) as loaded:
        assert "Deployment" in {each["kind"] for each in rendered(loaded, said)}


def _is_kserve(folder: Path) -> None:
    services = [each for each in _applied(folder) if each["kind"] == "InferenceService"]
    assert [kserve_models.faults(each) for each in services] == [[]]


def _is(kind: str) -> Callable[[Path], None]:
    """An object of this kind is there and, where the definitions are beside the project, it follows them."""

    def check(folder: Path) -> None:
        found = [each for each in _applied(folder) if each["kind"] == kind]
        assert len(found) == 1
        if crds.CRDS:
            assert crds.faults(found[0]) == []

    return check


CHECKS: dict[str, Callable[[Path], None]] = {
    "docker": _runs("docker"),
    "podman": _runs("podman"),
    "Compose": _composes,
    "systemd": _units,
    "Kubernetes": _is_kubernetes,
    "Helm": _is_helm,
    "KServe": _is_kserve,
    "AMD's aim-engine": _is("AIMService"),
    "several machines": _is("LeaderWorkerSet"),
}
