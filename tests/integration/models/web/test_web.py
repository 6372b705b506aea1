"""Fetching by https:// from a real web server."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from aim_runtime.errors import CacheNotWritable, ModelNotFound, VerificationFailed
from aim_runtime.models import cache
from aim_runtime.models.events import Event, Notice, Progress
from aim_runtime.models.preflight import problems
from aim_runtime.models.ref import ModelRef
from aim_runtime.models.sources.web import WebSource
from aim_runtime.models.transfer.remote import Again, Changed, Snapshot
from integration.models.web.conftest import Published

pytestmark = pytest.mark.servers


class Web:
    """A fetch into a folder of its own, and what it said."""

    def __init__(self, environment: dict[str, str], into: Path) -> None:
        self.source, self.into, self.events = WebSource(environment), into, list[Event]()
        into.mkdir()

    def fetch(self, text: str) -> dict[str, bytes]:
        self.fetched = self.source.fetch(ModelRef.parse(text), self.into, self.events.append)
        files = (path for path in self.fetched.folder.rglob("*") if path.is_file())
        return {path.relative_to(self.fetched.folder).as_posix(): path.read_bytes() for path in files}

    def snapshot(self, text: str) -> Snapshot:
        return self.source.snapshot(ModelRef.parse(text), self.events.append)

    @property
    def notices(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Notice)]


@pytest.fixture
def web(published: Published, tmp_path: Path) -> Web:
    return Web(published.environment, tmp_path / "into")


def test_an_archive_is_verified_unpacked_and_removed(published: Published, web: Web) -> None:
    assert web.fetch(f"{published.url()}#sha256={published.sha256}") == published.contents
    assert problems(web.fetched.folder) == ()
    assert web.fetched.revision == f"sha256:{published.sha256}"
    assert not list(web.into.rglob("*.tar.gz"))
    assert web.notices == []


def test_without_a_digest_it_is_said_who_vouches(published: Published, web: Web) -> None:
    web.fetch(published.url())
    assert web.notices == [
        f"nothing but its server vouches for {published.url()}: #sha256=HEX would pin what it is"
    ]
    assert web.fetched.revision == web.snapshot(published.url()).revision


@pytest.mark.parametrize("below", ["", "/no-ranges", "/moved", "/elsewhere", "/weak", "/dated"])
def test_whatever_a_server_tells_of_its_files(published: Published, web: Web, below: str) -> None:
    text = f"{published.url(below, 'http')}#sha256={published.sha256}"
    assert web.snapshot(text).files[0].divisible == (below != "/no-ranges")
    assert web.fetch(text) == published.contents


def test_a_zip_and_a_plain_tar(published: Published, web: Web) -> None:
    with zipfile.ZipFile(published.archive.with_name("m.zip"), "w") as archive:
        for name, data in published.contents.items():
            archive.writestr(name, data)
    assert web.fetch(published.url(name="m.zip")) == published.contents
    shutil.make_archive(str(published.archive.with_name("m")), "tar", published.model.parent, "m")
    assert web.fetch(published.url(name="m.tar")) == published.contents


def test_a_gguf_file(published: Published, web: Web) -> None:
    published.archive.with_name("m-Q8.gguf").write_bytes(b"GGUF")
    assert web.fetch(published.url(name="m-Q8.gguf")) == {"m-Q8.gguf": b"GGUF"}


def test_another_file_than_was_asked_for_is_never_unpacked(published: Published, web: Web) -> None:
    with pytest.raises(VerificationFailed, match=f"SHA-256 {'0' * 64} expected, {published.sha256} got"):
        web.fetch(f"{published.url()}#sha256={'0' * 64}")
    assert not (web.into / "files").exists()
    assert not (web.into / "archive/m.tar.gz").exists()


def test_a_folder_with_its_digests(published: Published, web: Web) -> None:
    digest = published.write_sums()
    assert web.fetch(f"{published.url(name='m/')}#sha256={digest}") == published.contents
    assert web.fetched.revision == digest
    assert web.notices == []


def test_a_folder_has_one_format_of_the_weights_and_odd_names(published: Published, web: Web) -> None:
    (published.model / "pytorch_model.bin").write_bytes(b"y")
    (published.model / "a b%20ü#?.json").write_bytes(b"{}")
    published.write_sums()
    with (published.model / "SHA256SUMS").open("a") as sums:
        sums.write(f"{'0' * 64}  ../../up\n")
    (published.model / "pytorch_model.bin").unlink()  # what is not wanted need not be there
    found = web.fetch(published.url(name="m/"))
    assert found == published.contents
    assert web.notices[0].startswith("left out")
    assert "../../up" in web.notices[0]
    assert "skipping the same weights in other formats: pytorch_model.bin" in web.notices


def test_a_folder_that_changed_under_its_digests(published: Published, web: Web) -> None:
    digest = published.write_sums()
    (published.model / "config.json").write_bytes(b'{"architectures": ["Forged"]}')
    with pytest.raises(VerificationFailed, match=r"config\.json of .* is damaged"):
        web.fetch(f"{published.url(name='m/')}#sha256={digest}")
    published.write_sums()
    with pytest.raises(VerificationFailed, match=f"is another than was asked for: SHA-256 {digest} expected"):
        web.fetch(f"{published.url(name='m/')}#sha256={digest}")


def test_a_folder_without_digests_and_one_without_weights(published: Published, web: Web) -> None:
    with pytest.raises(ModelNotFound, match="has no SHA256SUMS file") as raised:
        web.fetch(published.url(name="m/"))
    assert "sha256sum" in raised.value.hint
    (published.model / "SHA256SUMS").write_text(f"{'0' * 64}  readme.md\n")
    with pytest.raises(ModelNotFound, match="holds no weights"):
        web.fetch(published.url(name="m/"))
    (published.model / "SHA256SUMS").write_text("not digests\n")
    with pytest.raises(VerificationFailed, match="cannot be read: line 1"):
        web.fetch(published.url(name="m/"))


@pytest.mark.parametrize("below", ["", "/dated", "/moved", "/elsewhere"])
def test_two_versions_never_mix(published: Published, web: Web, below: str) -> None:
    snapshot = web.snapshot(f"{published.url(below, 'http')}#sha256={published.sha256}")
    file = snapshot.files[0]
    with closing(snapshot.connect()) as connection:
        assert b"".join(map(bytes, connection.read(file, 0, 1000))) == published.archive.read_bytes()[:1000]
        published.archive.write_bytes(os.urandom(file.size_bytes))
        os.utime(published.archive, (time.time() + 5, time.time() + 5))  # a date tells seconds apart, no less
        with pytest.raises(Changed, match=r"m\.tar\.gz"):
            list(connection.read(file, 0, 1000))


def test_an_address_that_was_good_for_a_while_is_asked_for_anew(published: Published, web: Web) -> None:
    snapshot = web.snapshot(f"{published.url('/moved', 'http')}#sha256={published.sha256}")
    file, away = snapshot.files[0], published.archive.with_suffix(".away")
    published.archive.rename(away)
    with closing(snapshot.connect()) as connection:
        with pytest.raises(Again, match="to which it was redirected, answers with HTTP status 404"):
            list(connection.read(file, 0, 1000))
        with pytest.raises(ModelNotFound, match="there is nothing at"):
            list(connection.read(file, 0, 1000))
        away.rename(published.archive)
        assert sum(map(len, connection.read(file, 0, 1000))) == 1000


class Interrupted(Exception):
    pass


def test_what_has_arrived_is_not_fetched_again(published: Published, web: Web) -> None:
    weights = os.urandom(12 << 20)  # two chunks, of which the second is half as long as the first
    published.archive.with_name("big.gguf").write_bytes(weights)
    digest = hashlib.sha256(weights).hexdigest()

    def interrupt(event: Event) -> None:
        if isinstance(event, Progress) and event.done_bytes > 11 << 20:
            raise Interrupted

    slow = ModelRef.parse(f"{published.url('/slow', 'http', 'big.gguf')}#sha256={digest}")
    with pytest.raises(Interrupted):
        web.source.fetch(slow, web.into, interrupt)
    assert web.fetch(f"{published.url('', 'http', 'big.gguf')}#sha256={digest}") == {"big.gguf": weights}
    # nginx writes down a request when it is over: those of the first try can come late.
    lines = [line for line in published.site.requests() if f'"/{published.path}/big.gguf"' in line]
    spans = [line.split("bytes=")[1].split("-") for line in lines]
    asked_bytes = sum(int(stop) - int(start) + 1 for start, stop in spans)
    assert asked_bytes <= (8 << 20) + 1, "one byte to see what is there, and a chunk at most"
    assert any("are here already" in notice for notice in web.notices)


def test_who_was_stopped_while_unpacking_need_not_fetch_again(published: Published, web: Web) -> None:
    text = f"{published.url()}#sha256={published.sha256}"

    def interrupt(event: Event) -> None:
        if isinstance(event, Progress) and event.phase == "unpack":
            raise Interrupted

    with pytest.raises(Interrupted):
        web.source.fetch(ModelRef.parse(text), web.into, interrupt)
    asked = len(published.site.requests())
    assert web.fetch(text) == published.contents
    again = [line for line in published.site.requests()[asked:] if published.path in line]
    assert all(line.endswith("bytes=0-0") for line in again), again


def test_without_room_for_both_nothing_is_fetched(
    published: Published, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = published.archive.stat().st_size + 1000
    monkeypatch.setattr(
        cache.os, "statvfs", lambda _: os.statvfs_result((1, 1, room, room, room, 9, 9, 9, 0, 255))
    )
    with pytest.raises(CacheNotWritable, match="are needed"):
        web.fetch(published.url())
    assert not (web.into / "archive").exists()
