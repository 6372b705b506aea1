"""A machine that another leads: it answers nobody, and ends when that one does not need it any more.

All machines of a group are told to end at the same moment, and the leader first answers what is in flight,
which it can do only with the others. How far it is they cannot see; that its engine has ended they can: where
the machines meet, nobody listens any more.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from aim_runtime.nodes import Nodes
from aim_runtime.serving.life import Life
from aim_runtime.serving.stop import Stop, Stopped
from aim_runtime.serving.supervisor import GRACE_S, Supervisor
from aim_runtime.settings import Settings
from aim_runtime.vocabulary import Phase

_POLL_S = 0.5
_CONNECT_WITHIN_S = 2.0
# One failure to connect may be the network's.
_GONE_AFTER = 2


@dataclass(frozen=True)
class Led:
    """What happens on the way: `loading` all the time until it is ready, `ready` then, `watch` after that.

    `say` gets what a person should know.
    """

    loading: Callable[[], None]
    ready: Callable[[], None]
    watch: Callable[[], None]
    say: Callable[[str], None]


def serve_led(settings: Settings, supervisor: Supervisor, life: Life, stop: Stop, led: Led) -> NoReturn:
    """Keep the engine until a signal asks for an end, which raises Stopped; raises EngineFailed before.

    Nothing limits how long it may take to be ready: the leader sees that, and its end is the group's.
    """
    nodes = settings.nodes
    assert nodes is not None
    try:
        supervisor.wait_until_ready(0.0, led.loading)
        led.ready()
        supervisor.wait_until_stopped(led.watch)
    except Stopped:
        pass  # it may be needed although it is not known to be ready: its log may be set not to say it
    life.enter(Phase.DRAINING)
    drain_s = settings.serving.drain_s
    if listens(nodes):
        led.say(f"the end waits for {nodes.master}, which leads, {drain_s:g} s at most")
    _wait(nodes, supervisor, stop, drain_s)
    supervisor.end(0 if stop.again else GRACE_S)
    raise Stopped(cut=stop.again)


def _wait(nodes: Nodes, supervisor: Supervisor, stop: Stop, most_s: float) -> None:
    """Return when the leader or the engine has ended, at the latest after `most_s` or at a second signal."""
    deadline, missed = time.monotonic() + most_s, 0
    while not stop.again and missed < _GONE_AFTER and time.monotonic() < deadline:
        if supervisor.process.wait(_POLL_S) is not None:
            return
        missed = 0 if listens(nodes) else missed + 1


def listens(nodes: Nodes) -> bool:
    """Whether somebody listens where the machines meet."""
    try:
        with socket.create_connection((nodes.master, nodes.port), _CONNECT_WITHIN_S):
            return True
    except OSError:
        return False
