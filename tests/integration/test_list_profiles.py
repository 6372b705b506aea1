"""`list-profiles`: every row, its state, and the formats."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import termios
from pathlib import Path
from typing import Any

import pytest
import yaml

from running import AIM, COHERE, environment, run

SEED_COLUMNS = ["Profile", "GPU", "Precision", "Engine", "GPU count", "Metric", "Type"]
# The profiles of the catalogue that matter to the Cohere AIM: its own 30, 51 general ones, 2 custom ones.
ROWS = 30 + 51 + 2


def test_every_row_of_the_seed_with_its_columns(tmp_path: Path) -> None:
    done = run("list-profiles", env=environment(tmp_path, AIM_ID=COHERE))
    assert done.returncode == 0
    header, *rows = done.stdout.splitlines()
    assert [column for column in SEED_COLUMNS if column not in header] == []
    assert len(rows) == ROWS
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
    again = yaml.safe_load(run("list-profiles", "--format", "yaml", env=env).stdout)
    assert without_the_cpu(again) == without_the_cpu(rows)
    assert [row["profile_id"] for row in again] == [row["profile_id"] for row in rows]
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
    assert len(rows) == ROWS + 1


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
    assert f"{ROWS} profiles: 6 compatible" in shown.replace("\r\n", " ")


def test_a_terminal_shows_what_would_be_chosen_and_what_it_needs(tmp_path: Path) -> None:
    env = environment(tmp_path, AIM_ID=COHERE, AIM_ACCELERATOR_MODEL="MI300X", TERM="xterm-256color")
    shown = plain(on_a_terminal([str(AIM), "list-profiles"], env, 140))
    (chosen,) = [line for line in shown.splitlines() if line.startswith("▶")]
    assert chosen.split()[1:4] == ["vllm-mi300x-fp16-tp8-latency", "MI300X", "8"]
    assert "█░░░░░░░  32.4/176.6" in chosen
    assert "Would be chosen: vllm-mi300x-fp16-tp8-latency (ranks first by" in shown
    layers = [line.strip() for line in shown.splitlines() if line.startswith("  ") and "  " not in line[2:]]
    assert layers == ["custom, for one model", "of the model", "general, for any model"]


def test_what_does_not_fit_is_red(tmp_path: Path) -> None:
    env = environment(tmp_path, AIM_ID=COHERE, AIM_ACCELERATOR_MODEL="MI300X", TERM="xterm-256color")
    shown = on_a_terminal([str(AIM), "list-profiles", "--state", "memory_mismatch"], env, 140)
    assert "\x1b[31m████████ " in shown
    assert "\x1b[31mmemory_mismatch" in shown


@pytest.mark.parametrize("columns", [80, 140])
def test_the_table_is_not_wider_than_the_terminal(columns: int, tmp_path: Path) -> None:
    env = environment(tmp_path, AIM_ID=COHERE, AIM_ACCELERATOR_MODEL="MI300X", TERM="xterm-256color")
    shown = plain(on_a_terminal([str(AIM), "list-profiles"], env, columns))
    assert [line for line in shown.splitlines() if len(line) > columns] == []
    assert "32.4/176.6" in shown


def test_without_a_profile_the_terminal_names_the_nearest_change(tmp_path: Path) -> None:
    env = environment(tmp_path, AIM_ID=COHERE, AIM_ACCELERATOR_MODEL="MI300X", AIM_ACCELERATOR_COUNT="1")
    shown = plain(on_a_terminal([str(AIM), "list-profiles"], env, 200))
    assert "▶" not in shown
    assert "Would be chosen: none; no profile for" in shown
    assert "Nearest: general/vllm-mi300x-fp16-tp2-latency; set AIM_ACCELERATOR_COUNT=2" in shown


def test_an_encoding_without_blocks_gets_plain_symbols(tmp_path: Path) -> None:
    env = environment(tmp_path, AIM_ID=COHERE, AIM_ACCELERATOR_MODEL="MI300X", PYTHONIOENCODING="ascii")
    shown = plain(on_a_terminal([str(AIM), "list-profiles"], env, 140))
    assert shown.isascii()
    assert "\n> vllm-mi300x-fp16-tp8-latency" in shown.replace("\r", "")
    assert "#.......  32.4/176.6" in shown


def test_two_files_of_one_id_are_both_listed(tmp_path: Path) -> None:
    for name in ("a", "b"):
        folder = tmp_path / "profiles" / "custom" / name
        folder.mkdir(parents=True)
        (folder / "mine.yaml").write_text(
            "metadata: {engine: vllm, accelerator_model: MI300X, accelerator_count: 8, precision: fp16,\n"
            "  metric: latency, type: optimized}\nengine_args: {}\nenv_vars: {}\n"
        )
    env = environment(
        tmp_path, AIM_ID=COHERE, AIM_ACCELERATOR_MODEL="MI300X", AIM_PROFILES_PATH=str(tmp_path / "profiles")
    )
    shown = plain(on_a_terminal([str(AIM), "list-profiles"], env, 140))
    lines = [line for line in shown.splitlines() if line.lstrip("▶ ").startswith("mine ")]
    assert sorted(line.split()[-1] for line in lines) == ["compatible", "invalid"]
    assert sum(line.startswith("▶") for line in lines) == 1


def test_verbose_columns_come_after_the_others(tmp_path: Path) -> None:
    env = environment(tmp_path, AIM_ID=COHERE, AIM_ACCELERATOR_MODEL="MI300X")
    header, *rows = run("list-profiles", "-v", env=env).stdout.splitlines()
    assert header.split("  ")[-1].strip() == "Reasons"
    (best,) = [row.split() for row in rows if row.split()[8] == "vllm-mi300x-fp16-tp8-latency"]
    assert best[7:] == ["compatible", "vllm-mi300x-fp16-tp8-latency", "32.4", "176.6"]


def test_rows_for_machines_have_the_change_and_the_memory(tmp_path: Path) -> None:
    env = environment(tmp_path, AIM_ID=COHERE, AIM_ACCELERATOR_MODEL="MI300X")
    listed = without_the_cpu(json.loads(run("list-profiles", "--format", "json", env=env).stdout))
    rows = {row["profile_id"]: row for row in listed}
    assert rows["vllm-mi300x-fp16-tp8-throughput"]["change"] == "set AIM_METRIC=throughput"
    assert rows["vllm-mi300x-fp16-tp8-latency"]["change"] is None
    assert rows["vllm-mi300x-fp16-tp8-latency"]["memory"]["fits"] is True
    explained = json.loads(run("explain", "--format", "json", env=env).stdout)["profiles"]
    memory = {each["profile_id"]: each["memory"] for each in explained}
    assert {name: memory[name] for name in rows} == {name: row["memory"] for name, row in rows.items()}


def without_the_cpu(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows but those whose numbers change from run to run: with the memory that is free."""
    return [row for row in rows if row["profile"]["metadata"]["accelerator_type"] == "gpu"]


def plain(shown: str) -> str:
    """What a terminal showed, without its colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", shown)


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
