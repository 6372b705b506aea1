"""What survives kill -9, a restart of the machine, a full disk, and two processes at one folder."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from aim_runtime.models.transfer.journal import STATE
from integration.models.transfer.conftest import CHUNK_BYTES
from integration.models.transfer.serving import FileServer, StartFiles, same

MB = 1_000_000
CONNECTIONS = 8

PROGRAM = f"""
import sys
from pathlib import Path
from aim_runtime.models.transfer import connections, part
part.CHUNK_BYTES = int(sys.argv[5])
connections.MOST = {CONNECTIONS}  # no more of them where the machine is slow
from integration.models.transfer.serving import FileServer
server = FileServer(sys.argv[1], Path(sys.argv[2]))
server.fetch(Path(sys.argv[3]), server.list(digests=sys.argv[4] == "digests"))
"""


def start(
    server: FileServer, into: Path, digests: str = "digests", chunk_bytes: int = CHUNK_BYTES
) -> subprocess.Popen[bytes]:
    where = [server.endpoint, str(server.root), str(into)]
    argv = [sys.executable, "-c", PROGRAM, *where, digests, str(chunk_bytes)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    return subprocess.Popen(argv, env=environment, stderr=subprocess.PIPE)


@pytest.mark.parametrize("digests", ["digests", "sizes only"])
def test_killed_twenty_times_at_any_byte(tmp_path: Path, start_files: StartFiles, digests: str) -> None:
    chunk_bytes = 32 * 1024
    server, into = start_files("--rate", "1000000"), tmp_path / "into"
    sizes = {"a": 9 * MB, "b": 6 * MB, "small": 1000}
    for name, size_bytes in sizes.items():
        server.write(name, size_bytes)
    chance, kills = random.Random(5), 20
    for _ in range(kills):
        until_bytes = server.sent_bytes + chance.randrange(1, 1_200_000)
        with start(server, into, digests, chunk_bytes) as process:
            while server.sent_bytes < until_bytes:
                assert process.poll() is None, "it ended before it was killed"
                time.sleep(0.01)
            process.kill()
    sent_bytes = server.sent_bytes
    assert sent_bytes > 9 * MB, "a download that starts over each time would have read all of this in vain"
    with start(server, into, digests, chunk_bytes) as process:
        assert process.wait(60) == 0
    assert same(into, server.root)
    again_bytes = server.sent_bytes - sum(sizes.values())
    assert again_bytes <= kills * CONNECTIONS * chunk_bytes, f"{again_bytes} bytes were read again"


def interrupted(server: FileServer, into: Path, digests: str = "digests") -> None:
    """Kill a download in the middle of its one large file."""
    with start(server, into, digests) as process:
        while process.poll() is None and server.sent_bytes < 3 * MB:
            time.sleep(0.02)
        process.kill()
    assert list((into / STATE).glob("*.map"))


def other_boot(into: Path) -> None:
    """Let what is written down be from before a restart of the machine."""
    for path in (into / STATE).glob("*.map"):
        data = path.read_bytes()
        header = json.loads(data[:4096].rstrip(b"\0"))
        changed = json.dumps({**header, "boot": "before"}).encode().ljust(4096, b"\0")
        path.write_bytes(changed + data[4096:])
    journal = into / STATE / "whole.jsonl"
    if journal.exists():
        lines = [json.loads(line) for line in journal.read_text().splitlines()]
        journal.write_text("".join(json.dumps({**line, "boot": "before"}) + "\n" for line in lines))


def test_after_a_restart_of_the_machine_only_what_can_be_checked_is_believed(
    tmp_path: Path, start_files: StartFiles
) -> None:
    server = start_files("--rate", "1500000")
    server.write("a", 8 * MB)
    interrupted(server, tmp_path / "with")
    other_boot(tmp_path / "with")
    before_bytes = server.sent_bytes
    server.fetch(tmp_path / "with")
    assert server.sent_bytes < before_bytes + 8 * MB, "a checksum tells whether the bytes are still right"
    assert same(tmp_path / "with", server.root)

    other = start_files("--rate", "1500000")
    interrupted(other, tmp_path / "without", "sizes only")
    other_boot(tmp_path / "without")
    before_bytes = other.sent_bytes
    other.fetch(tmp_path / "without", other.list(digests=False))
    assert other.sent_bytes >= before_bytes + 8 * MB, "without one, it starts over"
    assert same(tmp_path / "without", other.root)


def test_bytes_that_the_disk_lost_are_found_and_fetched_again(
    tmp_path: Path, start_files: StartFiles
) -> None:
    server, into = start_files("--rate", "1500000"), tmp_path / "into"
    server.write("a", 8 * MB)
    interrupted(server, into)
    (part,) = (into / STATE).glob("*.part")
    with part.open("r+b") as file:
        file.write(bytes(4000))  # of a chunk that the map calls arrived, or that is to come
    server.fetch(into)
    assert same(into, server.root)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff" * 5000, b'{"file": "a"}' + bytes(9000)])
def test_a_map_that_is_damaged_is_no_map(tmp_path: Path, start_files: StartFiles, content: bytes) -> None:
    server, into = start_files("--rate", "3000000"), tmp_path / "into"
    server.write("a", 6 * MB)
    interrupted(server, into, "sizes only")
    (path,) = (into / STATE).glob("*.map")
    path.write_bytes(content)
    server.fetch(into, server.list(digests=False))
    assert same(into, server.root)


def test_whole_files_are_not_read_again_and_changed_ones_are(tmp_path: Path, start_files: StartFiles) -> None:
    server, into = start_files("--rate", "1500000"), tmp_path / "into"
    for name in ("a", "b", "c"):
        server.write(name, 1000)
    server.write("large", 8 * MB)
    with start(server, into) as process:
        while process.poll() is None and not ((into / "a").exists() and (into / "c").exists()):
            time.sleep(0.02)
        process.kill()
    (into / "b").write_bytes(b"x" * 1000)  # somebody else's bytes in a file of ours
    server.write("c", 1000, seed=1)
    (into / "stranger").write_text("of an earlier version")
    asked = len(server.requests)
    server.fetch(into)
    assert same(into, server.root)
    paths = [request["path"] for request in server.requests[asked:]]
    assert "/a" not in paths
    assert {"/b", "/c"} <= set(paths)


def test_two_processes_at_one_folder_do_no_harm(tmp_path: Path, start_files: StartFiles) -> None:
    """Where locks do not hold, two fetch at once: it costs bandwidth, nothing else."""
    server, into = start_files("--rate", "3000000"), tmp_path / "into"
    server.write("a", 9 * MB)
    server.write("b", 2 * MB)
    for number in range(20):
        server.write(f"small/{number}", 500)
    with start(server, into) as first, start(server, into) as second, start(server, into) as third:
        codes = [process.wait(60) for process in (first, second, third)]
        said = [process.stderr.read().decode() for process in (first, second, third) if process.stderr]
    assert 0 in codes, said
    server.fetch(into)
    assert same(into, server.root)
