"""Archives unpacked: what is good arrives, and nothing leads out of the folder."""

from __future__ import annotations

import io
import os
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from aim_runtime.errors import CacheNotWritable, VerificationFailed
from aim_runtime.models import cache
from aim_runtime.models.events import Event, Notice
from aim_runtime.models.unarchive import unarchive


def tar(path: Path, *members: tuple[str, bytes | str, bytes], mode: str = "w") -> Path:
    """Write a tar of (name, content or link target, type)."""
    with tarfile.open(path, mode) as archive:
        for name, content, kind in members:
            info = tarfile.TarInfo(name)
            info.type = kind
            if isinstance(content, str):
                info.linkname = content
                archive.addfile(info)
            else:
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return path


def plain(name: str, content: bytes = b"x") -> tuple[str, bytes, bytes]:
    return name, content, tarfile.REGTYPE


def unpacked(archive: Path) -> dict[str, bytes]:
    into, seen = archive.parent / "into", list[Event]()
    unarchive(archive, into, seen.append)
    return {p.relative_to(into).as_posix(): p.read_bytes() for p in into.rglob("*") if p.is_file()}


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:xz"])
def test_a_folder_around_everything_is_left_out(tmp_path: Path, mode: str) -> None:
    archive = tar(
        tmp_path / "m.tar", ("m", "", tarfile.DIRTYPE), plain("m/b", b"2"), plain("m/d/a", b"1"), mode=mode
    )
    assert unpacked(archive) == {"b": b"2", "d/a": b"1"}


def test_without_one_folder_around_everything_all_stays(tmp_path: Path) -> None:
    assert unpacked(tar(tmp_path / "m.tar", plain("./a"), plain("d/b"))) == {"a": b"x", "d/b": b"x"}
    assert unpacked(tar(tmp_path / "m.tar", plain("d/a"), plain("e/b"))) == {"d/a": b"x", "e/b": b"x"}


def test_a_zip(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "m.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.mkdir("m")
        archive.writestr("m/config.json", "{}")
        archive.writestr("m/model.safetensors", b"w" * 5000)
    assert unpacked(tmp_path / "m.zip") == {"config.json": b"{}", "model.safetensors": b"w" * 5000}


def test_other_formats_of_the_weights_stay_in_the_archive(tmp_path: Path) -> None:
    archive, seen = (
        tar(tmp_path / "m.tar", plain("model.safetensors"), plain("model.bin", b"yy")),
        list[Event](),
    )
    unarchive(archive, tmp_path / "into", seen.append)
    assert [path.name for path in (tmp_path / "into").iterdir()] == ["model.safetensors"]
    assert any(isinstance(event, Notice) and "skipping 1 file" in event.text for event in seen)


def test_what_an_earlier_try_left_goes(tmp_path: Path) -> None:
    (tmp_path / "into").mkdir()
    (tmp_path / "into/old").write_text("x")
    assert unpacked(tar(tmp_path / "m.tar", plain("a"))) == {"a": b"x"}


def test_links_inside_become_files(tmp_path: Path) -> None:
    archive = tar(
        tmp_path / "m.tar",
        plain("m/blobs/1", b"weights"),
        ("m/model.safetensors", "blobs/1", tarfile.SYMTYPE),
        ("m/d/again", "../model.safetensors", tarfile.SYMTYPE),
        ("m/hard", "m/blobs/1", tarfile.LNKTYPE),
    )
    found = unpacked(archive)
    assert found == dict.fromkeys(("blobs/1", "model.safetensors", "d/again", "hard"), b"weights")
    assert not any(path.is_symlink() for path in (tmp_path / "into").rglob("*"))


@pytest.mark.parametrize(
    ("member", "words"),
    [
        (plain("/etc/cron.d/x"), "leads out of its folder"),
        (plain("m/../../x"), "leads out of its folder"),
        (plain("..\\x"), "leads out of its folder"),
        (("m/a", "/etc/passwd", tarfile.SYMTYPE), "a link that leads out of it or nowhere"),
        (("m/a", "../../x", tarfile.SYMTYPE), "a link that leads out of it or nowhere"),
        (("m/a", "a", tarfile.SYMTYPE), "a link that leads out of it or nowhere"),
        (("m/a", "/etc/passwd", tarfile.LNKTYPE), "a link that leads out of it or nowhere"),
        (("m/sda", "", tarfile.BLKTYPE), "is not a plain file"),
        (("m/pipe", "", tarfile.FIFOTYPE), "is not a plain file"),
    ],
)
def test_what_reaches_out_is_refused_before_anything_is_written(
    tmp_path: Path, member: tuple[str, bytes | str, bytes], words: str
) -> None:
    archive = tar(tmp_path / "m.tar", plain("m/good"), member)
    with pytest.raises(VerificationFailed, match=words) as raised:
        unpacked(archive)
    assert repr(member[0]) in raised.value.message
    assert list((tmp_path / "into").iterdir()) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["into", "m.tar"]


@pytest.mark.parametrize(("name", "mode"), [("../up", 0), ("link", stat.S_IFLNK), ("/abs", 0)])
def test_a_zip_that_reaches_out_is_refused(tmp_path: Path, name: str, mode: int) -> None:
    with zipfile.ZipFile(tmp_path / "m.zip", "w") as archive:
        info = zipfile.ZipInfo(name)
        info.external_attr = (mode | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(VerificationFailed, match=r"leads out|not a plain file"):
        unpacked(tmp_path / "m.zip")


def test_a_zip_with_a_password(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "m.zip", "w") as archive:
        archive.writestr("a", "x")
    data = bytearray((tmp_path / "m.zip").read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1  # the flag of an encrypted entry, in the directory
    (tmp_path / "m.zip").write_bytes(data)
    with pytest.raises(VerificationFailed, match="behind a password"):
        unpacked(tmp_path / "m.zip")


@pytest.mark.parametrize("name", ["m.tar", "m.tar.gz", "m.zip"])
def test_what_is_no_archive(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"<html>not an archive</html>" * 100)
    with pytest.raises(VerificationFailed, match=f"{name} is damaged, or no archive"):
        unpacked(tmp_path / name)


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_an_archive_that_ends_early(tmp_path: Path, mode: str) -> None:
    archive = tar(tmp_path / "m.tar", plain("a", os.urandom(50_000)), mode=mode)
    os.truncate(archive, 20_000)
    with pytest.raises(VerificationFailed, match="is damaged, or no archive"):
        unpacked(archive)


def test_without_room_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = tar(tmp_path / "m.tar", plain("a", b"x" * 5000))
    monkeypatch.setattr(cache.os, "statvfs", lambda _: os.statvfs_result((1, 1, 9, 9, 9, 9, 9, 9, 0, 255)))
    with pytest.raises(CacheNotWritable, match=r"5\.0 kB are needed, 9 B are free"):
        unpacked(archive)
    assert list((tmp_path / "into").iterdir()) == []
