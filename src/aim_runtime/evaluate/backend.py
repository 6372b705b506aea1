"""lm-eval, as a program of an environment of its own."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from aim_runtime.errors import EvaluationFailed, InvalidValue, ToolMissing
from aim_runtime.service.uninterrupted import uninterrupted

COMMAND = "AIM_EVAL_BACKEND_COMMAND"
_USUAL = "lm_eval"
_REMEMBERED_LINES = 12
_END_WITHIN_S = 10.0
# tqdm's bar of requests: `Requesting API:  11%|█  | 34/320 [00:33<03:15,  1.46it/s]`
_BAR = re.compile(r"Requesting API:.*?\| (\d+)/(\d+) \[")


@dataclass(frozen=True)
class Asked:
    """So many of the requests of one kind are answered: a task of several kinds has several `stage`s."""

    done: int
    total: int
    stage: int


Tell = Callable[[Asked], None]


def find(environment: Mapping[str, str]) -> list[str]:
    """The command that runs lm-eval. Raises InvalidValue or ToolMissing."""
    text = environment.get(COMMAND) or _USUAL
    try:
        program, *arguments = shlex.split(text)
    except ValueError as error:
        raise InvalidValue(f"{COMMAND} is no command: {text}") from error
    # `make evaluate` links it beside our own program, which need not be on the PATH.
    ours = str(Path(sys.executable).parent)
    path = os.pathsep.join(filter(None, (environment.get("PATH", os.defpath), ours)))
    found = shutil.which(program, path=path)
    if found is None:
        raise ToolMissing(
            f"lm-eval is not installed: there is no {program}",
            hint="in a checkout: make evaluate; elsewhere: python3 -m venv lm-eval && "
            "lm-eval/bin/pip install 'lm-eval[api]==0.4.13' transformers, and set "
            f"{COMMAND}=lm-eval/bin/lm_eval",
        )
    return [found, *arguments]


def run(
    command: list[str], environment: Mapping[str, str], log: Path, tell: Tell, within_s: float | None
) -> None:
    """Run it to its end; what it says goes to `log`. Raises EvaluationFailed."""
    late = threading.Event()
    with ExitStack() as ends:
        with uninterrupted():
            process = subprocess.Popen(
                command,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # to be ended with whatever it starts
            )
            ends.callback(_end, process)

        def stop() -> None:
            late.set()
            _signal(process, signal.SIGKILL)

        if within_s:
            timer = threading.Timer(within_s, stop)
            timer.start()
            ends.callback(timer.cancel)
        assert process.stdout is not None
        last = _follow(process.stdout, log, tell)
        code = process.wait()
    if late.is_set():
        raise EvaluationFailed(
            f"lm-eval was not done after {within_s:g} s", hint="give it more by --timeout, or less by --limit"
        )
    if code:
        raise EvaluationFailed(_reason(last, code), hint=f"its log: {log}", details=last)


def _follow(stream: IO[bytes], log: Path, tell: Tell) -> tuple[str, ...]:
    """Write what it says to the log and tell how far it is; return its last lines."""
    last: deque[str] = deque(maxlen=_REMEMBERED_LINES)
    stage, before = 0, 0
    with log.open("w", encoding="utf-8") as kept:
        for line in _lines(stream):
            if bar := _BAR.search(line):
                done, total = int(bar[1]), int(bar[2])
                stage += done < before
                before = done
                tell(Asked(done, total, stage))
            elif line.strip():
                kept.write(f"{line}\n")
                kept.flush()
                last.append(line.strip())
    return tuple(last)


def _lines(stream: IO[bytes]) -> Iterator[str]:
    """What is between line ends or carriage returns, by which a bar is drawn over."""
    rest = b""
    while piece := os.read(stream.fileno(), 65536):
        *whole, rest = re.split(rb"[\r\n]", rest + piece)
        yield from (line.decode(errors="replace") for line in whole)
    if rest:
        yield rest.decode(errors="replace")


def _reason(last: tuple[str, ...], code: int) -> str:
    said = next((line for line in reversed(last) if re.match(r"[\w.]*(Error|Exception)\b", line)), "")
    return f"lm-eval ended with {code}" + (f": {said}" if said else "")


def _end(process: subprocess.Popen[bytes]) -> None:
    with uninterrupted():
        if process.poll() is None:
            _signal(process, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_END_WITHIN_S)
        _signal(process, signal.SIGKILL)
        process.wait()
        if process.stdout:
            process.stdout.close()


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return
