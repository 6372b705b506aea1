"""boto3's download_file with its defaults, object after object, as most programs use it.

Since 1.36 it checks what it can where the store sends a checksum, for whole objects only.
"""

from __future__ import annotations

import os
from pathlib import Path

import boto3

from clients import run


def download(source: str, into: str) -> None:
    bucket, _, prefix = source.removeprefix("s3://").partition("/")
    client = boto3.client("s3", endpoint_url=os.environ["AWS_ENDPOINT_URL"])
    Path(into).mkdir()
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{prefix}/"):
        for each in page.get("Contents", []):
            client.download_file(bucket, each["Key"], str(Path(into, Path(each["Key"]).name)))


run(download)
