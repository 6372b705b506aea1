"""How an engine is asked, against a small HTTP server that says how it was asked."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from aim_runtime.engines.endpoint import Endpoint, Probe
from aim_runtime.serving.asking import Kept, Probing
from servers.certificate import self_signed


class Server(ThreadingHTTPServer):
    """Answers a path with the status that `statuses` has for it by now, 200 where it has none."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, int, dict[str, Any]]] = []
        self.statuses: dict[str, int] = {}
        self.silent = threading.Event()
        self.keeps = True
        self.tls = False

    def speak_tls(self, folder: Path) -> None:
        certificate, key = self_signed(folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.socket, self.tls = context.wrap_socket(self.socket, server_side=True), True

    def endpoint(self) -> Endpoint:
        return Endpoint(self.server_address[1], self.tls, "key-of-a-test")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append((self.path, self.client_address[1], json.loads(body or "{}")))
        while self.server.silent.is_set():
            time.sleep(0.01)
        assert self.headers["Authorization"] == "Bearer key-of-a-test"
        self.send_response(self.server.statuses.get(self.path, 200))
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"well")
        self.close_connection = not self.server.keeps  # without a word to the client

    do_POST = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        return


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.silent.clear()
        server.shutdown()
        thread.join()


def test_one_connection_serves_all_questions(server: Server) -> None:
    kept = Kept(server.endpoint(), 5)
    assert [kept.ask("/a") for _ in range(3)] == [(200, "well")] * 3
    assert {port for _, port, _ in server.asked} == {kept.port}
    kept.close()
    assert kept.port is None


def test_a_connection_that_the_server_closed_is_opened_again(server: Server) -> None:
    server.keeps = False
    kept = Kept(server.endpoint(), 5)
    assert kept.ask("/a") == (200, "well")
    time.sleep(0.05)
    assert kept.ask("/a") == (200, "well")
    assert len({port for _, port, _ in server.asked}) == 2
    kept.close()


def test_no_answer_in_time_and_then_one(server: Server) -> None:
    kept = Kept(server.endpoint(), 0.1)
    server.silent.set()
    assert kept.ask("/a") is None
    assert len(server.asked) == 1, "not asked again at once: it may have too much to do"
    server.silent.clear()
    assert kept.ask("/a") == (200, "well")
    kept.close()


def test_nobody_listens() -> None:
    with Server() as gone:
        endpoint = gone.endpoint()
    assert Kept(endpoint, 5).ask("/a") is None
    probing = Probing(endpoint, [Probe("/a", "{}")], 1)
    probing.ask()
    assert not probing.under_way
    assert not probing.done()


def test_a_question_is_given_up_by_another_thread(server: Server) -> None:
    kept = Kept(server.endpoint(), 60)
    assert kept.ask("/a") == (200, "well")  # so the connection is one that is kept
    server.silent.set()
    threading.Timer(0.1, kept.give_up).start()
    began = time.monotonic()
    assert kept.ask("/a") is None
    assert time.monotonic() - began < 5
    kept.close()


def done(probing: Probing) -> bool:
    """Whether it is done within a moment."""
    deadline = time.monotonic() + 1
    while time.monotonic() < deadline:
        if probing.done():
            return True
        time.sleep(0.01)
    return False


PROBES = [Probe(path, json.dumps({"of": path})) for path in ("/completions", "/embeddings", "/pooling")]


def test_the_probe_is_the_first_that_the_model_takes(server: Server) -> None:
    server.statuses = {"/completions": 404, "/embeddings": 400}
    probing = Probing(server.endpoint(), PROBES, 1)
    probing.ask()
    assert done(probing)
    assert not probing.under_way
    probing.ask()
    assert done(probing)
    assert [path for path, _, _ in server.asked] == ["/completions", "/embeddings", "/pooling", "/pooling"]
    assert server.asked[-1][2] == {"of": "/pooling"}


def test_a_model_that_takes_none_is_not_probed(server: Server) -> None:
    server.statuses = {probe.path: 401 for probe in PROBES}
    probing = Probing(server.endpoint(), PROBES, 1)
    probing.ask()
    assert not done(probing)
    assert not probing.possible
    probing.ask()
    assert len(server.asked) == 3


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_probe_that_is_refused_for_now_is_asked_again(status: int, server: Server) -> None:
    server.statuses = {"/completions": status}
    probing = Probing(server.endpoint(), PROBES, 1)
    probing.ask()
    assert not done(probing)
    server.statuses.clear()
    probing.ask()
    assert done(probing)
    assert {path for path, _, _ in server.asked} == {"/completions"}


def test_one_probe_at_a_time_and_looking_takes_no_time(server: Server) -> None:
    server.silent.set()
    probing = Probing(server.endpoint(), PROBES, 60)
    began = time.monotonic()
    for _ in range(10):
        probing.ask()
        assert not probing.done()
    assert time.monotonic() - began < 1
    while not server.asked:
        time.sleep(0.01)
    assert probing.port == server.asked[0][1]
    server.silent.clear()
    assert done(probing)
    assert len(server.asked) == 1
    probing.close()


def test_by_tls(server: Server, tmp_path: Path) -> None:
    server.speak_tls(tmp_path)
    kept, probing = Kept(server.endpoint(), 5), Probing(server.endpoint(), PROBES, 5)
    assert [kept.ask("/a") for _ in range(2)] == [(200, "well")] * 2
    probing.ask()
    assert done(probing)
    kept.close()
