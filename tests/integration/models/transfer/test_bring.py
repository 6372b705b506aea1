"""A source whose files are replaced while they are fetched: one state or the other, never some of each."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from aim_runtime.errors import DownloadFailed
from aim_runtime.models.events import Event, Notice, Report
from aim_runtime.models.ref import ModelRef
from aim_runtime.models.sources.bring import bring
from aim_runtime.models.sources.source import Fetched
from aim_runtime.models.transfer.remote import Snapshot
from integration.models.transfer.serving import FileServer, StartFiles, same

REF = ModelRef.parse("org/m")
MB = 1_000_000


@dataclass(frozen=True)
class Files:
    """A source that is a plain web server; `listed` is called after each look."""

    server: FileServer
    listed: threading.Event

    def snapshot(self, ref: ModelRef, report: Report) -> Snapshot:
        found = self.server.list(digests=False)
        self.listed.set()
        return found

    def fetch(self, ref: ModelRef, into: Path, report: Report) -> Fetched:
        return bring(self, ref, into, report)


def test_replaced_once(tmp_path: Path, start_files: StartFiles) -> None:
    server, events = start_files("--rate", "2000000"), list[Event]()
    server.write("a", 4 * MB)
    server.write("same", 2 * MB)
    source = Files(server, threading.Event())

    def replace() -> None:
        source.listed.wait(10)
        while server.sent_bytes < 1 * MB:
            time.sleep(0.02)
        server.write("a", 5 * MB, seed=1)

    thread = threading.Thread(target=replace)
    thread.start()
    fetched = source.fetch(REF, tmp_path / "into", events.append)
    thread.join()
    assert same(tmp_path / "into", server.root)
    assert set(fetched.digests) == {"a", "same"}
    notices = [event.text for event in events if isinstance(event, Notice)]
    assert notices[0] == "a of hf://org/m was replaced while it was being fetched; looking again"


def test_written_in_place(tmp_path: Path, start_files: StartFiles) -> None:
    """What is seen of a file that grows are many states: the last one is waited for."""
    server = start_files("--rate", "2000000")
    data = server.write("a", 4 * MB)
    source = Files(server, threading.Event())

    def rewrite() -> None:
        source.listed.wait(10)
        with (server.root / "a").open("wb") as file:
            for start in range(0, len(data), MB // 4):
                file.write(data[start : start + MB // 4])
                file.flush()
                time.sleep(0.05)

    thread = threading.Thread(target=rewrite)
    thread.start()
    source.fetch(REF, tmp_path / "into", lambda _: None)
    thread.join()
    assert (tmp_path / "into/a").read_bytes() == data


def test_replaced_again_and_again(tmp_path: Path, start_files: StartFiles) -> None:
    server = start_files()
    server.write("a", 4 * MB)

    class Restless(Files):
        def snapshot(self, ref: ModelRef, report: Report) -> Snapshot:
            found = super().snapshot(ref, report)
            server.write("a", 4 * MB, seed=time.monotonic_ns())
            return found

    with pytest.raises(DownloadFailed, match="a of hf://org/m was replaced 3 times while it was being"):
        Restless(server, threading.Event()).fetch(REF, tmp_path / "into", lambda _: None)
    assert not (tmp_path / "into/a").exists()
