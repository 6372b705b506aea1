"""docs/containers.md: every command of ours that it shows is run, and what it says is the program's."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from contract.containers import AMD, containers_on_path
from running import AIM, environment

PAGE = (Path(__file__).parents[2] / "docs/containers.md").read_text(encoding="utf-8")
BLOCKS = "\n".join(re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL))
COMMANDS = sorted(
    {*re.findall(r"`(aim-runtime generate [^`]+)`", PAGE), *re.findall(r"^aim-runtime .*", BLOCKS, re.M)}
)


def test_there_are_commands() -> None:
    assert len(COMMANDS) >= 9
    assert f"export AIM_ID={AMD['AIM_ID']} AIM_ACCELERATOR_MODEL=MI300X\n" in BLOCKS


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_works_as_it_stands(command: str, tmp_path: Path) -> None:
    """With docker and podman that only write down what they are told."""
    there, record = containers_on_path(tmp_path)
    env = {**environment(tmp_path, **AMD, AIM_MANAGEMENT_PORT="8001"), **there}
    env["PATH"] = f"{AIM.parent}:{env['PATH']}"
    shell = ["bash", "-e", "-o", "pipefail", "-c", command]
    done = subprocess.run(shell, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    if command.endswith("| sh"):
        assert '"run"' in record.read_text()


def test_the_table_of_numbers_is_the_programs() -> None:
    from aim_runtime.deploy.container.container import PIDS, TMP_BYTES
    from aim_runtime.deploy.identity import GPU_GROUPS

    assert f"{PIDS:,} processes and threads" in PAGE
    assert f"{TMP_BYTES // 1024**3} GB at most" in PAGE
    assert [44, *range(104, 111), 992, 993] == GPU_GROUPS
