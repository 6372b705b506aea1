"""README's console blocks are run, and print what the README says; what else it claims is looked up."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from running import AIM, environment

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
HARDWARE = (ROOT / "docs/hardware.md").read_text(encoding="utf-8")
_CONSOLE = re.compile(r"```console\n\$ (?P<command>[^\n]+)\n(?P<output>.*?)```", re.DOTALL)
CONSOLE = _CONSOLE.findall(README)
LINKS = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)


SHOWN = [*CONSOLE, *_CONSOLE.findall(HARDWARE)]


@pytest.mark.parametrize(("command", "output"), SHOWN, ids=[command for command, _ in SHOWN])
def test_console_blocks_print_what_they_show(command: str, output: str, tmp_path: Path) -> None:
    env = environment(tmp_path)
    env["PATH"] = f"{AIM.parent}:{env['PATH']}"
    done = subprocess.run(
        ["bash", "-c", f"{command} 2>&1"], env=env, capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.stdout == output


def test_there_are_console_blocks() -> None:
    assert len(CONSOLE) == 5


@pytest.mark.parametrize("link", LINKS)
def test_links_lead_somewhere(link: str) -> None:
    assert (ROOT / link).exists()


def test_the_two_commands_are_targets() -> None:
    blocks = re.findall(r"```sh\n(make \w+)\n```", README)
    assert blocks == ["make serve", "make test"]
    for command in blocks:
        done = subprocess.run(
            ["make", "-n", "-C", ROOT, command.split()[1]], capture_output=True, check=False
        )
        assert done.returncode == 0


def test_the_python_block_is_python() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    compile(code, "README.md", "exec")
