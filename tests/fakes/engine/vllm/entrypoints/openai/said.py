"""What a real engine printed, printed again."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

DELAY_S = 0.005


def say(log: str | None) -> None:
    """Print the lines of a file as they are, with their carriage returns, a moment between two.

    Bars go to stderr, as tqdm has it. Lines that begin with "# " are words about the log.
    """
    lines = Path(log).read_bytes().split(b"\n") if log else []
    for line in lines:
        if not line.startswith(b"# "):
            bar = b"%|" in line or b"% Completed" in line
            os.write((sys.stderr if bar else sys.stdout).fileno(), line + b"\n")
            time.sleep(DELAY_S)
