"""The files of TLS, made with the real openssl: what can be served with, and what is wrong with the rest."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from aim_runtime.engines.certificate import Certificate
from aim_runtime.errors import InvalidValue
from servers import program
from servers.certificate import self_signed

GIVEN = "AIM_ENGINE_ARGS"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate and its key, another one's key, both in one file, and an encrypted key."""
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = self_signed(folder)
    (folder / "other").mkdir()
    _, other = self_signed(folder / "other")
    other.rename(folder / "other.pem")
    (folder / "both.pem").write_text(certificate.read_text() + key.read_text())
    encrypt = [program("openssl"), "ec", "-in", str(key), "-aes256", "-passout", "pass:planted"]
    subprocess.run([*encrypt, "-out", str(folder / "encrypted.pem")], check=True, capture_output=True)
    (folder / "text.pem").write_text("not PEM")
    return folder


def named(files: Path, file: str, key: str | None) -> Certificate:
    return Certificate(str(files / file), str(files / key) if key else None, GIVEN)


@pytest.mark.parametrize(("file", "key"), [("certificate.pem", "key.pem"), ("both.pem", None)])
def test_what_can_be_served_with(files: Path, file: str, key: str | None) -> None:
    named(files, file, key).require()


@pytest.mark.parametrize(
    ("file", "key", "reason"),
    [
        ("absent.pem", "key.pem", "absent.pem cannot be read: No such file or directory"),
        ("certificate.pem", "absent.pem", "absent.pem cannot be read: No such file or directory"),
        ("certificate.pem", "", "cannot be read: Is a directory"),
        ("certificate.pem", None, "has not both a certificate and its private key, and ssl-keyfile names no"),
        ("certificate.pem", "other.pem", "the private key is not that of the certificate"),
        ("certificate.pem", "encrypted.pem", "the private key is encrypted"),
        ("text.pem", "key.pem", "one of them is not PEM"),
        ("certificate.pem", "text.pem", "one of them is not PEM"),
        ("key.pem", "certificate.pem", "one of them is not PEM"),
    ],
)
def test_what_cannot(files: Path, file: str, key: str | None, reason: str) -> None:
    given = Certificate(str(files / file), None if key is None else str(files / key), GIVEN)
    with pytest.raises(InvalidValue) as caught:
        given.require()
    assert reason in caught.value.message
    assert caught.value.message.startswith(f"{GIVEN}: ")
