"""POST /try: a question through the management port to the engine, and what is refused before it."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from aim_runtime.engines.endpoint import Endpoint
from aim_runtime.serving.management import relay
from aim_runtime.vocabulary import Phase
from integration.models.programs import fake
from integration.serving.port import Port, Reply, managed
from running import free_port

OURS = "the-engines-own-key"
JSON = {"Content-Type": "application/json"}


@contextmanager
def trying(*switches: str) -> Iterator[Port]:
    """A port that is ready, with an engine behind it."""
    with fake("chat", *switches) as number, managed() as port:
        port.life.endpoint = Endpoint(number, api_key=OURS)
        port.be_ready()
        yield port


@pytest.fixture(scope="module")
def port() -> Iterator[Port]:
    """One for the tests that leave no trace but in what the engine has seen."""
    with trying() as found:
        yield found


def question(**more: Any) -> str:
    return json.dumps({"model": "acme/model", "messages": [], "stream": True, **more})


def request(**more: Any) -> bytes:
    """The bytes of a request, for a client that reads as it likes."""
    body = question(**more).encode()
    head = "POST /try HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def ask(port: Port, body: str | bytes | None = None, **headers: str) -> Reply:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return port.ask("/try", "POST", question() if body is None else body, {**JSON, **given})


def seen(port: Port) -> list[dict[str, Any]]:
    assert port.life.endpoint
    answer = Endpoint(port.life.endpoint.port).ask("/seen", 5)
    assert answer
    found: list[dict[str, Any]] = json.loads(answer[1])
    return found


def test_the_answer_comes_as_the_engine_writes_it() -> None:
    with (
        trying("--pause", "0.3") as port,
        socket.create_connection((port.host, port.number), timeout=10) as client,
    ):
        client.sendall(request(max_tokens=3))
        came, text = [], b""
        while part := client.recv(65536):
            came.append(time.monotonic())
            text += part
    assert b"text/event-stream" in text
    assert text.count(b"data: ") == 6
    assert text.endswith(b"data: [DONE]\n\n\r\n0\r\n\r\n")
    assert came[-1] - came[0] > 0.5, "it came all at once"


def test_the_engine_is_asked_what_was_asked_and_never_with_our_key() -> None:
    with trying() as port:
        assert ask(port, question(max_tokens=2)).status == 200
        assert ask(port, Authorization="Bearer theirs", Cookie="a=b", X_Forwarded_For="1.2.3.4").status == 200
        first, second = seen(port)
    assert first["path"] == "/v1/chat/completions"
    assert first["body"]["max_tokens"] == 2
    assert "Authorization" not in first["headers"]
    assert second["headers"]["Authorization"] == "Bearer theirs"
    assert OURS not in json.dumps([first, second])
    assert not {"Cookie", "X-Forwarded-For"} & set(second["headers"])


def test_what_the_engine_refuses_is_passed_on() -> None:
    with trying("--key", "right") as port:
        assert ask(port).status == 401
        assert ask(port, Authorization="Bearer wrong").status == 401
        assert ask(port, Authorization="Bearer right").status == 200
        answer = ask(port, question(model="nobody/knows"), Authorization="Bearer right")
        assert (answer.status, answer.json["error"]["code"]) == (404, 404)


def test_before_it_is_ready_it_says_why_not() -> None:
    with trying() as port:
        port.life.enter(Phase.DRAINING)
        answer = ask(port)
        assert answer.status == 503
        assert answer.json["error"]["message"].startswith("the model cannot be tried: draining")
        port.life.enter(Phase.LOADING)
        assert ask(port).json["error"]["message"].endswith("not ready yet: loading weights")
        assert seen(port) == []


def test_without_an_engine_and_with_one_that_does_not_answer() -> None:
    with trying() as port:
        port.life.endpoint = None
        assert (ask(port).status, ask(port).json["error"]["message"]) == (503, "there is no engine to ask")
        port.life.endpoint = Endpoint(free_port())
        assert ask(port).status == 502


@pytest.mark.parametrize(
    ("headers", "status", "says"),
    [
        ({"Origin": "http://evil.example"}, 403, "not one of http://evil.example"),
        ({"Origin": "http://localhost:3000"}, 403, "http://localhost:3000"),
        ({"Origin": "null"}, 403, "null"),
        ({"Sec-Fetch-Site": "cross-site"}, 403, "cross-site"),
        ({"Content-Type": "text/plain"}, 415, "application/json"),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415, "application/json"),
        ({"Content-Length": "9999999999999"}, 413, "too long"),
        ({"Content-Length": "000000000999999999"}, 413, "too long"),
        ({"Content-Length": "-1"}, 411, "Content-Length"),
        ({"Content-Length": "x"}, 411, "Content-Length"),
        ({"Transfer-Encoding": "chunked"}, 411, "Content-Length"),
        ({"Host": "evil.example", "Origin": "http://evil.example"}, 421, "evil.example"),
    ],
)
def test_who_is_refused(port: Port, headers: dict[str, str], status: int, says: str) -> None:
    before = len(seen(port))
    answer = port.ask("/try", "POST", question(), {**JSON, **headers})
    assert answer.status == status
    assert says in answer.json["error"]["message"]
    assert len(seen(port)) == before


@pytest.mark.parametrize("body", ["", "x", "[]", '"text"', "[" * 100_000, b"\xff\xfe"])
def test_what_is_no_question(port: Port, body: str | bytes) -> None:
    before = len(seen(port))
    assert ask(port, body).status == 400
    assert len(seen(port)) == before


def test_the_pages_own_requests_are_taken(port: Port) -> None:
    host = f"localhost:{port.number}"
    headers = {"Host": host, "Origin": f"http://{host}", "Sec_Fetch_Site": "same-origin"}
    assert ask(port, None, **headers).status == 200


def test_a_client_that_stops_stops_the_engine() -> None:
    with trying("--pause", "0.1") as port:
        with socket.create_connection((port.host, port.number), timeout=10) as client:
            client.sendall(request(max_tokens=1000))
            assert b"200" in client.recv(1000)
        deadline = time.monotonic() + 5
        words = -1
        while (now := seen(port)[0]["words"]) != words and time.monotonic() < deadline:
            words = now
            time.sleep(0.3)
        assert words < 30
        assert not seen(port)[0]["whole"]


def test_a_client_that_leaves_before_the_first_token_is_noticed() -> None:
    with trying("--pause", "1.5") as port:
        with socket.create_connection((port.host, port.number), timeout=10) as client:
            client.sendall(request(max_tokens=1000))
            time.sleep(0.3)
        time.sleep(2.0)
        assert seen(port)[0]["words"] <= 2


def test_an_answer_that_breaks_off_is_not_made_whole() -> None:
    with (
        trying("--break") as port,
        socket.create_connection((port.host, port.number), timeout=10) as client,
    ):
        client.sendall(request())
        text = b""
        while part := client.recv(65536):
            text += part
    assert b"data: " in text
    assert not text.endswith(b"0\r\n\r\n")


def test_so_many_at_once_and_probes_beside_them() -> None:
    with trying("--pause", "0.05") as port:
        clients = [socket.create_connection((port.host, port.number), timeout=10) for _ in range(relay.MOST)]
        for client in clients:
            client.sendall(request(max_tokens=1000))
        for client in clients:
            assert client.recv(100).startswith(b"HTTP/1.1 200")
        answer = ask(port)
        assert answer.status == 503
        assert "8 answers are being written" in answer.json["error"]["message"]
        idle = [socket.create_connection((port.host, port.number), timeout=10) for _ in range(200)]
        assert port.ask("/readyz").status == 200
        assert all(client.recv(100) for client in clients), "a stream had to leave for an idle client"
        for client in (*clients, *idle):
            client.close()
        deadline = time.monotonic() + 5
        while ask(port, question(max_tokens=1)).status != 200:
            assert time.monotonic() < deadline, "the places of those who left are not free again"
            time.sleep(0.1)
