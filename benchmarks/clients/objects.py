"""obstore: ranges of 16 MiB, eight at once, written where they belong. No checksum."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import obstore
from obstore.store import S3Store

from clients import run

PART_BYTES = 16 * 1024 * 1024


def download(source: str, into: str) -> None:
    bucket, _, prefix = source.removeprefix("s3://").partition("/")
    store = S3Store(bucket, endpoint=os.environ["AWS_ENDPOINT_URL"], client_options={"allow_http": True})
    Path(into).mkdir()
    with ThreadPoolExecutor(8) as pool:
        for each in store.list(f"{prefix}/").collect():
            _object(store, each["path"], each["size"], Path(into, Path(each["path"]).name), pool)


def _object(store: S3Store, key: str, size: int, target: Path, pool: ThreadPoolExecutor) -> None:
    with target.open("wb") as file:
        file.truncate(size)

        def part(start: int) -> None:
            data = obstore.get_range(store, key, start=start, end=min(start + PART_BYTES, size))
            os.pwrite(file.fileno(), memoryview(data), start)

        list(pool.map(part, range(0, size, PART_BYTES)))


run(download)
