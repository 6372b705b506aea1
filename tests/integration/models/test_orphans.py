"""What other programs leave when they are killed, by the programs themselves; and that it goes again."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from aim_runtime.models.cache import Cache
from aim_runtime.models.layouts import Layout
from fakes.hub import write_model
from integration.caches import age, cache_json
from integration.models.s3.support import below, model
from integration.models.support import Fetcher, StartHub
from running import environment
from servers.hadro import Line, hadro
from servers.s3 import KEY, SECRET, write

HUB = """
import sys
from huggingface_hub import snapshot_download
snapshot_download("org/m", cache_dir=sys.argv[1], endpoint=sys.argv[2])
"""
BOTO3 = """
import boto3, sys
from botocore.config import Config
store = boto3.client("s3", endpoint_url=sys.argv[2], aws_access_key_id=sys.argv[3], region_name="us-east-1",
                     aws_secret_access_key=sys.argv[4], config=Config(s3={"addressing_style": "path"}))
store.download_file("models", "org/m/model.safetensors", f"{sys.argv[1]}/model.safetensors")
"""


def killed(program: str, *args: str, home: Path, left: Callable[[], list[Path]]) -> Path:
    """Kill a program when it has written a part of a file; what it leaves."""
    env = {**os.environ, "HOME": str(home), "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1"}
    with subprocess.Popen([sys.executable, "-c", program, *args], env=env) as process:
        deadline = time.monotonic() + 30
        while not left():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.kill()
    (found,) = left()
    return found


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "models")


def pruned(tmp_path: Path) -> list[str]:
    found: list[str] = cache_json("prune", "--yes", env=environment(tmp_path))["removed"]
    return found


def left_by_the_hubs_client(tmp_path: Path, cache: Cache, start_hub: StartHub) -> Path:
    slow = start_hub("--rate", "8000000")  # its client writes by 10 MiB
    write_model(slow.root / "org/m", payload_bytes=24_000_000)
    blobs = cache.repository("org/m") / "blobs"

    def left() -> list[Path]:
        return [path for path in blobs.glob("*.incomplete") if path.stat().st_size > 100]

    return killed(HUB, str(cache.hub), slow.endpoint, home=tmp_path / "home", left=left)


def test_the_hubs_client_is_killed_and_prune_tidies_up(
    tmp_path: Path, cache: Cache, start_hub: StartHub
) -> None:
    orphan = left_by_the_hubs_client(tmp_path, cache, start_hub)
    assert pruned(tmp_path) == [], "it may still be written"
    age(orphan, 0.1)
    assert pruned(tmp_path) == [str(orphan)]
    assert not orphan.exists()


def test_the_hubs_client_is_killed_and_our_fetch_tidies_up(
    tmp_path: Path, cache: Cache, start_hub: StartHub
) -> None:
    orphan = left_by_the_hubs_client(tmp_path, cache, start_hub)
    young = orphan.with_name(f"{'e' * 64}.0123abcd.incomplete")
    young.touch()
    age(orphan, 0.1)
    Fetcher(cache, {})("org/m", hub=start_hub().endpoint, layout=Layout.HUB)
    assert not orphan.exists()
    assert young.exists(), "somebody may be writing it now"


@pytest.mark.servers
def test_boto3_is_killed(tmp_path: Path, cache: Cache, start_hub: StartHub) -> None:
    folder = cache.folder("org/m")
    folder.mkdir(parents=True)

    def left() -> list[Path]:
        return [path for path in folder.glob("model.safetensors.*") if path.stat().st_size > 100]

    root = write(tmp_path / "data", below("org/m", model(12_000_000)))
    with hadro(root, tmp_path / "log", Line(bandwidth_mbps=4)) as store:
        orphan = killed(BOTO3, str(folder), store.endpoint, KEY, SECRET, home=tmp_path, left=left)
    age(orphan, 0.1)
    hub = start_hub()
    whole = write_model(hub.root / "org/m")
    (folder / "config.json").write_text("{}")
    Fetcher(cache, {})("org/m", hub=hub.endpoint)
    assert not orphan.exists(), "what is there instead of a model is replaced, and this with it"

    orphan.write_bytes(b"of a later try")
    age(orphan, 0.1)
    assert pruned(tmp_path) == [str(orphan)]
    assert (folder / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()
