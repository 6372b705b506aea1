"""How long the command line takes, as a ratio to a bare interpreter start.

    python benchmarks/cli_startup.py [ROUNDS]

Runs `python -c pass` and each command in turn, interleaved, and prints the median of the ratios of
one round with their 10th and 90th percentile: machines are noisy, a ratio within a round is less so.
Then what detection adds: a server of 8 boards in 64 slices, written as the kernel shows it, against the
same server without GPUs. The files are in memory here; a kernel makes them anew at each look.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))  # the machines are those of the tests

from machines import mi300x_cpx_nps4, no_gpu, write
from machines.files import scratch

AIM = Path(sys.executable).with_name("aim-runtime")
COHERE = {"AIM_ID": "CohereLabs/command-a-reasoning-08-2025", "AIM_ACCELERATOR_MODEL": "MI300X"}
BARE = [sys.executable, "-c", "pass"]
COMMANDS = {
    "--version": [str(AIM), "--version"],
    "--help": [str(AIM), "--help"],
    "list-profiles": [str(AIM), "list-profiles"],
    "dry-run": [str(AIM), "dry-run"],
    "dry-run --format json": [str(AIM), "dry-run", "--format", "json"],
}
TARGET, TARGET_DETECTION_MS = 15, 30
DETECT = [str(AIM), "detect-hardware"]


def seconds(command: list[str], settings: Mapping[str, str] = COHERE) -> float:
    """Run a command to its end and return its wall-clock time."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AIM_")}
    started = time.perf_counter()
    subprocess.run(command, env={**environment, **settings}, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started


def main(rounds: int) -> None:
    for command in (BARE, *COMMANDS.values()):
        seconds(command)  # compiles and warms the page cache
    ratios: dict[str, list[float]] = {name: [] for name in COMMANDS}
    bare_s = []
    for _ in range(rounds):
        bare_s.append(seconds(BARE))
        for name, command in COMMANDS.items():
            ratios[name].append(seconds(command) / bare_s[-1])
    print(f"bare interpreter: {statistics.median(bare_s) * 1000:.1f} ms, {rounds} rounds")
    for name, found in ratios.items():
        tenths = statistics.quantiles(found, n=10)
        print(f"{name:24} {statistics.median(found):5.1f} x  ({tenths[0]:.1f} to {tenths[-1]:.1f})")
    print(f"target: dry-run at most {TARGET} x")
    detection(rounds)


def detection(rounds: int) -> None:
    """What looking at 64 KFD nodes costs, in fresh processes, pair by pair."""
    with scratch() as folder:
        slices = {"AIM_HOST_ROOT": str(write(mi300x_cpx_nps4(), folder / "slices"))}
        nothing = {"AIM_HOST_ROOT": str(write(no_gpu(), folder / "nothing"))}
        seconds(DETECT, slices)
        added_ms = []
        for _ in range(rounds):
            without_s = seconds(DETECT, nothing)
            added_ms.append((seconds(DETECT, slices) - without_s) * 1000)
    tenths = statistics.quantiles(added_ms, n=10)
    print(
        f"detection of 64 nodes adds {statistics.median(added_ms):.1f} ms  "
        f"({tenths[0]:.1f} to {tenths[-1]:.1f}); target: at most {TARGET_DETECTION_MS} ms"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
