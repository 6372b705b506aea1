"""A folder mounted by rclone: a real file system of those that lack a lot."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from servers import START_S, program

_FUSERMOUNT = Path(__file__).parents[1] / "fakes/fuse"


@contextmanager
def mounted(source: Path, at: Path, *switches: str) -> Iterator[None]:
    """Mount `source` at the empty folder `at` while the block runs; for root, in its own mount namespace."""
    cache = at.with_name(f"{at.name}-cache")
    argv = [program("rclone"), "mount", str(source), str(at), f"--cache-dir={cache}", *switches]
    environment = {
        "PATH": f"{_FUSERMOUNT}:{Path(sys.executable).parent}:{os.defpath}",
        "HOME": str(cache),
        "RCLONE_CONFIG": os.devnull,
        "RCLONE_VFS_WRITE_BACK": "0s",
    }
    with subprocess.Popen(argv, env=environment, stderr=subprocess.PIPE) as process:
        try:
            deadline = time.monotonic() + START_S
            while not at.is_mount():
                assert process.poll() is None, process.communicate()[1]
                assert time.monotonic() < deadline, "rclone does not mount"
                time.sleep(0.05)
            yield
        finally:
            process.terminate()
            process.communicate(timeout=10)
    shutil.rmtree(cache, ignore_errors=True)
