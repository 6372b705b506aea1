"""SeaweedFS: a store as people run it: multipart ETags, users with rights of their own."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from servers import START_S, free_port, program, running
from servers.s3 import BUCKET, KEY, SECRET, S3Store

# May list all, and read what is below org/ alone.
READER = ("reader", "readersecret")
# May do nothing with the bucket.
STRANGER = ("stranger", "strangersecret")
_PORTS = ("master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port")
_MORE_PORTS = ("filer.port.grpc", "s3.port.grpc")


@contextmanager
def seaweed(folder: Path) -> Iterator[S3Store]:
    """An empty store that keeps its files and its log below `folder`."""
    port, data = free_port(), folder / "data"
    data.mkdir(parents=True)
    users = folder / "users.json"
    users.write_text(json.dumps({"identities": _identities()}))
    argv = [program("weed"), "server", "-dir", str(data), "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer"]
    argv += ["-master.telemetry=false", "-master.volumeSizeLimitMB=64", "-volume.max=40"]
    argv += [f"-{name}={free_port()}" for name in (*_PORTS, *_MORE_PORTS)]
    argv += [f"-filer.localSocket={folder / 'filer.sock'}", "-s3", f"-s3.port={port}", f"-s3.config={users}"]
    argv += ["-s3.port.iceberg=0", "-s3.port.lance=0"]
    with running(argv, port, folder / "log") as process:
        store = S3Store(f"http://127.0.0.1:{port}")
        _make_bucket(store)
        yield store
        process.kill()  # it takes half a minute to end in good order, and nobody wants its files


def _identities() -> list[dict[str, object]]:
    rights = {
        (KEY, SECRET): ["Admin", "Read", "Write", "List"],
        READER: [f"List:{BUCKET}", f"Read:{BUCKET}/org/*"],
        STRANGER: ["Read:elsewhere", "List:elsewhere"],
    }
    return [
        {"name": key, "credentials": [{"accessKey": key, "secretKey": secret}], "actions": actions}
        for (key, secret), actions in rights.items()
    ]


def _make_bucket(store: S3Store) -> None:
    """Its port is open before the parts behind it have found each other."""
    from botocore.exceptions import BotoCoreError, ClientError

    client, deadline = store.client(), time.monotonic() + START_S
    while True:
        try:
            client.create_bucket(Bucket=BUCKET)
            return
        except (BotoCoreError, ClientError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
