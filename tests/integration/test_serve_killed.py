"""An engine that the kernel kills for memory, in a real control group: told by the kernel's own counter."""

from __future__ import annotations

import subprocess
from pathlib import Path

from integration.serving_support import fake_environment
from machines.group import small_group
from running import AIM, free_port

# The least that the plan finds room in; the engine takes more.
_LIMIT = 2400 * 1024**2


def test_the_kernels_kill_is_told_from_any_other(tmp_path: Path) -> None:
    env = fake_environment(
        tmp_path,
        FAKE_ENGINE="greedy",
        VLLM_CPU_KVCACHE_SPACE="1",
        AIM_PORT=str(free_port()),
        AIM_MANAGEMENT_PORT=str(free_port()),
        AIM_TERMINATION_LOG=str(tmp_path / "termination"),
    )
    with small_group(_LIMIT) as group:
        # The shell enters the group, and with it what it becomes and all that this starts.
        command = f'echo $$ > "{group}/cgroup.procs" && exec "{AIM}" serve'
        done = subprocess.run(
            ["sh", "-c", command], env=env, capture_output=True, text=True, timeout=60, check=False
        )
    assert done.returncode == 6, done.stderr
    told = "the kernel killed a process of the engine: the memory limit of 2.3 GiB was reached"
    assert told in done.stderr
    assert (tmp_path / "termination").read_text().startswith(told)
