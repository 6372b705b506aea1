"""The folder of a search: what was asked, the trials, profiles and logs. The same request goes on in it."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from aim_runtime.errors import FileNotWritable, InvalidValue
from aim_runtime.tune.answers import Answers
from aim_runtime.tune.trial import Journal

_ENDS_WITHIN_S = 70.0


class State:
    """The folder; `journal` has its trials."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.journal = Journal(folder / "trials.jsonl")

    @property
    def profiles(self) -> Path:
        """The profiles of the trials: what AIM_PROFILES_PATH names for their services."""
        return self.folder / "profiles"

    @property
    def result(self) -> Path:
        return self.folder / "tune_results.json"

    @property
    def report(self) -> Path:
        return self.folder / "tune_report.html"

    @property
    def best(self) -> Path:
        """Where the profile goes that was found: below it is what AIM_PROFILES_PATH can name."""
        return self.folder / "best"

    def log(self, number: int, start: int) -> Path:
        """The log of a trial's service, of its first start or a later one."""
        return self.folder / "logs" / f"trial{number}{f'-{start}' if start > 1 else ''}.log"

    @property
    def answers(self) -> Answers | None:
        """The reference's answers, once they are there."""
        try:
            read = json.loads((self.folder / "reference.json").read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None
        return Answers(*(tuple(map(tuple, read[name])) for name in ("answers", "prompts", "scores")))

    def keep_answers(self, answers: Answers) -> None:
        _replace(self.folder / "reference.json", json.dumps(asdict(answers)))

    def keep_benchmark(self, name: str, read: Mapping[str, Any]) -> None:
        _replace(self.folder / f"benchmark_{name}.json", json.dumps(read, indent=2) + "\n")

    def keep_report(self, page: str) -> None:
        _replace(self.report, page)

    def keep_result(self, result: Mapping[str, Any]) -> None:
        _replace(self.result, json.dumps(result, indent=2, ensure_ascii=False, default=str) + "\n")


@contextmanager
def opened(folder: Path, request: Mapping[str, Any]) -> Iterator[State]:
    """The folder for a request, for as long as the block runs; services that a killed search left are ended.

    Raises InvalidValue where the folder has another request's search, or where another process is at it,
    FileNotWritable where it cannot be made.
    """
    try:
        for part in (folder, folder / "logs", folder / "profiles"):
            part.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("a")
    except OSError as error:
        raise FileNotWritable(
            f"{folder} cannot be written: {error.strerror}", hint="name another folder with --output-dir"
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InvalidValue(
                f"another aim-runtime tune is at work in {folder}",
                hint="wait for it, or name another folder with --output-dir",
            ) from None
        _same_request(folder, request)
        for pid in _left(folder):
            _end(pid)
        yield _state(folder)


def _same_request(folder: Path, request: Mapping[str, Any]) -> None:
    path = folder / "request.json"
    ours = json.loads(json.dumps(request))
    try:
        theirs = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        _replace(path, json.dumps(ours, indent=2) + "\n")
        return
    except ValueError as error:
        raise _not_ours(folder) from error
    if not isinstance(theirs, dict):
        raise _not_ours(folder)
    other = [
        f"{name} {theirs.get(name)}, not {ours.get(name)}"
        for name in {**ours, **theirs}
        if theirs.get(name) != ours.get(name)
    ]
    if other:
        raise InvalidValue(
            f"{folder} has the search of another request: {'; '.join(other)}",
            hint="name another folder with --output-dir, or remove this one to begin anew",
        )


def _state(folder: Path) -> State:
    try:
        return State(folder)
    except (KeyError, TypeError, ValueError) as error:
        raise _not_ours(folder) from error


def _not_ours(folder: Path) -> InvalidValue:
    return InvalidValue(
        f"{folder} has files that aim-runtime tune did not write",
        hint="name another folder with --output-dir, or remove this one to begin anew",
    )


def _left(folder: Path) -> list[int]:
    """Services of trials in this folder that still run: their search was killed and could not end them."""
    ours = f"AIM_PROFILES_PATH={(folder / 'profiles').resolve()}".encode()
    found = []
    for process in Path("/proc").iterdir():
        if not process.name.isdigit() or int(process.name) == os.getpid():
            continue
        try:
            called = (process / "cmdline").read_bytes().split(b"\0")
            around = (process / "environ").read_bytes().split(b"\0")
        except OSError:  # it ended, or is not ours to look at
            continue
        if b"aim_runtime" in called and b"serve" in called and ours in around:
            found.append(int(process.name))
    return found


def _end(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + _ENDS_WITHIN_S
        while time.monotonic() < deadline:
            # One that ended has no command line any more, also where nobody waits for it.
            if not Path(f"/proc/{pid}/cmdline").read_bytes():
                return
            time.sleep(0.1)
        os.kill(pid, signal.SIGKILL)
    except (ProcessLookupError, FileNotFoundError):
        return


def _replace(path: Path, text: str) -> None:
    """Write a file so that it is whole or as it was."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)
