"""rclone: the odd store. It answers a range with status 200, and lists ETags without their quotes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from servers import free_port, program, running
from servers.s3 import KEY, SECRET, S3Store


@contextmanager
def rclone(root: Path, log: Path) -> Iterator[S3Store]:
    """Serve `root`, each folder of which is a bucket."""
    port = free_port()
    argv = [program("rclone"), "serve", "s3", f"--addr=127.0.0.1:{port}", f"--auth-key={KEY},{SECRET}"]
    with running([*argv, f"--config={os.devnull}", str(root)], port, log):
        yield S3Store(f"http://127.0.0.1:{port}")
