"""Whose requests are refused: those of pages that are not this port's own."""

from __future__ import annotations

from email.message import Message

import pytest

from aim_runtime.serving.management.guard import foreign_host, foreign_origin, is_loopback

HOSTS = {
    "": "",
    "localhost": "",
    "localhost:8001": "",
    "LOCALHOST:8001": "",
    "aim.localhost:8001": "",
    "127.0.0.1:8001": "",
    "[::1]:8001": "",
    "192.168.1.7:8001": "",
    "evil.example:8001": "evil.example",
    "localhost.evil.example": "localhost.evil.example",
    "127.0.0.1.evil.example": "127.0.0.1.evil.example",
    "evil.example.": "evil.example",
    "user@evil.example:8001": "evil.example",
    "[::1": "[::1",
    "notlocalhost": "notlocalhost",
}


@pytest.mark.parametrize(("host", "name"), HOSTS.items(), ids=[host or "none" for host in HOSTS])
def test_a_name_that_somebody_could_let_point_here(host: str, name: str) -> None:
    assert foreign_host(host) == name


ORIGINS = [
    ({"Host": "localhost:8001"}, ""),
    ({"Host": "localhost:8001", "Origin": "http://localhost:8001"}, ""),
    ({"Host": "aim.example", "Origin": "https://AIM.example"}, ""),
    ({"Host": "localhost:8001", "Origin": "http://localhost:3000"}, "http://localhost:3000"),
    ({"Host": "localhost:8001", "Origin": "http://evil.example"}, "http://evil.example"),
    ({"Host": "localhost:8001", "Origin": "null"}, "null"),
    ({"Origin": "null"}, "null"),
    ({"Host": "localhost:8001", "Sec-Fetch-Site": "cross-site"}, "cross-site"),
    ({"Host": "localhost:8001", "Sec-Fetch-Site": "same-site"}, "same-site"),
    ({"Host": "localhost:8001", "Sec-Fetch-Site": "same-origin"}, ""),
]


@pytest.mark.parametrize(("given", "site"), ORIGINS)
def test_a_request_of_another_site(given: dict[str, str], site: str) -> None:
    headers = Message()
    for name, value in given.items():
        headers[name] = value
    assert foreign_origin(headers) == site


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        *[("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("localhost", True)],
        *[("0.0.0.0", False), ("::", False), ("10.0.0.1", False), ("gpu-7.example", False)],
    ],
)
def test_which_addresses_are_of_this_machine_alone(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback
