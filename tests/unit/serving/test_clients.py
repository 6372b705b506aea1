"""Which connections mean that a client waits."""

from __future__ import annotations

import socket
from pathlib import Path

from aim_runtime.engines.listeners import connected
from aim_runtime.serving.clients import HELD_S, Clients

FAR = ("0100007F", 4000)
OTHER = ("0100007F", 5000)


def test_only_one_that_is_held_counts() -> None:
    there = {FAR}
    clients = Clients(80, lambda port: frozenset(there))
    none: frozenset[int | None] = frozenset({None})
    assert not clients.held(0, none)
    assert not clients.held(HELD_S - 1, none)
    assert clients.held(HELD_S, none)
    assert not clients.held(HELD_S + 1, frozenset({4000})), "it is our own"
    assert not clients.held(HELD_S + 2, none), "a port that is used again is another client"
    there.clear()
    assert not clients.held(3 * HELD_S, none)


def test_clients_that_come_and_go_do_not_wait() -> None:
    ends = [frozenset({FAR}), frozenset({OTHER})] * 10
    clients = Clients(80, lambda port: ends.pop())
    assert not any(clients.held(number * HELD_S, frozenset()) for number in range(20))


def test_the_kernel_knows_who_is_connected() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert connected(Path("/"), port) == frozenset()
        with socket.create_connection(("127.0.0.1", port)) as client:
            ours = client.getsockname()[1]
            assert connected(Path("/"), port) == {("0100007F", ours)}
            assert connected(Path("/"), ours) == {("0100007F", port)}
        assert connected(Path("/"), port) == frozenset(), "the client has closed its end"


def test_without_the_kernels_tables(tmp_path: Path) -> None:
    assert connected(tmp_path, 80) == frozenset()
