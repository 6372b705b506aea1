"""Whether somebody waits for an engine: seen from the connections to its port, which the kernel knows of.

An engine's own count of its requests is as old as its last step: one that is stuck before the first step
of a request does not know of it. A connection is told apart from one that is only kept open by its age: an
engine's HTTP server closes the latter after seconds (vLLM: VLLM_HTTP_TIMEOUT_KEEP_ALIVE, 5).
"""

from __future__ import annotations

from collections.abc import Callable

HELD_S = 10.0
Connected = Callable[[int], frozenset[tuple[str, int]]]


class Clients:
    """Who is connected to a port, and since when as far as was looked.

    `connected` gives the far ends of a port's connections, by address and port.
    """

    def __init__(self, port: int, connected: Connected) -> None:
        self._port = port
        self._connected = connected
        self._since_s: dict[tuple[str, int], float] = {}

    def held(self, now_s: float, own: frozenset[int | None]) -> bool:
        """Whether a connection is older than one without a request is; `own` are the ports of ours."""
        there = {end for end in self._connected(self._port) if end[1] not in own}
        self._since_s = {end: self._since_s.get(end, now_s) for end in there}
        return any(now_s - since >= HELD_S for since in self._since_s.values())
