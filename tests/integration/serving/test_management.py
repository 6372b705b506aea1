"""The management port as probes, scrapers and people with curl see it."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from aim_runtime.serving.management.page import FILES
from aim_runtime.version import __version__
from aim_runtime.vocabulary import Phase
from integration.serving.port import Port, managed
from unit.serving.views import KV, PLAN

LIVE = ("/health/live", "/livez", "/healthz", "/v1/health/live", "/v2/health/live")
READY = ("/health/ready", "/readyz", "/v1/health/ready", "/v2/health/ready")


@pytest.fixture
def port() -> Iterator[Port]:
    with managed() as found:
        yield found


def test_it_answers_from_the_first_second_and_as_the_service_goes_on(port: Port) -> None:
    def seen() -> tuple[int, int]:
        (live,) = {port.ask(path).status for path in LIVE}
        (ready,) = {port.ask(path).status for path in READY}
        return live, ready

    assert seen() == (200, 503)
    assert port.ask("/health/ready").json == {
        "ready": False,
        "phase": "surveying",
        "reason": "not ready yet: surveying",
    }
    port.life.enter(Phase.LOADING)
    assert seen() == (200, 503)
    port.be_ready()
    assert seen() == (200, 200)
    assert port.ask("/health/ready").json == {"ready": True, "phase": "ready", "reason": None}
    port.life.change(stalled_s=60.0)
    assert seen() == (200, 503)
    port.life.change(stalled_s=120.0)
    assert seen() == (503, 503)
    port.life.change(stalled_s=0.0)
    port.life.enter(Phase.DRAINING)
    assert seen() == (200, 503)
    port.life.change(engine_alive=False, failure=KV)
    port.life.enter(Phase.FAILED)
    assert seen() == (503, 503)
    assert port.ask("/livez").json["reason"] == "failed: no room for one request"


def test_status_metadata_version_and_metrics(port: Port) -> None:
    assert port.ask("/status").json["plan"] is None
    port.be_ready()
    found = port.ask("/status").json
    assert (found["phase"], found["ready"], found["plan"], found["version"]) == (
        "ready",
        True,
        PLAN,
        __version__,
    )
    assert "lines" not in found
    assert port.ask("/v1/metadata").json["selectedModelProfileId"] == "vllm-mi300x-fp16-tp8-latency"
    assert port.ask("/v1/version").json["release"] == __version__
    for path in ("/metrics", "/v1/metrics"):
        found = port.ask(path)
        assert found.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        names = {family.name for family in text_string_to_metric_families(found.text)}
        assert {"aim_info", "aim_phase", "aim_ready", "aim_restarts"} <= names


def test_the_engines_last_lines_are_given_on_request(port: Port) -> None:
    assert port.ask("/status?lines=3").json["lines"] == []
    port.life.last_lines = lambda: ("one", "two", "three", "four")
    assert port.ask("/status?lines=3").json["lines"] == ["two", "three", "four"]
    assert port.ask("/status?lines=1000").json["lines"] == ["one", "two", "three", "four"]
    for wrong in ("0", "-1", "1001", "x", "", "9" * 5000, "²"):
        answer = port.ask(f"/status?lines={wrong.replace('²', '%C2%B2')}")
        assert answer.status == 400, wrong
        assert "a number from 1 to 1000" in answer.json["error"]["message"]


def test_secrets_are_taken_out_of_whatever_is_told() -> None:
    def redact(text: str) -> str:
        return text.replace("sesame", "***")

    with managed(lines=["key sesame"], redact=redact) as port:
        port.be_ready()
        port.life.change(
            plan={**PLAN, "model_id": "acme/sesame", "source": "hf://sesame/x"}, adapters=("sesame",)
        )
        for path in ("/status?lines=1", "/v1/metadata", "/metrics", "/sesame"):
            answer = port.ask(path)
            assert "sesame" not in answer.text
            assert "***" in answer.text


def test_a_path_that_is_not_there_names_those_that_are(port: Port) -> None:
    answer = port.ask("/helath")
    assert answer.status == 404
    assert answer.json["error"]["message"] == "/helath: there is no such path"
    assert {"/", "/status", "/metrics", "/try", *LIVE, *READY} <= set(answer.json["paths"])
    for path in answer.json["paths"]:
        if path != "/try":
            assert port.ask(path).status in (200, 503), path


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_a_method_that_a_path_does_not_take(port: Port, method: str) -> None:
    answer = port.ask("/status", method, body="{}")
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")
    assert answer.json["error"]["code"] == 405
    if method != "POST":
        answer = port.ask("/try", method)
        assert (answer.status, answer.headers["Allow"]) == (405, "POST")


def test_a_method_that_nobody_has(port: Port) -> None:
    assert port.ask("/status", "BREW").status == 501


def test_head_is_get_without_the_body(port: Port) -> None:
    for path in ("/", "/livez", "/readyz", "/metrics", "/nothing"):
        got, head = port.ask(path), port.ask(path, "HEAD")
        assert (head.status, head.text) == (got.status, "")
        assert head.headers["Content-Type"] == got.headers["Content-Type"]
        if path not in ("/metrics",):  # whose times count on
            assert head.headers["Content-Length"] == str(len(got.text.encode()))


def test_a_connection_is_used_again(port: Port) -> None:
    with closing(http.client.HTTPConnection(port.host, port.number, timeout=5)) as client:
        client.connect()
        before = client.sock
        for path in ("/livez", "/nothing", "/status", "/readyz"):
            client.request("GET", path)
            client.getresponse().read()
            assert client.sock is before


def test_a_body_that_nobody_asked_for_is_no_second_request(port: Port) -> None:
    inside = "GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n"
    said = send(
        port, f"GET /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(inside)}\r\n\r\n{inside}"
    )
    assert said.count(b"HTTP/1.1 ") == 1


def send(port: Port, text: str, timeout_s: float = 10) -> bytes:
    """Send bytes as they are; everything that comes until the port closes."""
    with socket.create_connection((port.host, port.number), timeout=timeout_s) as client:
        client.sendall(text.encode())
        found = b""
        while part := client.recv(65536):
            found += part
        return found


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ("GET /livez HTTP/1.0\r\n\r\n", 200),
        ("GET http://localhost/livez HTTP/1.1\r\nConnection: close\r\n\r\n", 200),
        ("GET /livez?x=%zz&& HTTP/1.1\r\nConnection: close\r\n\r\n", 200),
        ("GET //livez HTTP/1.1\r\nConnection: close\r\n\r\n", 200),
        (f"GET /{'a' * 20000} HTTP/1.1\r\n\r\n", 414),
        (f"GET /livez HTTP/1.1\r\nCookie: {'a' * 20000}\r\n\r\n", 431),
        (f"GET /livez HTTP/1.1\r\n{'a: b' * 40}\r\n" + "c: d\r\n" * 3000 + "\r\n", 431),
        ("nonsense\r\n\r\n", 400),
        ("GET /livez HTTP/9.9\r\n\r\n", 505),
        ("\x16\x03\x01\x02 TLS\r\n\r\n", 400),
    ],
)
def test_whatever_is_sent_is_answered(port: Port, request_: str, status: int) -> None:
    said = send(port, request_)
    assert said.split(b" ", 2)[1] == str(status).encode() or f'"code": {status}'.encode() in said
    assert port.ask("/livez").status == 200
    assert not port.said


def test_names_that_may_point_here_are_refused_on_the_loopback(port: Port) -> None:
    for path in ("/", "/status", "/livez"):
        answer = port.ask(path, headers={"Host": "evil.example:8001"})
        assert answer.status == 421
        assert "AIM_MANAGEMENT_HOST" in answer.json["error"]["hint"]
    with managed(host="0.0.0.0") as open_to_all:
        assert open_to_all.ask("/livez", headers={"Host": "gpu-7.example:8001"}).status == 200


@pytest.mark.skipif(not socket.has_ipv6 or not Path("/proc/net/if_inet6").exists(), reason="no IPv6 here")
def test_ipv6() -> None:
    with managed(host="::1") as port:
        assert port.url == f"http://[::1]:{port.number}/"
        assert port.ask("/livez").status == 200
    with managed(host="::") as port:
        assert port.url == f"http://localhost:{port.number}/"
        for host in ("127.0.0.1", "::1"):
            port.host = host
            assert port.ask("/livez").status == 200


def test_a_taken_port_is_told_and_stops_nobody() -> None:
    with managed() as first, managed(number=first.number) as second:
        assert second.url is None
        (notice,) = second.said
        assert notice.grave
        assert notice.text == (
            f"AIM_MANAGEMENT_PORT={first.number} at AIM_MANAGEMENT_HOST=127.0.0.1 cannot be listened on "
            "(Address already in use): there is no status page, and health and metrics are not answered"
        )
        assert first.ask("/livez").status == 200


@pytest.mark.parametrize("host", ["203.0.113.7", "nowhere.invalid"])
def test_an_address_that_is_not_of_this_machine(host: str) -> None:
    with managed(host=host) as port:
        assert port.url is None
        assert f"AIM_MANAGEMENT_HOST={host} cannot be listened on" in port.said[0].text


def test_none_is_wanted_and_none_beside_the_engine() -> None:
    with managed(number=0) as port:
        assert (port.url, port.said) == (None, [])
    with managed(number=8000, port=8000) as port:
        assert port.url is None
        assert port.said[0].text.startswith("AIM_PORT and AIM_MANAGEMENT_PORT are both 8000:")


def test_the_port_is_free_after_the_block_and_open_connections_end() -> None:
    with managed() as port:
        idle = socket.create_connection((port.host, port.number), timeout=5)
        port.ask("/livez")
    with closing(idle):
        assert idle.recv(1) == b""
    with managed(number=port.number) as again:
        assert again.ask("/livez").status == 200


def test_a_burst_of_clients_is_answered(port: Port) -> None:
    found: list[int] = []
    clients = [threading.Thread(target=lambda: found.append(port.ask("/status").status)) for _ in range(50)]
    for each in clients:
        each.start()
    for each in clients:
        each.join(20)
    assert found == [200] * 50


def test_the_pages_files_come_with_a_policy(port: Port) -> None:
    for name in ("", *(each for each in FILES if each != "page.html")):
        answer = port.ask(f"/{name}")
        assert answer.status == 200
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "http://" not in answer.text.replace("http://www.w3.org/2000/svg", "")
        assert "https://" not in answer.text


def test_importing_it_costs_the_command_line_nothing() -> None:
    program = "import json, sys, aim_runtime.serving.management; json.dump(sorted(sys.modules), sys.stdout)"
    loaded = json.loads(
        subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout
    )
    assert "http.server" not in loaded
    assert "aim_runtime.serving.management" in loaded


def test_a_stopped_client_does_not_hold_the_end_up(port: Port) -> None:
    began = time.monotonic()
    with managed() as other, socket.create_connection((other.host, other.number), timeout=5) as client:
        client.sendall(b"GET /status HTTP/1.1\r\n")  # and no more
        other.ask("/livez")
    assert time.monotonic() - began < 3
