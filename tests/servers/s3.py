"""What the tests need to know of an S3 store that runs, whichever it is."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KEY, SECRET = "AKIDFORTESTS", "secret/for+tests"
BUCKET = "models"


@dataclass(frozen=True)
class S3Store:
    """A store on the loopback with the bucket `models`."""

    endpoint: str

    @property
    def environment(self) -> dict[str, str]:
        """The variables of somebody who may read it, and no configuration of this machine's."""
        return {**nobodys(), **keys(), "AWS_ENDPOINT_URL": self.endpoint}

    def put(self, objects: Mapping[str, bytes], **more: Any) -> None:
        """Store objects by key; `more` are arguments of PutObject."""
        client = self.client()
        for key, body in objects.items():
            client.put_object(Bucket=BUCKET, Key=key, Body=body, **more)

    def client(self) -> Any:
        """A client that sends nothing of its own accord: no checksum that was not asked for."""
        import boto3
        from botocore.config import Config

        options = Config(s3={"addressing_style": "path"}, request_checksum_calculation="when_required")
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
            region_name="us-east-1",
            config=options,
        )


def keys(key: str = KEY, secret: str = SECRET) -> dict[str, str]:
    """The variables that give a pair of keys."""
    return {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret}


def nobodys() -> dict[str, str]:
    """The variables of somebody without keys, profile or role, whom no metadata service knows."""
    return {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def write(folder: Path, objects: Mapping[str, bytes]) -> Path:
    """Write objects as files, for the stores that serve a folder; the first folder is the bucket."""
    for key, body in objects.items():
        path = folder / BUCKET / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    (folder / BUCKET).mkdir(parents=True, exist_ok=True)
    return folder
