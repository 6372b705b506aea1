"""moto: Amazon's services in memory, with their checksums, preconditions and roles. Checks no signatures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from servers import free_port, program, running
from servers.s3 import BUCKET, S3Store


@contextmanager
def moto(log: Path) -> Iterator[S3Store]:
    """An empty store, for small objects: it reads all of one for every range of it."""
    port = free_port()
    with running([program("moto_server"), "-H", "127.0.0.1", "-p", str(port)], port, log):
        store = S3Store(f"http://127.0.0.1:{port}")
        store.client().create_bucket(Bucket=BUCKET)
        yield store
