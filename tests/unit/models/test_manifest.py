"""The record of what was fetched."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aim_runtime.errors import VerificationFailed
from aim_runtime.models import manifest
from aim_runtime.models.events import Event, Progress
from aim_runtime.models.transfer.remote import Algorithm, Digest
from fakes.hub import write_model


def test_what_is_sealed_can_be_read(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "m")
    (folder / "deep").mkdir()
    (folder / "deep/file").write_bytes(b"abc")
    (folder / "config.json").chmod(0o600)
    events: list[Event] = []
    promised = {"deep/file": Digest(Algorithm.SHA256, hashlib.sha256(b"abc").hexdigest())}

    written = manifest.seal(folder, "hf://org/m", "c0ffee", events.append, promised=promised)

    assert manifest.read(folder) == written
    assert (written.source, written.revision) == ("hf://org/m", "c0ffee")
    assert datetime.now(UTC) - datetime.fromisoformat(written.created) < timedelta(minutes=1)
    assert set(written.files) == {"config.json", "tokenizer.json", "model.safetensors", "deep/file"}
    assert written.files["deep/file"] == manifest.FileRecord(3, promised["deep/file"].value)
    total = sum(record.size for record in written.files.values())
    assert events[-1] == Progress("verify", total, total)
    assert (folder / "config.json").stat().st_mode & 0o444 == folder.stat().st_mode & 0o444
    assert not list(folder.glob("*.tmp"))


def test_a_broken_promise(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "m")
    wrong = {"config.json": Digest(Algorithm.SHA256, "0" * 64)}
    with pytest.raises(VerificationFailed, match=r"config\.json arrived damaged: SHA-256 0{64} was promised"):
        manifest.seal(folder, "hf://org/m", None, lambda _: None, promised=wrong)
    assert manifest.read(folder) is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b"[" * 100_000,
        b'{"format": 1}',
        b'{"format": 2, "source": "", "revision": null, "created": "", "files": {}}',
        b'{"format": 1, "source": "", "revision": null, "created": "", "files": {"a": 1}}',
        b'{"format": 1, "source": "", "revision": null, "created": "", "files": {"a": {"size": "x"}}}',
        b'{"format": 1, "source": "", "revision": null, "created": "", "files": []}',
    ],
)
def test_what_cannot_be_understood_counts_as_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / manifest.NAME).write_bytes(content)
    assert manifest.read(tmp_path) is None


def test_none_where_there_is_none(tmp_path: Path) -> None:
    assert manifest.read(tmp_path) is None
    (tmp_path / manifest.NAME).write_text(
        json.dumps({"format": 1, "source": "s", "revision": None, "created": "", "files": {}})
    )
    assert manifest.read(tmp_path) == manifest.Manifest("s", None, "", {})
