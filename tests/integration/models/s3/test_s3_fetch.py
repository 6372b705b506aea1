"""Whole models from real stores: every byte, verified, the state that was there."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest

from aim_runtime.errors import CacheNotWritable, VerificationFailed
from aim_runtime.models.events import Event, Notice, Progress
from aim_runtime.models.ref import ModelRef
from aim_runtime.models.sources.s3 import S3Source
from aim_runtime.models.sources.source import Fetched
from integration.models.s3.support import MODEL, below, model, sha256
from servers.hadro import Line, hadro
from servers.s3 import S3Store, write
from unit.doctor.children import on_a_disk

pytestmark = pytest.mark.servers


def fetch(store: S3Store, address: str, into: Path) -> tuple[Fetched, list[Event]]:
    events: list[Event] = []
    into.mkdir(exist_ok=True)
    return S3Source(store.environment).fetch(ModelRef.parse(address), into, events.append), events


def there(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_every_byte_arrives(each_store: S3Store, tmp_path: Path) -> None:
    fetched, events = fetch(each_store, "s3://models/org/m", tmp_path / "m")
    assert there(fetched.folder) == MODEL
    assert fetched.digests == {name: sha256(body) for name, body in MODEL.items()}
    assert fetched.revision is not None
    last = [event for event in events if isinstance(event, Progress)][-1]
    assert last.done_bytes == last.total_bytes == sum(map(len, MODEL.values()))


def test_large_shards_by_several_connections(tmp_path: Path) -> None:
    """Small and wide enough for several ranges at once, at a store that fails every tenth request."""
    files = {
        f"model-{number}.safetensors": model(40_000_000, number)["model.safetensors"] for number in (1, 2)
    }
    root = write(tmp_path / "data", below("org/large", {**model(10), **files}))
    with hadro(root, tmp_path / "log", Line(error_rate=0.1, fault_seed=3)) as store:
        fetched, _ = fetch(store, "s3://models/org/large", tmp_path / "large")
    assert there(fetched.folder) == {**model(10), **files}


def test_what_was_promised_and_did_not_arrive(moto_store: S3Store, tmp_path: Path) -> None:
    sums = f"{sha256(b'another file')}  model.safetensors\n".encode()
    moto_store.put(below("org/false", {**model(), "SHA256SUMS": sums}))
    with pytest.raises(VerificationFailed, match=r"model\.safetensors"):
        fetch(moto_store, "s3://models/org/false", tmp_path / "m")


def test_the_state_that_it_changes_to_is_fetched(tmp_path: Path) -> None:
    """Replaced between the listing and the first byte: the listing is made again."""
    root, new = write(tmp_path / "data", below("org/m", model(3_000_000))), model(3_000_000, seed=1)
    notices: list[str] = []

    def report(event: Event) -> None:
        if isinstance(event, Notice):
            notices.append(event.text)
            if len(notices) == 1:
                assert "checked by size and header only" in event.text, "said when all is listed"
                write(tmp_path / "data", below("org/m", new))
                os.utime(root / "models/org/m/model.safetensors", (1, 1))

    (tmp_path / "m").mkdir()
    with hadro(root, tmp_path / "log") as store:
        source = S3Source(store.environment)
        fetched = source.fetch(ModelRef.parse("s3://models/org/m"), tmp_path / "m", report)
    assert there(fetched.folder) == new
    assert any("was replaced while it was being fetched" in notice for notice in notices)


def archive(files: dict[str, bytes]) -> bytes:
    """The files in a folder of a tar archive."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, body in files.items():
            entry = tarfile.TarInfo(f"model/{name}")
            entry.size = len(body)
            tar.addfile(entry, io.BytesIO(body))
    return buffer.getvalue()


def test_one_object_that_is_an_archive(moto_store: S3Store, tmp_path: Path) -> None:
    moto_store.put({"packed/m.tar": archive(model()), "packed/m.tar.sha256": b""})
    fetched, _ = fetch(moto_store, "s3://models/packed/m.tar", tmp_path / "m")
    assert there(fetched.folder) == model()
    assert there(tmp_path / "m") == {f"files/{name}": body for name, body in model().items()}


def test_a_folder_that_is_called_like_an_archive(moto_store: S3Store, tmp_path: Path) -> None:
    moto_store.put(below("org/m.zip", model()))
    fetched, _ = fetch(moto_store, "s3://models/org/m.zip", tmp_path / "m")
    assert there(fetched.folder) == model()


def test_an_archive_that_there_is_no_room_for(moto_store: S3Store, tmp_path: Path) -> None:
    moto_store.put({"packed/large.tar": archive(model(2_000_000))})
    with pytest.raises(CacheNotWritable, match="not enough room"):
        on_a_disk(
            tmp_path, "size=3m", lambda: fetch(moto_store, "s3://models/packed/large.tar", tmp_path)[0].folder
        )
