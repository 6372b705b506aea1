"""What goes wrong with an engine, by FAKE_ENGINE.

`hang` (runs and is never ready), `crash-once` (exit 3 at the first of two starts), `strays` (leaves a process
in another session and one without a parent), `flood` (100 MB of lines, one of 10 MB, and bytes that are no
text, before it is ready; the last line is "flood: over"), `greedy` (takes 3 GiB of memory).
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HOW = os.environ.get("FAKE_ENGINE", "")
_SLEEPS = "import time; time.sleep(600)"
# Starts a process, says which, and ends: that loses its parent.
_LEAVES = "import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', sys.argv[1]]).pid)"


def crash_once() -> None:
    """End as a crash the first time that this is called in the folder of the record."""
    if HOW != "crash-once":
        return
    crashed = Path(os.environ["FAKE_ENGINE_RECORD"]).with_name("crashed")
    if not crashed.exists():
        crashed.touch()
        print("fake engine: RuntimeError: not yet", file=sys.stderr, flush=True)
        sys.exit(3)


def greedy() -> None:
    """Take more memory than a small control group has."""
    if HOW == "greedy":
        bytearray(3 << 30)


def strays() -> list[int]:
    """Start processes that are not in the engine's session, and not below it; return their ids."""
    if HOW != "strays":
        return []
    command = [sys.executable, "-c", _SLEEPS]
    of_its_own = subprocess.Popen(command, start_new_session=True)
    orphan = subprocess.Popen(
        [sys.executable, "-c", _LEAVES, _SLEEPS], stdout=subprocess.PIPE, start_new_session=True
    )
    assert orphan.stdout
    return [of_its_own.pid, int(orphan.stdout.readline())]


def flood() -> None:
    """Write more than anybody wants to read."""
    if HOW != "flood":
        return
    lines = b"".join(b"%06d %s\n" % (number, b"x" * 92) for number in range(10_000))
    out = sys.stdout.buffer
    for _ in range(100):
        out.write(lines)
    out.write(b"y" * 10_000_000 + b"\n" + bytes(range(256)) * 100 + b"\nflood: over\n")
    out.flush()
