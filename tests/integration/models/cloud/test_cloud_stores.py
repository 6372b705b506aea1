"""Fetching from gs:// and az://: what is asked of one store is asked of the other."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import pytest

from aim_runtime.errors import ModelNotFound, VerificationFailed
from aim_runtime.models.events import Event, Notice
from aim_runtime.models.preflight import problems
from aim_runtime.models.ref import ModelRef, Scheme
from aim_runtime.models.sources.cloud import CloudSource
from aim_runtime.models.transfer.download import download
from aim_runtime.models.transfer.remote import Algorithm, Changed, Digest
from fakes.hub import write_model
from integration.models.cloud.conftest import Store

pytestmark = pytest.mark.servers


class Uploaded:
    """A model below a prefix of its own, and the source that finds it."""

    def __init__(self, store: Store, prefix: str, folder: Path) -> None:
        self.store, self.prefix, self.folder = store, prefix, folder
        self.ref = ModelRef.parse(f"{store.scheme}://models/{prefix}")
        self.source = CloudSource(Scheme(store.scheme), store.environment)
        self.events: list[Event] = []
        for path in folder.rglob("*"):
            if path.is_file():
                self.put(path.relative_to(folder).as_posix(), path.read_bytes())

    def put(self, name: str, data: bytes) -> None:
        self.store.put("models", f"{self.prefix}/{name}", data)

    @property
    def notices(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Notice)]


@pytest.fixture
def model(store: Store, tmp_path: Path) -> Uploaded:
    return Uploaded(
        store, f"org/{tmp_path.name}", write_model(tmp_path / "m", shards=2, payload_bytes=300_000)
    )


def test_fetches_what_is_below_the_prefix_and_nothing_else(model: Uploaded, tmp_path: Path) -> None:
    model.store.put("models", f"{model.prefix}2/model.safetensors", b"another model's")
    model.put("pytorch_model.bin", b"x" * 5000)
    (into := tmp_path / "into").mkdir()

    fetched = model.source.fetch(model.ref, into, model.events.append)

    assert fetched.folder == into
    assert {path.name: path.read_bytes() for path in into.iterdir()} == {
        path.name: path.read_bytes() for path in model.folder.iterdir()
    }
    assert problems(into) == ()
    assert fetched.digests == {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in into.iterdir()
    }
    skipped, unsure = model.notices
    assert skipped.startswith("skipping 1 file with the same weights in other formats (*.bin)")
    assert unsure.startswith(f"5 of 5 files of {model.ref} are checked by size and header only")


def test_the_revision_stands_for_what_is_there(model: Uploaded) -> None:
    first = model.source.snapshot(model.ref, model.events.append)
    assert model.source.snapshot(model.ref, model.events.append).revision == first.revision
    model.put("config.json", b'{"architectures": ["Other"]}')
    assert model.source.snapshot(model.ref, model.events.append).revision != first.revision


def test_any_range_is_those_bytes_of_that_version(model: Uploaded) -> None:
    snapshot = model.source.snapshot(model.ref, model.events.append)
    file = next(file for file in snapshot.files if file.name.endswith("1-of-00002.safetensors"))
    data = (model.folder / file.name).read_bytes()
    connection = snapshot.connect()
    for start, stop in ((0, 1), (0, len(data)), (1000, 250_000), (len(data) - 1, len(data))):
        pieces = [bytes(piece) for piece in connection.read(file, start, stop)]
        assert b"".join(pieces) == data[start:stop]
        assert max(map(len, pieces)) <= 1 << 20
    reading = connection.read(file, 0, len(data))
    next(reading)
    connection.close()
    reading.close()

    for changed in (data[:-1] + b"!", data[:-1]):  # as long as before, and shorter
        model.put(file.name, changed)
        with pytest.raises(Changed, match=file.name):
            list(connection.read(file, 0, 1000))


def test_two_versions_never_mix(model: Uploaded, tmp_path: Path) -> None:
    (into := tmp_path / "into").mkdir()
    listed = model.source.snapshot(model.ref, model.events.append)
    model.put("config.json", b'{"architectures": ["NewForCausalLM"]}')
    with pytest.raises(Changed, match=r"config\.json"):
        download(listed, into, model.events.append, what=str(model.ref))
    assert model.source.fetch(model.ref, into, model.events.append).revision != listed.revision
    assert "New" in (into / "config.json").read_text()


def test_a_sums_file_vouches_for_the_rest(model: Uploaded, tmp_path: Path) -> None:
    sums = "".join(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in model.folder.iterdir()
    )
    model.put("SHA256SUMS", sums.encode())
    snapshot = model.source.snapshot(model.ref, model.events.append)
    config = next(file for file in snapshot.files if file.name == "config.json")
    assert config.digest == Digest(
        Algorithm.SHA256, hashlib.sha256((model.folder / "config.json").read_bytes()).hexdigest()
    )
    assert "SHA256SUMS" not in {file.name for file in snapshot.files}
    assert model.notices == []

    model.put("config.json", b'{"architectures": ["Forged"]}')
    (into := tmp_path / "into").mkdir()
    with pytest.raises(VerificationFailed, match=r"config\.json of .* is damaged: SHA-256 "):
        model.source.fetch(model.ref, into, model.events.append)
    assert not (into / "config.json").exists()


def test_a_sums_file_that_is_none_is_refused(model: Uploaded) -> None:
    model.put("SHA256SUMS", b"<html>")
    with pytest.raises(VerificationFailed, match=r"SHA256SUMS of .* cannot be read: line 1"):
        model.source.snapshot(model.ref, model.events.append)


@pytest.mark.parametrize("key", ["../up.safetensors", "d//b"])
def test_a_key_that_no_folder_can_hold_is_named(model: Uploaded, key: str) -> None:
    model.put(key, b"x")
    with pytest.raises(VerificationFailed, match="has an object that no folder can hold: ") as raised:
        model.source.snapshot(model.ref, model.events.append)
    assert f"{model.prefix}/{key}" in raised.value.message


def test_markers_of_folders_are_no_files(model: Uploaded) -> None:
    model.put("", b"")
    model.put("extra/", b"")
    model.put("extra/tokenizer.json", b"{}")
    names = [file.name for file in model.source.snapshot(model.ref, model.events.append).files]
    assert "extra/tokenizer.json" in names
    assert "extra" not in names


def test_no_such_prefix_names_the_nearest(model: Uploaded) -> None:
    ref = ModelRef.parse(f"{model.ref}-typo")
    with pytest.raises(ModelNotFound, match=f"there is nothing below {ref}") as raised:
        model.source.snapshot(ref, model.events.append)
    assert f"did you mean {model.prefix}?" in raised.value.hint


def test_no_such_bucket(model: Uploaded) -> None:
    ref = ModelRef.parse(f"{model.store.scheme}://other-bucket/org/m")
    with pytest.raises(ModelNotFound, match=r"has no (bucket|container) other-bucket") as raised:
        model.source.snapshot(ref, model.events.append)
    assert raised.value.hint.startswith("check the spelling")


def test_a_prefix_without_weights(model: Uploaded) -> None:
    model.put("docs/readme.md", b"#")
    with pytest.raises(ModelNotFound, match="holds no weights"):
        model.source.snapshot(ModelRef.parse(f"{model.ref}/docs"), model.events.append)


def test_names_that_need_quoting(model: Uploaded, tmp_path: Path) -> None:
    (into := tmp_path / "into").mkdir()
    name = "chat template%20 #1+ü.jinja"
    model.put(name, b"{{ x }}")
    model.source.fetch(model.ref, into, model.events.append)
    assert (into / name).read_bytes() == b"{{ x }}"


def test_many_small_files(model: Uploaded, tmp_path: Path) -> None:
    for number in range(60):
        model.put(f"adapters/{number}.json", os.urandom(10))
    (into := tmp_path / "into").mkdir()
    model.source.fetch(model.ref, into, model.events.append)
    assert len(list((into / "adapters").iterdir())) == 60


def test_one_object_that_is_an_archive_and_one_that_is_not_there(model: Uploaded, tmp_path: Path) -> None:
    (into := tmp_path / "into").mkdir()
    packed = Path(shutil.make_archive(str(tmp_path / "packed"), "gztar", model.folder.parent, "m"))
    model.put("more/packed.tar.gz", packed.read_bytes())
    ref = ModelRef.parse(f"{model.ref}/more/packed.tar.gz")
    folder = model.source.fetch(ref, into, model.events.append).folder
    assert problems(folder) == ()
    assert {path.name for path in folder.iterdir()} == {path.name for path in model.folder.iterdir()}
    with pytest.raises(ModelNotFound, match="there is nothing below") as raised:
        model.source.snapshot(ModelRef.parse(f"{model.ref}/more/pakced.tar.gz"), model.events.append)
    assert f"did you mean {model.prefix}/more/packed.tar.gz?" in raised.value.hint
