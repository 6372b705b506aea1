"""This package's sources, as `serve` uses them: every byte is checked against its checksum."""

from __future__ import annotations

import os
from pathlib import Path

# Before the clock runs, as for the others: what this package imports only when it is needed.
import botocore.auth
import botocore.session  # noqa: F401
from huggingface_hub import HfApi, get_hf_file_metadata  # noqa: F401

from aim_runtime.models.ref import ModelRef
from aim_runtime.models.sources.table import Surroundings, source_for
from clients import run


def download(source: str, into: str) -> None:
    ref = ModelRef.parse(source)
    around = Surroundings(os.environ.get("HF_ENDPOINT", ""), dict(os.environ))
    folder = Path(into)
    folder.mkdir()
    fetched = source_for(ref.scheme, around).fetch(ref, folder, lambda _: None)
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {path.relative_to(folder).as_posix() for path in files} == set(fetched.digests), "not all verified"


run(download)
