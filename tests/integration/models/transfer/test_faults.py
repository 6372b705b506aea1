"""The byte mover against servers as bad as real ones: nothing is lost, and nothing is silently wrong."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from aim_runtime.errors import AccessDenied, DownloadFailed, VerificationFailed
from aim_runtime.models.transfer import http, patience, trickle
from aim_runtime.models.transfer.remote import Changed
from integration.models.transfer.serving import StartFiles, same

MB = 1_000_000


def test_brings_every_file_whole(tmp_path: Path, start_files: StartFiles) -> None:
    server = start_files()
    for name, size_bytes in (("big", 3 * MB), ("deep/er/small", 5), ("empty", 0), ("chunk", 256 * 1024)):
        server.write(name, size_bytes)
    snapshot = server.list()
    found = server.fetch(tmp_path / "into", snapshot)
    assert same(tmp_path / "into", server.root)
    assert found == {file.name: file.digest.value for file in snapshot.files if file.digest}
    assert server.sent_bytes == 3 * MB + 5 + 256 * 1024, "no byte was read twice"
    assert server.notices == []


@pytest.mark.parametrize(
    "switches",
    [["--no-ranges"], ["--odd-status"], ["--too-many", "1"], ["--odd-status", "--too-many", "1"]],
    ids=["no ranges", "200 for a range", "a byte too many", "200 and a byte too many"],
)
def test_odd_servers(tmp_path: Path, start_files: StartFiles, switches: list[str]) -> None:
    server = start_files(*switches)
    server.write("big", 1 * MB)
    server.write("chunk-and-a-byte", 256 * 1024 + 1)  # the last range is of one byte
    server.fetch(tmp_path / "into")
    assert same(tmp_path / "into", server.root)
    assert server.notices == []


def test_a_file_that_cannot_be_divided_is_one_request(tmp_path: Path, start_files: StartFiles) -> None:
    server = start_files("--no-ranges")
    server.write("big", 1 * MB)
    server.fetch(tmp_path / "into", server.list(divisible=False))
    assert same(tmp_path / "into", server.root)
    assert [(each["path"], each["range"]) for each in server.requests] == [("/big", None)]


@pytest.mark.parametrize(
    "switches",
    [
        ["--drop-after", "20000"],  # more often for each chunk than is put up with when nothing comes
        ["--drop-after", "1000", "--drops", "30"],
        ["--shift-range", "--shifts", "5"],
        ["--shift-range", "--shifts", "5", "--odd-status"],
        ["--status", "503", "--statuses", "6"],
        ["--status", "500", "--statuses", "3"],
    ],
    ids=["drops each time", "drops early", "another range", "200 for another range", "503", "500"],
)
def test_what_another_try_mends(tmp_path: Path, start_files: StartFiles, switches: list[str]) -> None:
    server = start_files(*switches)
    server.write("a", 2 * MB)
    server.write("b", 300)
    server.fetch(tmp_path / "into", server.list(digests=False))  # no checksum mends what was let in
    assert same(tmp_path / "into", server.root)
    assert server.notices == []


def test_a_drop_costs_no_byte_that_had_come(tmp_path: Path, start_files: StartFiles) -> None:
    """huggingface_hub buffers 10 MiB: a server that drops every 5 MB never gets anywhere with it."""
    server = start_files("--drop-after", "90000")
    server.write("a", 3 * MB)
    server.fetch(tmp_path / "into")
    assert same(tmp_path / "into", server.root)
    assert server.sent_bytes < 3 * MB * 1.1


def test_a_stalled_connection_is_left_for_another(
    tmp_path: Path, start_files: StartFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "STALL_S", 0.5)
    server = start_files("--stall-after", "70000", "--stalls", "3")
    server.write("a", 2 * MB)
    began = time.monotonic()
    server.fetch(tmp_path / "into")
    assert same(tmp_path / "into", server.root)
    assert time.monotonic() - began < 10


def test_a_trickle_is_a_stall(
    tmp_path: Path, start_files: StartFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "STALL_S", 0.3)
    monkeypatch.setattr(trickle, "LEAST_BYTES", 10**9)
    server = start_files("--rate", "400000")
    server.write("a", 250_000)
    server.fetch(tmp_path / "into")
    assert same(tmp_path / "into", server.root)
    starts = [int(request["range"].removeprefix("bytes=").partition("-")[0]) for request in server.requests]
    assert starts == sorted(set(starts)), "each try goes on where the one before was left"
    assert len(starts) > 1


def test_a_server_that_asks_to_wait_is_waited_for(tmp_path: Path, start_files: StartFiles) -> None:
    server = start_files("--status", "429", "--statuses", "2", "--retry-after", "1")
    server.write("a", 1 * MB)
    began = time.monotonic()
    server.fetch(tmp_path / "into")
    assert same(tmp_path / "into", server.root)
    assert time.monotonic() - began >= 1


def test_a_server_that_asks_to_wait_for_an_hour_is_not(tmp_path: Path, start_files: StartFiles) -> None:
    server = start_files("--status", "429", "--statuses", "-1", "--retry-after", "3600")
    server.write("a", 1000)
    with pytest.raises(DownloadFailed, match=r"HTTP status 429 \(it asks to come back in 3600 s\)") as no:
        server.fetch(tmp_path / "into")
    assert "only the rest is fetched" in no.value.hint


def test_a_server_that_stays_away_is_given_up(
    tmp_path: Path, start_files: StartFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "_FIRST_PAUSE_S", 0.01)
    server = start_files("--status", "503", "--statuses", "-1")
    server.write("a", 1000)
    with pytest.raises(
        DownloadFailed, match=r"a of org/m broke off: HTTP status 503 \(8 tries brought nothing"
    ):
        server.fetch(tmp_path / "into")


def test_a_refusal_is_final_and_in_the_words_of_the_source(tmp_path: Path, start_files: StartFiles) -> None:
    server = start_files("--status", "403", "--statuses", "-1")
    server.write("a", 2 * MB)
    with pytest.raises(AccessDenied, match="a: HTTP status 403, not now"):
        server.fetch(tmp_path / "into")


def test_one_flipped_byte_is_fetched_again(tmp_path: Path, start_files: StartFiles) -> None:
    server = start_files("--corrupt", "a", "--corrupts", "1")
    server.write("a", 200_000)
    server.fetch(tmp_path / "into")
    assert same(tmp_path / "into", server.root)
    (notice,) = server.notices
    assert notice.startswith("a of org/m is damaged: SHA-256 ")
    assert notice.endswith("got; fetching it again")


def test_a_byte_that_is_always_flipped_is_said_and_set_aside(tmp_path: Path, start_files: StartFiles) -> None:
    server = start_files("--corrupt", "a")
    server.write("a", 700_000)
    server.write("b", 100)
    with pytest.raises(
        VerificationFailed, match=r"a of org/m is damaged: SHA-256 \w+ expected, \w+ got"
    ) as no:
        server.fetch(tmp_path / "into")
    (aside,) = (tmp_path / "into/.parts").glob("*.damaged")
    assert str(aside) in no.value.hint
    assert not (tmp_path / "into/a").exists()


def test_another_version_in_the_middle_never_mixes_with_the_first(
    tmp_path: Path, start_files: StartFiles
) -> None:
    server = start_files("--rate", "2000000")
    server.write("a", 3 * MB)
    listed = server.list(digests=False)  # where nothing but the version tells them apart
    server.write("a", 3 * MB, seed=1)
    with pytest.raises(Changed):
        server.fetch(tmp_path / "into", listed)
    assert not (tmp_path / "into/a").exists()
    assert {each["if_match"] for each in server.requests} == {listed.files[0].etag}, "each says which version"
    server.fetch(tmp_path / "into", server.list(digests=False))
    assert same(tmp_path / "into", server.root)


def test_a_redirect_is_followed_once_and_learns_no_token(tmp_path: Path, start_files: StartFiles) -> None:
    server = start_files("--redirect", "localhost")
    server.write("a", 2 * MB)
    server.fetch(tmp_path / "into", server.list(headers={"Authorization": "Bearer planted"}))
    assert same(tmp_path / "into", server.root)
    there = [each for each in server.requests if each["path"].startswith("/elsewhere/")]
    here = [each for each in server.requests if not each["path"].startswith("/elsewhere/")]
    assert {each["authorization"] for each in there} == {None}
    assert {each["authorization"] for each in here} == {"Bearer planted"}
    assert len(here) <= 8 < len(there) + 1, "each connection asks where the file is once"


def test_a_server_that_is_gone(
    tmp_path: Path, start_files: StartFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "_FIRST_PAUSE_S", 0.01)
    server = start_files()
    server.write("a", 1000)
    listed = server.list()
    server.endpoint = "http://127.0.0.1:1"
    gone = server.list()
    with pytest.raises(DownloadFailed, match="a of org/m broke off: connection refused"):
        server.fetch(tmp_path / "into", gone)
    assert listed.files
