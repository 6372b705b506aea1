"""Looks at a running engine every few seconds and writes down whether it answers and gets on.

It only says what is: what follows from it, not ready and later not live, is judged by who tells it on.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType

from aim_runtime.engines.endpoint import Endpoint
from aim_runtime.engines.launch import Engine, Launch
from aim_runtime.engines.load import Load
from aim_runtime.serving.asking import Kept, Probing
from aim_runtime.serving.clients import Clients, Connected
from aim_runtime.serving.life import Life
from aim_runtime.serving.progress import Progress, Steady
from aim_runtime.vocabulary import Phase

_METRICS = "/metrics"
# To write its metrics costs vLLM about 5 ms of the thread that also streams its answers: seldom enough.
_LOOK_S = 2.0
# An engine's HTTP server that is up to its neck in work takes seconds; one that takes this long is no use.
_ANSWER_S = 10.0
# From the first byte of a probe's answer, or of a TLS server's greeting, to its last.
_REST_S = 2.0


class Watchdog:
    """Watches one engine from the moment that it is ready to the end of the block.

    Work that stands still for a quarter of `stall_s` is given the benefit of the doubt: the engine is
    asked for one token. That also shows a stall where its own metrics do not, and none where they are
    out of date (https://github.com/vllm-project/vllm/issues/29928). `tell` gets what a person should
    know, in this watchdog's thread.
    """

    def __init__(
        self,
        engine: Engine,
        launch: Launch,
        endpoint: Endpoint,
        life: Life,
        stall_s: float,
        connected: Connected,
        tell: Callable[[str], None],
    ) -> None:
        self._engine, self._launch, self._life, self._tell = engine, launch, life, tell
        self._stall_s = stall_s
        self._look_s = min(_LOOK_S, stall_s / 4)
        self._connection = Kept(endpoint, _ANSWER_S)
        self._probing = Probing(endpoint, engine.probes(launch), _REST_S)
        self._clients = Clients(launch.port, connected)
        self._answers = Steady(True)
        self._progress = Progress(time.monotonic())
        self._stalled = False
        self._has_statistics = True
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def __enter__(self) -> Watchdog:
        self._life.change(answers=True, stalled_s=0.0)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        self._connection.give_up()
        self._thread.join()
        self._life.change(answers=False, stalled_s=0.0, load=None)

    def _watch(self) -> None:
        while not self._end.wait(self._look_s):
            self._look()
        self._connection.close()
        self._probing.close()

    def _look(self) -> None:
        health = self._connection.ask(self._launch.ready_path)
        metrics = self._connection.ask(_METRICS) if health else None
        now = time.monotonic()
        load = self._engine.load(metrics[1]) if metrics and metrics[0] == 200 else None
        self._note_answers(health is not None and health[0] == 200)
        if metrics and load is None:
            self._note_no_statistics()
        # One that does not answer takes no work: as bad as one that does none of it.
        held = not self._answers.value or self._is_waited_for(now, load)
        self._progress.saw(now, load, held=held)
        if self._probing.done():
            self._progress.worked(now)
        if self._progress.still_s(now) >= self._stall_s / 4:
            self._probing.ask()
        self._note_stall(self._progress.stalled_s(now), load)

    def _is_waited_for(self, now_s: float, load: Load | None) -> bool:
        """Whether clients wait for the engine although it says that it has nothing to do, or nothing."""
        if not self._probing.possible or (load and load.running + load.waiting):
            return False
        return self._clients.held(now_s, frozenset({self._connection.port, self._probing.port}))

    def _note_answers(self, answered: bool) -> None:
        if not self._answers.saw(answered):
            return
        self._life.change(answers=answered)
        if self._life.view().phase is not Phase.DRAINING:  # then it is told to take no more
            self._tell("the engine answers again" if answered else "the engine does not answer: not ready")

    def _note_no_statistics(self) -> None:
        if self._has_statistics:
            self._has_statistics = False
            self._tell(
                "the engine keeps no statistics (disable-log-stats): that it makes progress is only seen "
                "from whether it does what it is asked for"
            )

    def _note_stall(self, stalled_s: float, load: Load | None) -> None:
        self._life.change(stalled_s=stalled_s, **({"load": load} if load else {}))
        if load and load.kv_tokens:
            self._life.change(kv_tokens=load.kv_tokens)
        stalled = stalled_s >= self._stall_s
        if stalled and not self._stalled:
            queue = f"{load.running} running, {load.waiting} waiting" if load else "clients waiting"
            self._tell(f"the engine has made no progress for {stalled_s:.0f} s ({queue}): not ready")
        elif self._stalled and not stalled:
            self._tell("the engine makes progress again")
        self._stalled = stalled
