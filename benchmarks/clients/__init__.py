"""The contestants of benchmarks/download.py: one program a client, `python -m clients.NAME SOURCE INTO`.

Each prints one JSON object: the seconds from the first request to the last byte on disk (imports are not
counted: they are the same for a kilobyte), and the most memory it held.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path


def run(download: Callable[[str, str], None]) -> None:
    """Time one download of the source and folder that the command line names."""
    source, into = sys.argv[1:3]
    began = time.perf_counter()
    download(source, into)
    seconds = time.perf_counter() - began
    print(json.dumps({"seconds": seconds, "peak_mb": _peak_mb()}))


def _peak_mb() -> float:
    """The most memory this program held; getrusage would count what its parent held when it forked."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024
