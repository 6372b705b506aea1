"""Clients that mean no good, or are merely slow: probes are answered all the same."""

from __future__ import annotations

import contextlib
import socket
import threading
import time

import pytest

from aim_runtime.serving.management import connections
from integration.serving.port import Port, managed


def threads() -> int:
    return sum("process_request_thread" in each.name for each in threading.enumerate())


def open_one(port: Port, text: bytes = b"GET /status HTTP/1.1\r\nHost: loc") -> socket.socket:
    client = socket.create_connection((port.host, port.number), timeout=10)
    client.sendall(text)
    return client


def test_a_thousand_connections_that_say_nothing() -> None:
    with managed() as port, contextlib.ExitStack() as held:
        for count in range(1000):
            held.enter_context(open_one(port))
            if count % 100 == 0:
                assert port.ask("/livez").status == 200
        began = time.monotonic()
        assert port.ask("/livez").status == 200
        assert time.monotonic() - began < 2
        deadline = time.monotonic() + 5
        while threads() > connections.MOST and time.monotonic() < deadline:
            time.sleep(0.02)
        assert threads() <= connections.MOST
        assert not port.said


def test_a_request_that_comes_a_byte_at_a_time_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "ASK_S", 1.0)
    with managed() as port, open_one(port) as client:
        began = time.monotonic()
        with contextlib.suppress(OSError):
            while time.monotonic() - began < 10:
                client.sendall(b"a")
                time.sleep(0.05)
        assert 0.9 < time.monotonic() - began < 3


def test_an_idle_connection_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "ASK_S", 0.5)
    with managed() as port, open_one(port, b"") as client:
        assert client.recv(1) == b""


def test_a_client_that_does_not_read_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aim_runtime.serving.management.handler.ANSWER_S", 1.0)
    with managed(lines=["x" * 20_000_000]) as port:
        client = open_one(port, b"GET /status?lines=1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        began = time.monotonic()
        with client:
            while not threads() and time.monotonic() - began < 2:
                time.sleep(0.001)
            while threads() and time.monotonic() - began < 10:
                time.sleep(0.05)
            assert 0.9 < time.monotonic() - began < 4
            assert port.ask("/livez").status == 200


def test_memory_does_not_grow_with_what_is_sent() -> None:
    with managed() as port, open_one(port, b"GET /livez HTTP/1.1\r\n") as client:
        sent = 0
        with contextlib.suppress(OSError):
            while sent < 50_000_000:
                sent += client.send(b"a: " + b"b" * 65536)
        assert sent < 10_000_000
        assert port.ask("/livez").status == 200
