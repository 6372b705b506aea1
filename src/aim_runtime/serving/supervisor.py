"""One engine, from the start of its process to its end: what it says is heard, what it is is told."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Protocol

from aim_runtime.engines.endpoint import Endpoint
from aim_runtime.engines.failure import Ending, Failure
from aim_runtime.engines.launch import Engine, Launch
from aim_runtime.serving.engine_log import EngineLog
from aim_runtime.serving.life import Life
from aim_runtime.serving.output import Output
from aim_runtime.serving.stop import Stop
from aim_runtime.vocabulary import Phase

POLL_S = 0.1
# vLLM ends its workers and frees the devices within this on SIGTERM; after it, SIGKILL.
GRACE_S = 30.0
_ANSWERS_WITHIN_S = 2.0
# What an engine wrote last is in the pipe when it ends: long enough to read it.
_READ_WITHIN_S = 5.0


@dataclass(eq=False)
class EngineFailed(Exception):
    """The engine ended by itself, or was not ready in time (`code` is None then).

    `words` say how it ended, `lines` are the last that it said; `was_ready`: it had served until then.
    """

    failure: Failure
    code: int | None
    words: str
    lines: tuple[str, ...]
    was_ready: bool


class _Heard:
    """Reads the engine's lines for its log; a line can say that another phase of the start has begun.

    `warming`: the last of them was said to have. A machine that another leads says it when it has joined,
    has its part of the weights and does what it is told.
    """

    def __init__(self, engine: Engine, log: EngineLog) -> None:
        self.warming = False
        self._engine, self._log = engine, log
        self.tick, self.end = log.tick, log.end

    def line(self, text: str) -> None:
        line = self._engine.line(text)
        self.warming = self.warming or line.phase is Phase.WARMING
        self._log.line(line)


class Process(Protocol):
    """The engine's processes, as engines/process.py starts them."""

    output: int

    @property
    def pid(self) -> int: ...

    def wait(self, timeout_s: float) -> int | None:
        """The exit code, None where it still runs after `timeout_s`."""

    def terminate(self) -> None: ...

    def kill(self) -> None: ...


class Supervisor:
    """Watches an engine that was just started while the block runs; nothing is left of it after it.

    `log` gets each line that the engine says, on a thread of its own; `hide` takes secrets out of text;
    `ending` says what is known of an end beside the engine's own words.
    """

    def __init__(
        self,
        process: Process,
        engine: Engine,
        launch: Launch,
        endpoint: Endpoint,
        life: Life,
        stop: Stop,
        log: EngineLog,
        hide: Callable[[str], str],
        ending: Callable[[], Ending],
    ) -> None:
        self.process, self._engine, self._launch, self.endpoint = process, engine, launch, endpoint
        self._life, self._stop, self._hide, self._ending = life, stop, hide, ending
        self._started = time.monotonic()
        self._was_ready = False
        life.enter(Phase.STARTING)
        life.change(engine_pid=process.pid, engine_alive=True, answers=False)
        self._heard = _Heard(engine, log)
        self._output = Output(process.output, self._heard)
        life.endpoint, life.last_lines = None if launch.headless else endpoint, self._output.last

    def __enter__(self) -> Supervisor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end(GRACE_S)

    @property
    def seconds(self) -> float:
        """Since the start of the process."""
        return time.monotonic() - self._started

    def wait_until_ready(self, ready_s: float, watch: Callable[[], None]) -> None:
        """Return when the engine answers, calling `watch` all the time; raises EngineFailed.

        `ready_s` is how long that may take since the start of its process, 0 for as long as it takes.
        One that answers nobody is ready when its log says so.
        """
        while not self._answers():
            watch()  # before the engine's own end: it may know a reason for it
            code = self.process.wait(POLL_S)
            if code is not None:
                how = f"the engine ended with {_words(code)} after {self.seconds:.0f} s, before it was ready"
                raise self._failed(code, how)
            if ready_s and self.seconds >= ready_s:
                raise self._failed(None, f"the engine was not ready within AIM_READY_SECONDS={ready_s:g}")
        self._was_ready = True
        self._life.change(answers=True)
        self._life.enter(Phase.READY)

    def wait_until_stopped(self, watch: Callable[[], None]) -> None:
        """Return when a signal asks for an end; raises EngineFailed when the engine ends before that."""
        while not self._stop.number:
            watch()
            if (code := self.process.wait(POLL_S)) is not None:
                raise self._failed(code, f"the engine ended by itself with {_words(code)}")

    def end(self, grace_s: float) -> bool:
        """End the engine: in order within `grace_s`, by force after it or when a signal came again.

        Return whether it was in order.
        """
        deadline = time.monotonic() + grace_s
        self.process.terminate()
        in_order = True
        while self.process.wait(POLL_S) is None:
            if self._stop.again or time.monotonic() >= deadline:
                in_order = False
                self.process.kill()
        self._life.change(engine_alive=False, answers=False)
        self._output.finish(_READ_WITHIN_S)
        return in_order

    def _answers(self) -> bool:
        if self._launch.headless:
            return self._heard.warming
        answer = self.endpoint.ask(self._launch.ready_path, _ANSWERS_WITHIN_S)
        return answer is not None and answer[0] == 200

    def _failed(self, code: int | None, words: str) -> EngineFailed:
        self._life.change(engine_alive=code is None, answers=False)
        if code is None:
            self.end(GRACE_S)
        self._output.finish(_READ_WITHIN_S)
        lines = tuple(map(self._hide, self._output.last()))
        ending = replace(self._ending(), was_ready=self._was_ready)
        read = [self._engine.line(line) for line in lines]
        failure = self._engine.failure(read, code, self._launch, ending)
        return EngineFailed(failure, code, words, lines, self._was_ready)


def _words(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    names = {each.value: each.name for each in signal.Signals}
    return f"signal {names.get(-code, -code)}"
