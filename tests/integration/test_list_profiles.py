"""`list-profiles`: every row, its state, and the formats."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import struct
import subprocess
import termios
from pathlib import Path

import pytest
import yaml

from running import AIM, COHERE, environment, run

SEED_COLUMNS = ["Profile", "GPU", "Precision", "Engine", "GPU count", "Metric", "Type"]
SEED_ROWS = 32


def test_every_row_of_the_seed_with_its_columns(tmp_path: Path) -> None:
    done = run("list-profiles", env=environment(tmp_path, AIM_ID=COHERE))
    assert done.returncode == 0
    header, *rows = done.stdout.splitlines()
    assert [column for column in SEED_COLUMNS if column not in header] == []
    assert len([row for row in rows if " CPU " not in row]) == SEED_ROWS
    assert rows[0].split()[:7] == [
        "vllm-mi300x-fp16-tp8-latency",
        "MI300X",
        "fp16",
        "vllm",
        "8",
        "latency",
        "unoptimized",
    ]
    assert "\x1b" not in done.stdout


def test_skipping_the_check_touches_no_device(tmp_path: Path) -> None:
    # A name that no device has would be refused, if devices were looked at.
    env = environment(tmp_path, AIM_ID=COHERE, AIM_ACCELERATOR_MODEL="MI9999")
    done = run("list-profiles", "--skip-compatibility-check", "--format", "json", env=env)
    assert done.returncode == 0
    assert {row["compatibility"] for row in json.loads(done.stdout)} == {"unknown"}


def test_json_and_yaml_are_flat_lists(tmp_path: Path) -> None:
    env = environment(tmp_path, AIM_ID=COHERE, AIM_ACCELERATOR_MODEL="MI300X")
    rows = json.loads(run("list-profiles", "--format", "json", env=env).stdout)
    assert yaml.safe_load(run("list-profiles", "--format", "yaml", env=env).stdout) == rows
    states = {row["profile_id"]: row["compatibility"] for row in rows}
    assert states["vllm-mi300x-fp16-tp8-latency"] == "compatible"
    assert states["vllm-mi300x-fp16-tp8-throughput"] == "metric_mismatch"
    assert states["vllm-mi325x-fp16-tp8-latency"] == "gpu_mismatch"
    assert states["general/vllm-mi300x-fp16-tp1-latency"] == "memory_mismatch"
    assert states["custom/deepseek-ai/DeepSeek-R1-0528/vllm-mi300x-fp16-tp8-latency"] == "model_mismatch"


@pytest.mark.parametrize("state", ["gpu_mismatch", "accelerator_mismatch"])
def test_both_names_of_a_state_filter(state: str, tmp_path: Path) -> None:
    env = environment(tmp_path, AIM_ID=COHERE, AIM_ACCELERATOR_MODEL="MI300X")
    rows = json.loads(run("list-profiles", "--state", state, "--format", "json", env=env).stdout)
    assert rows
    assert {row["compatibility"] for row in rows} == {"gpu_mismatch"}


def test_a_broken_custom_profile_is_listed_and_the_others_stay(tmp_path: Path) -> None:
    custom = tmp_path / "profiles" / "custom" / "general"
    custom.mkdir(parents=True)
    broken = custom / "vllm-mi300x-fp16-tp1-latency.yaml"
    broken.write_text("metadata:\n  engine: vllm\n  precison: fp8\n")
    env = environment(tmp_path, AIM_ID=COHERE, AIM_PROFILES_PATH=str(tmp_path / "profiles"))
    rows = json.loads(run("list-profiles", "--format", "json", env=env).stdout)
    (found,) = [row for row in rows if row["compatibility"] == "invalid"]
    assert found["profile_id"] == "custom/general/vllm-mi300x-fp16-tp1-latency"
    (reason,) = found["reasons"]
    assert str(broken) in reason
    assert "line 3" in reason
    assert "did you mean precision" in reason
    assert len(rows) > SEED_ROWS


def test_a_closed_pipe_is_no_error(tmp_path: Path) -> None:
    env = environment(tmp_path, AIM_ID=COHERE)
    with subprocess.Popen(
        [AIM, "list-profiles", "--format", "json"], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(30) == 0


@pytest.mark.parametrize("columns", [60, 200])
def test_on_a_terminal_nothing_is_cut(columns: int, tmp_path: Path) -> None:
    env = environment(tmp_path, AIM_ID=COHERE, AIM_ACCELERATOR_MODEL="MI300X", TERM="xterm-256color")
    shown = on_a_terminal([str(AIM), "list-profiles", "-v"], env, columns)
    assert "\x1b[32mcompatible" in shown
    assert "\x1b[33mmetric_mismatch" in shown
    assert "…" not in shown
    assert "AIM_PROFILE_ID=custom/deepseek-ai/DeepSeek-R1-0528/vllm-mi300x-fp16-tp8-latency" in shown
    assert "34 profiles, 6 compatible" in shown


def on_a_terminal(command: list[str], env: dict[str, str], columns: int) -> str:
    """Run a command on a terminal of its own and return what it showed."""
    pid, terminal = pty.fork()
    if pid == 0:
        fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
        os.execve(command[0], command, env)
    shown = b""
    while True:
        try:
            shown += os.read(terminal, 65536)
        except OSError:  # Linux: the program has ended
            break
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    return shown.decode()
