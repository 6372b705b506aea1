"""What goes wrong at https://, each provoked, and what a person is told."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path

import pytest

from aim_runtime.errors import AccessDenied, DownloadFailed, ModelError, ModelNotFound, SourceUnreachable
from aim_runtime.models.ref import ModelRef
from aim_runtime.models.sources.web import WebSource
from integration.models.programs import fake
from integration.models.web.conftest import Published
from servers import free_port

SHA = "0" * 64
SECRET = "s3cr%40t"


def refusal(url: str, environment: dict[str, str], decide_within_s: float = 8.0) -> ModelError:
    ref = ModelRef.parse(url)
    with pytest.raises(ModelError) as raised:
        WebSource(environment, decide_within_s).snapshot(ref, lambda _: None)
    for secret in (SECRET, "s3cr@t", "wrong", "sig=1"):
        assert secret not in f"{raised.value.message} {raised.value.hint} {ref}"
    assert raised.value.hint
    return raised.value


def test_a_server_that_refuses_connections() -> None:
    error = refusal(f"https://127.0.0.1:{free_port()}/m.tar?sig=1", {})
    assert isinstance(error, SourceUnreachable)
    assert error.message.endswith("cannot be reached: connection refused")


def test_a_server_that_hangs_is_given_up_in_time() -> None:
    with fake("same_answer", "--hang") as port:
        began = time.monotonic()
        for path in ("m.tar", "m/"):
            error = refusal(f"http://127.0.0.1:{port}/{path}#sha256={SHA}", {}, decide_within_s=0.4)
            assert isinstance(error, SourceUnreachable)
            assert "no answer in 0.4 s" in error.message
    assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    ("switches", "kind", "words"),
    [
        (["--status", "500"], SourceUnreachable, "answered with HTTP status 500"),
        (["--status", "429"], SourceUnreachable, "answered with HTTP status 429"),
        (["--status", "407"], AccessDenied, "does not accept"),
        (["--body", "x", "--chunked"], DownloadFailed, "does not say how long it is"),
        (["--status", "302", "--header", "Location: /m.tar"], DownloadFailed, "redirects in a circle"),
        (["--status", "302"], DownloadFailed, "redirects in a circle"),
    ],
)
def test_a_server_that_says_no(switches: list[str], kind: type[ModelError], words: str) -> None:
    with fake("same_answer", *switches) as port:
        error = refusal(f"http://127.0.0.1:{port}/m.tar#sha256={SHA}", {})
    assert type(error) is kind
    assert words in error.message


@pytest.mark.servers
@pytest.mark.parametrize(
    ("below", "kind", "words"),
    [
        ("/forbidden", AccessDenied, "may not be read (HTTP status 403)"),
        ("/nowhere", ModelNotFound, "there is nothing at"),
        ("/page", ModelNotFound, "is a web page, not a file of a model"),
        ("/loop", DownloadFailed, "redirects in a circle"),
        ("/elsewhere", AccessDenied, "is redirected to http://: anybody on the way could change"),
        ("/closed", AccessDenied, "needs a user name and a password"),
    ],
)
def test_what_is_not_a_file(published: Published, below: str, kind: type[ModelError], words: str) -> None:
    error = refusal(published.url(below), published.environment)
    assert type(error) is kind
    assert words in error.message
    assert published.url(below) in error.message


@pytest.mark.servers
def test_a_certificate_that_nobody_vouches_for(published: Published) -> None:
    error = refusal(published.url(), {})
    assert isinstance(error, SourceUnreachable)
    assert "the secure connection failed (CERTIFICATE_VERIFY_FAILED)" in error.message
    assert "SSL_CERT_FILE" in error.hint


@pytest.mark.servers
def test_a_password_in_the_address(published: Published) -> None:
    closed = published.url("/closed")
    url = closed.replace("https://", f"https://ann:{SECRET}@")
    snapshot = WebSource(published.environment).snapshot(ModelRef.parse(url), lambda _: None)
    assert snapshot.files[0].size_bytes == published.archive.stat().st_size
    assert "s3cr" not in repr(snapshot)
    file = snapshot.files[0]
    with closing(snapshot.connect()) as connection:
        assert sum(map(len, connection.read(file, 0, file.size_bytes))) == file.size_bytes

    error = refusal(closed.replace("https://", "https://ann:wrong@"), published.environment)
    assert isinstance(error, AccessDenied)
    assert "does not accept the user name and the password" in error.message


@pytest.mark.servers
def test_a_password_in_netrc(published: Published, tmp_path: Path) -> None:
    ref, own = ModelRef.parse(published.url("/closed")), tmp_path / ".netrc"
    own.write_text("machine other login bob password x\nmachine 127.0.0.1 login ann password s3cr@t\n")
    for environment in ({"NETRC": str(own)}, {"HOME": str(tmp_path)}):
        assert WebSource({**published.environment, **environment}).snapshot(ref, lambda _: None).files
    none = refusal(published.url("/closed"), {**published.environment, "HOME": str(tmp_path / "x")})
    assert "needs a user name and a password" in none.message
    assert "~/.netrc" in none.hint


def test_a_netrc_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "passwords"
    gone = refusal("https://127.0.0.1:1/m.tar", {"NETRC": str(path)})
    assert gone.message == f"the passwords in {path} cannot be read: there is no such file"
    path.write_text("machine h login ann\npassword s3cr@t oops\n")
    broken = refusal("https://127.0.0.1:1/m.tar", {"NETRC": str(path)})
    assert broken.message.startswith(f"the passwords in {path} cannot be read: line")


@pytest.mark.servers
def test_a_password_goes_to_no_other_server(published: Published) -> None:
    url = published.url("/elsewhere", "https").replace("https://", f"https://ann:{SECRET}@")
    WebSource(published.environment).snapshot(ModelRef.parse(f"{url}#sha256={SHA}"), lambda _: None)
    users = [line.split()[0] for line in published.site.requests() if published.path in line]
    assert users == ["ann", "-"], "nginx logs the user that each request named"
