"""How the byte mover gets to a server: proxies with and without a password, and certificates."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from aim_runtime.errors import DownloadFailed
from aim_runtime.models.transfer import patience
from aim_runtime.models.transfer.sockets import open_route, proxy_for
from integration.models.programs import fake
from integration.models.transfer.serving import StartFiles, same


@pytest.fixture
def start_proxy() -> Iterator[Callable[..., str]]:
    with ExitStack() as stack:

        def start(*switches: str) -> str:
            return f"127.0.0.1:{stack.enter_context(fake('proxy', *switches))}"

        yield start


def asked(proxy: str) -> list[str]:
    with urllib.request.urlopen(f"http://{proxy}/-/requests") as answer:
        found: list[str] = json.load(answer)
    return found


def open_sockets() -> int:
    return sum("socket:" in os.path.realpath(each) for each in Path("/proc/self/fd").iterdir())


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for localhost that nobody but its own file vouches for, and its key."""
    names = (tmp_path / "certificate.pem", tmp_path / "key.pem")
    about = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    making = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *about]
    files = ["-out", str(names[0]), "-keyout", str(names[1])]
    subprocess.run([*making, *files], check=True, capture_output=True)
    return names


def test_a_proxy_is_asked_for_the_whole_address(
    tmp_path: Path, start_files: StartFiles, start_proxy: Callable[..., str]
) -> None:
    server, proxy = start_files(), start_proxy("--user", "me:pass%word")
    server.write("a", 600_000)
    around = {"http_proxy": f"http://me:pass%25word@{proxy}"}
    server.fetch(tmp_path / "into", server.list(environment=around))
    assert same(tmp_path / "into", server.root)
    assert set(asked(proxy)) == {f"GET {server.endpoint}/a"}


def test_a_proxy_that_refuses_is_said(
    tmp_path: Path,
    start_files: StartFiles,
    start_proxy: Callable[..., str],
    certificate: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(patience, "_FIRST_PAUSE_S", 0.01)
    server, proxy = start_files("--tls", *map(str, certificate)), start_proxy("--user", "me:secret")
    server.write("a", 600)
    server.endpoint = server.endpoint.replace("http://127.0.0.1", "https://localhost")
    with pytest.raises(DownloadFailed, match="407") as no:
        server.fetch(tmp_path / "into", server.list(environment={"HTTPS_PROXY": f"http://me:wrong1@{proxy}"}))
    assert "wrong1" not in no.value.message + no.value.hint


def test_a_proxy_that_refuses_leaves_nothing_open(start_proxy: Callable[..., str]) -> None:
    proxy, target = start_proxy("--user", "me:secret"), urlsplit("https://localhost:1/a")
    before = open_sockets()
    route = open_route(target, {"HTTPS_PROXY": proxy}, timeout_s=10)
    with pytest.raises(OSError, match="407") as no:
        route.get(target, {})
    route.close()
    assert open_sockets() == before, no


def test_tls_by_a_tunnel_with_a_certificate_authority_of_ones_own(
    tmp_path: Path,
    start_files: StartFiles,
    start_proxy: Callable[..., str],
    certificate: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(patience, "_FIRST_PAUSE_S", 0.01)
    server, proxy = start_files("--tls", *map(str, certificate)), start_proxy()
    server.write("a", 600_000)
    server.endpoint = server.endpoint.replace("http://127.0.0.1", "https://localhost")
    around = {"HTTPS_PROXY": proxy, "SSL_CERT_FILE": str(certificate[0])}
    server.fetch(tmp_path / "into", server.list(environment=around))
    assert same(tmp_path / "into", server.root)
    assert set(asked(proxy)) == {f"CONNECT {server.endpoint.removeprefix('https://')}"}

    with pytest.raises(DownloadFailed, match=r"the secure connection failed \(CERTIFICATE_VERIFY_FAILED\)"):
        server.fetch(tmp_path / "other", server.list(environment={}))


@pytest.mark.parametrize(
    ("environment", "proxy"),
    [
        ({}, None),
        ({"https_proxy": "http://p:1"}, "http://p:1"),
        ({"HTTPS_PROXY": "p:1"}, "http://p:1"),
        ({"HTTPS_PROXY": "http://upper:1", "https_proxy": "http://lower:1"}, "http://lower:1"),
        ({"HTTP_PROXY": "http://p:1"}, None),
        ({"ALL_PROXY": "http://p:1"}, "http://p:1"),
        ({"https_proxy": "http://p:1", "no_proxy": "host.example.org"}, None),
        ({"https_proxy": "http://p:1", "NO_PROXY": "other, .example.org"}, None),
        ({"https_proxy": "http://p:1", "NO_PROXY": "example.org"}, None),
        ({"https_proxy": "http://p:1", "NO_PROXY": "host.example.org:8443"}, None),
        ({"https_proxy": "http://p:1", "NO_PROXY": "*"}, None),
        ({"https_proxy": "http://p:1", "NO_PROXY": "ample.org, example.org:1"}, "http://p:1"),
        ({"https_proxy": ""}, None),
    ],
)
def test_which_proxy(environment: dict[str, str], proxy: str | None) -> None:
    found = proxy_for(urlsplit("https://host.example.org:8443/file"), environment)
    assert (found.geturl() if found else None) == proxy


PROGRAM = """
import sys
from pathlib import Path
from aim_runtime.models.transfer import connections
connections.FEWEST = 32
from integration.models.transfer.serving import FileServer
server = FileServer(sys.argv[1], Path(sys.argv[2]))
server.fetch(Path(sys.argv[3]))
print(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
"""


def test_thirty_two_connections_take_little_memory(tmp_path: Path, start_files: StartFiles) -> None:
    server = start_files("--rate", "16000000")
    size_bytes = 260 * 1024 * 1024
    with (server.root / "large").open("wb") as file:
        file.truncate(size_bytes)  # chunks of the real size, all of them at once
    argv = [sys.executable, "-c", PROGRAM, server.endpoint, str(server.root), str(tmp_path / "into")]
    around: dict[str, Any] = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run(argv, env=around, capture_output=True, text=True, check=True)
    assert server.about["most_at_once"] == 32
    assert int(done.stdout) < 120_000
