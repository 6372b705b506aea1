"""Every way in which a store says no: which error, and what it says to do. Nothing secret is shown."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from aim_runtime.errors import AccessDenied, ModelError, ModelNotFound, SourceUnreachable
from integration.doctor.store import KEY, SECRET, Store
from integration.models.s3.support import below, listed, model
from servers.certificate import self_signed
from servers.hadro import hadro
from servers.s3 import S3Store, keys, nobodys, write
from servers.seaweed import READER, STRANGER

ADDRESS = "s3://models/org/m"
StartStore = Callable[..., Store]


def refusal(environment: Mapping[str, str], address: str = ADDRESS, within_s: float = 8.0) -> ModelError:
    """The error that listing an address ends with."""
    with pytest.raises(ModelError) as caught:
        listed(environment, address, within_s)
    error = caught.value
    assert error.exit_code == 5
    assert error.hint
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        assert not environment.get(name) or environment[name] not in f"{error.message} {error.hint}"
    return error


@pytest.fixture
def start_store() -> Iterator[StartStore]:
    with ExitStack() as stack:

        def start(**behaviour: object) -> Store:
            return stack.enter_context(Store.running(objects=below("org/m", model()), **behaviour))

        yield start


def at(store: Store, **more: str) -> dict[str, str]:
    """The variables of somebody with good keys for this store."""
    return {**nobodys(), **keys(KEY, SECRET), "AWS_ENDPOINT_URL": store.endpoint, **more}


@pytest.mark.servers
class TestSeaweed:
    """A production store with users of its own."""

    def test_no_keys(self, seaweed_store: S3Store) -> None:
        error = refusal({**nobodys(), "AWS_ENDPOINT_URL": seaweed_store.endpoint})
        assert type(error) is AccessDenied
        assert error.message == "s3://models is not public, and no keys are set"
        assert error.hint.startswith("set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE")

    def test_a_key_id_that_nobody_knows(self, seaweed_store: S3Store) -> None:
        error = refusal({**seaweed_store.environment, **keys("mistyped")})
        assert type(error) is AccessDenied
        assert error.message == f"{seaweed_store.endpoint} does not know the key id"

    def test_a_wrong_secret(self, seaweed_store: S3Store) -> None:
        error = refusal({**seaweed_store.environment, **keys(secret="planted/secret")})
        assert type(error) is AccessDenied
        assert error.message == f"{seaweed_store.endpoint} does not accept the secret key"

    def test_keys_that_may_not_list(self, seaweed_store: S3Store) -> None:
        error = refusal({**seaweed_store.environment, **keys(*STRANGER)})
        assert type(error) is AccessDenied
        assert error.message == "the keys are good, but may not list s3://models"
        assert error.hint == "ask for s3:ListBucket on models and s3:GetObject on models/*"

    def test_keys_that_may_list_and_not_read(self, seaweed_store: S3Store) -> None:
        seaweed_store.put(below("secret/m", model()))
        reader = {**seaweed_store.environment, **keys(*READER)}
        assert listed(reader, ADDRESS).files
        error = refusal(reader, "s3://models/secret/m")
        assert type(error) is AccessDenied
        assert error.message == "the keys are good, but may not read s3://models/secret/m/model.safetensors"
        assert "s3:GetObject on models/*" in error.hint


@pytest.mark.parametrize("name", keys())
def test_one_key_without_the_other(name: str) -> None:
    error = refusal({**nobodys(), name: "planted", "AWS_ENDPOINT_URL": "http://127.0.0.1:1"})
    (missing,) = set(keys()) - {name}
    assert type(error) is AccessDenied
    assert error.message == f"{name} is set, and {missing} is not"


def test_a_profile_that_is_not_there() -> None:
    error = refusal({**nobodys(), "AWS_PROFILE": "nobody", "AWS_ENDPOINT_URL": "http://127.0.0.1:1"})
    assert type(error) is AccessDenied
    assert "The config profile (nobody) could not be found" in error.message


def test_a_bucket_of_another_kind() -> None:
    error = refusal({**nobodys(), **keys()}, "s3://models--use1-az4--x-s3/org/m")
    assert type(error) is SourceUnreachable
    assert "models--use1-az4--x-s3 is a directory bucket" in error.message


def test_an_empty_bucket() -> None:
    with Store.running(objects={}) as store:
        error = refusal(at(store))
    assert type(error) is ModelNotFound
    assert error.hint == "the bucket models is empty"


def test_a_session_that_has_ended(start_store: StartStore) -> None:
    error = refusal(at(start_store(ended=("planted-token",)), AWS_SESSION_TOKEN="planted-token"))
    assert type(error) is AccessDenied
    assert "does not accept the session token: it has expired" in error.message
    assert "AWS_SESSION_TOKEN" in error.hint


@pytest.mark.parametrize(
    ("skew_s", "words"),
    [
        (3 * 3600, "this clock is 3 h behind that of"),
        (-26 * 3600 - 60, "this clock is 1 d 2 h 1 min ahead of"),
    ],
)
def test_a_clock_that_is_off(skew_s: float, words: str, start_store: StartStore) -> None:
    error = refusal(at(start_store(skew_s=skew_s)))
    assert type(error) is SourceUnreachable
    assert words in error.message
    assert "timedatectl set-ntp true" in error.hint


def test_another_region_that_the_store_does_not_name(start_store: StartStore) -> None:
    error = refusal(at(start_store(region="eu-x-1", says_region=False), AWS_REGION="us-y-2"))
    assert type(error) is SourceUnreachable
    assert error.message.endswith("keeps models in another region, and us-y-2 was asked")
    assert "AWS_DEFAULT_REGION" in error.hint


@pytest.mark.parametrize(
    ("endpoint", "words"),
    [
        ("http://127.0.0.1:1", "http://127.0.0.1:1 cannot be reached: connection refused"),
        ("http://store.invalid", "http://store.invalid cannot be reached: its name cannot be resolved"),
        ("store:9000", "store:9000 in 'us-east-1': Invalid endpoint"),
        ("http://user:planted@127.0.0.1:1", "http://****@127.0.0.1:1 cannot be reached"),
    ],
)
def test_a_store_that_is_not_there(endpoint: str, words: str) -> None:
    error = refusal({**nobodys(), **keys(), "AWS_ENDPOINT_URL": endpoint})
    assert type(error) is SourceUnreachable
    assert error.message.startswith(words)
    assert "AWS_ENDPOINT_URL" in error.hint
    assert "planted" not in error.message


def test_a_store_that_never_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        endpoint = f"http://127.0.0.1:{server.getsockname()[1]}"
        started = time.monotonic()
        error = refusal({**nobodys(), **keys(), "AWS_ENDPOINT_URL": endpoint}, within_s=1.0)
        assert time.monotonic() - started < 4
    assert type(error) is SourceUnreachable
    assert error.message == f"{endpoint} gave no answer in 1 s"


@pytest.mark.parametrize(("status", "code"), [(404, ""), (200, ""), (400, "")])
def test_what_answers_is_no_store(status: int, code: str) -> None:
    with Store.running(status=status, code=code) as store:
        error = refusal(at(store))
    assert type(error) is SourceUnreachable
    assert error.message == f"what answers at {store.endpoint} is not an S3 store"


def test_a_store_that_is_out_of_order() -> None:
    with Store.running(status=503, code="ServiceUnavailable") as store:
        error = refusal(at(store))
    assert type(error) is SourceUnreachable
    assert error.message == f"{store.endpoint} answers with HTTP status 503 (ServiceUnavailable)"


@pytest.mark.servers
def test_a_certificate_that_nobody_signed(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    root = write(tmp_path / "data", below("org/m", model()))
    with hadro(root, tmp_path / "log", tls=(certificate, key)) as store:
        error = refusal(store.environment)
        assert type(error) is SourceUnreachable
        assert error.message == f"{store.endpoint} cannot be trusted: self-signed certificate"
        assert "AWS_CA_BUNDLE" in error.hint
        # Whatever else is trusted: this variable is the one that is meant for stores.
        trusting = {**store.environment, "AWS_CA_BUNDLE": str(certificate), "SSL_CERT_FILE": str(key)}
        found = listed(trusting, ADDRESS)
        assert found.read("config.json") == model()["config.json"]
        lost = refusal({**store.environment, "AWS_CA_BUNDLE": str(tmp_path / "lost.pem")})
        assert lost.message == f"AWS_CA_BUNDLE names {tmp_path / 'lost.pem'}, which is not there"
