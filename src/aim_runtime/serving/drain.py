"""The end of a service: requests in flight are waited for, then the engine is stopped.

The engine goes on serving, also what still arrives, until nothing is in flight. vLLM, once it has its
SIGTERM, answers what arrives with status 200, no text and finish_reason "abort"
(v1/engine/core.py, _reject_add_in_shutdown): a client takes that for an answer. And in Kubernetes requests
do arrive after the SIGTERM: it is sent while the address of the pod is being taken out of the proxies of
all nodes. There, the engine is kept for a moment even when it has nothing to do.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from aim_runtime.engines.launch import Engine
from aim_runtime.serving.stop import Stop
from aim_runtime.serving.supervisor import GRACE_S, Supervisor

# As long as proxies usually take to learn that an address is gone.
LINGER_S = 5.0
_POLL_S = 0.25
_ASK_WITHIN_S = 2.0
# When requests are cut: what the engine gets to free its devices in.
_CUT_GRACE_S = 3.0
_METRICS = "/metrics"


def linger_s(inherited: Mapping[str, str], drain_s: float) -> float:
    """How long requests may still arrive after a SIGTERM; 0 where nothing stands before the engine."""
    return min(LINGER_S, drain_s) if inherited.get("KUBERNETES_SERVICE_HOST") else 0.0


class Drain:
    """Ends one engine that serves. Times in seconds, of a monotonic clock."""

    def __init__(
        self, engine: Engine, supervisor: Supervisor, stop: Stop, say: Callable[[str], None]
    ) -> None:
        self._engine, self._supervisor, self._stop, self._say = engine, supervisor, stop, say
        self._said = False

    def run(self, drain_s: float, linger_s: float) -> bool:
        """Wait for what is in flight, end the engine; return whether everything was answered."""
        began = time.monotonic()
        deadline, stays = began + drain_s, began + linger_s
        idle = asked = 0
        in_flight: int | None = None
        while not self._stop.again:
            found, asked = self._in_flight(), asked + 1
            in_flight = in_flight if found is None else found  # too busy to say: what it said before
            # Seen twice: what has just arrived is counted a moment later.
            idle = idle + 1 if found == 0 else 0
            now = time.monotonic()
            if in_flight is None and asked > 1 and now >= stays:
                # The engine does not say: it waits for what is in flight by itself, or does not.
                return self._end(max(0.0, deadline - now) or _CUT_GRACE_S)
            if (idle > 1 and now >= stays) or (in_flight == 0 and now >= deadline):
                self._end(max(GRACE_S, deadline - now))
                return not self._stop.again
            if now >= deadline:
                self._say(f"AIM_DRAIN_SECONDS={drain_s:g} is over: {_count(in_flight)} cut")
                self._end(_CUT_GRACE_S)
                return False
            if in_flight and not self._said:
                self._said = True
                self._say(f"{_count(in_flight)} in flight: the end waits for it, {drain_s:g} s at most")
            if self._supervisor.process.wait(_POLL_S) is not None:
                self._say(f"the engine ended by itself: {_count(in_flight)} cut")
                return not in_flight
        self._say(f"a second signal: {_count(in_flight)} cut")
        self._end(0)
        return False

    def _end(self, grace_s: float) -> bool:
        in_order = self._supervisor.end(grace_s)
        if not in_order and grace_s and not self._stop.again:
            self._say(f"the engine did not end within {grace_s:.0f} s: it was killed")
        return in_order

    def _in_flight(self) -> int | None:
        answer = self._supervisor.endpoint.ask(_METRICS, _ASK_WITHIN_S)
        load = self._engine.load(answer[1]) if answer and answer[0] == 200 else None
        return load.running + load.waiting if load else None


def _count(requests: int | None) -> str:
    if requests is None:
        return "requests"
    return f"{requests} request{'' if requests == 1 else 's'}"
