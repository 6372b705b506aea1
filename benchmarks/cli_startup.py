"""How long the command line takes, as a ratio to a bare interpreter start.

    python benchmarks/cli_startup.py [ROUNDS]

Runs `python -c pass` and each command in turn, interleaved, and prints the median of the ratios of
one round with their 10th and 90th percentile: machines are noisy, a ratio within a round is less so.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

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
TARGET = 15


def seconds(command: list[str]) -> float:
    """Run a command to its end and return its wall-clock time."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AIM_")}
    started = time.perf_counter()
    subprocess.run(command, env={**environment, **COHERE}, stdout=subprocess.DEVNULL, check=True)
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


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
