"""Run a load generator for one point, and watch how far it is."""

from __future__ import annotations

import os
import re
import selectors
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO

from aim_runtime.bench.generators.generator import Done, Generator, Job
from aim_runtime.service.uninterrupted import uninterrupted

_LOOK_EVERY_S = 0.5
_END_WITHIN_S = 5.0
_LINES = 20
_ENDS_OF_LINE = re.compile(rb"[\r\n]+")


@dataclass(frozen=True)
class Ended:
    """How a generator ended: its exit code, None where it was out of time, and its last lines."""

    exit_code: int | None
    lines: tuple[str, ...]


def drive(
    generator: Generator,
    job: Job,
    environment: Mapping[str, str],
    tell: Callable[[Done | None], None],
    within_s: float | None = None,
) -> Ended:
    """Run `generator` until it ends, is out of time, or this is interrupted; nothing of it is left then."""
    with ExitStack() as ends:
        with uninterrupted():
            process = subprocess.Popen(
                generator.command(job),
                env=dict(environment),
                cwd=job.folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                # It has processes of its own, which end with it; Ctrl-C in a terminal is ours to answer.
                start_new_session=True,
            )
            ends.callback(_end, process)
        deadline = None if within_s is None else time.monotonic() + within_s
        lines: deque[str] = deque(maxlen=_LINES)
        assert process.stdout
        _follow(process.stdout, generator, tell, lines, deadline)
        in_time = deadline is None or time.monotonic() < deadline
        return Ended(process.wait() if in_time else None, tuple(lines))


def _follow(
    output: IO[bytes],
    generator: Generator,
    tell: Callable[[Done | None], None],
    lines: deque[str],
    deadline: float | None,
) -> None:
    """Tell how far it is, twice a second at least, until it closes its output or its time is over.

    None as long as its load has not begun.
    """
    done: Done | None = None
    rest = b""
    with selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        while deadline is None or time.monotonic() < deadline:
            if selector.select(_LOOK_EVERY_S):
                read = os.read(output.fileno(), 65536)
                if not read:
                    return
                *whole, rest = _ENDS_OF_LINE.split(rest + read)
                # A bar is drawn over and over: what is said is the line that it ends with.
                for line in (each.decode(errors="replace").strip() for each in (*whole, rest)):
                    done = generator.done(line) or done
                lines.extend(filter(None, (each.decode(errors="replace").strip() for each in whole)))
            tell(done)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End all of its session; it has nothing to keep."""
    with uninterrupted():
        assert process.stdout
        process.stdout.close()
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(process.pid, number)
            except ProcessLookupError:
                break
            try:
                process.wait(_END_WITHIN_S)
            except subprocess.TimeoutExpired:
                continue
        process.wait()
