"""Caches with something in them, for tests of the commands that look at them."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aim_runtime.models import manifest
from fakes.hub import write_model
from running import run

DAY_S = 86400.0


def fetched(cache: Path, model_id: str, *, shards: int = 1, days_ago: float | None = None) -> Path:
    """A model as a fetch leaves it; with `days_ago` it was used last then."""
    folder = write_model(cache / model_id, shards=shards, payload_bytes=1000)
    manifest.seal(folder, f"hf://{model_id}", "c0ffee" + "0" * 34, lambda _: None)
    if days_ago is not None:
        used(cache, model_id, days_ago)
    return folder


def used(cache: Path, model_id: str, days_ago: float) -> None:
    note = cache / ".aim/used" / model_id.replace("/", "--")
    note.parent.mkdir(parents=True, exist_ok=True)
    note.touch()
    age(note, days_ago)


def age(path: Path, days: float) -> None:
    """Make a file, or a folder with all that is in it, this old."""
    then = time.time() - days * DAY_S
    for each in (*path.rglob("*"), path):
        os.utime(each, (then, then), follow_symlinks=False)


def snapshot(hub: Path, model_id: str, commit: str = "a" * 40, ref: str | None = "main") -> Path:
    """A model in the hub's layout, with links to blobs, as another program leaves it."""
    import hashlib

    repository = hub / f"models--{model_id.replace('/', '--')}"
    folder = write_model(repository / "snapshots" / commit)
    (repository / "blobs").mkdir(exist_ok=True)
    for path in list(folder.iterdir()):
        data = path.read_bytes()
        lfs = path.suffix == ".safetensors"
        name = hashlib.sha256(data) if lfs else hashlib.sha1(b"blob %d\0" % len(data) + data)
        blob = repository / "blobs" / name.hexdigest()
        path.replace(blob)
        path.symlink_to(os.path.relpath(blob, path.parent))
    if ref:
        (repository / "refs").mkdir(exist_ok=True)
        (repository / "refs" / ref).write_text(commit)
    return folder


def flip(path: Path) -> None:
    """Change the last byte: what a disk does, and no size or header shows."""
    with path.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        byte = file.read(1)[0]
        file.seek(-1, os.SEEK_END)
        file.write(bytes([byte ^ 0xFF]))


def cache_json(verb: str, *args: str, env: Mapping[str, str]) -> Any:
    """What `aim-runtime cache VERB --format json` prints."""
    done = run("cache", verb, *args, "--format", "json", env=env)
    assert "Traceback" not in done.stderr, done.stderr
    return json.loads(done.stdout)


def remount_read_only(folder: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
