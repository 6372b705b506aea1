"""Where keys come from: variables, a profile, a container's role; renewed while the bytes flow."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from aim_runtime.errors import AccessDenied, ExtraMissing
from aim_runtime.models.ref import ModelRef
from aim_runtime.models.sources.s3 import S3Source
from aim_runtime.models.sources.s3_client import Traffic, open_store
from aim_runtime.models.transfer.remote import Again
from integration.doctor.store import KEY, SECRET, Store
from integration.models.s3.support import below, listed, model
from servers.s3 import S3Store, keys, nobodys

ADDRESS = "s3://models/org/m"
FILES = model()


class Role(ThreadingHTTPServer):
    """Gives temporary keys as the agents of containers do: each time another token, soon to end."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.given, self.refuses = 0, False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/keys"


class _Handler(BaseHTTPRequestHandler):
    server: Role

    def do_GET(self) -> None:
        self.server.given += 1
        end = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()
        keys_ = {"AccessKeyId": KEY, "SecretAccessKey": SECRET, "Expiration": end}
        body = json.dumps({**keys_, "Token": f"token-{self.server.given}"}).encode()
        self.send_response(500 if self.server.refuses else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Be quiet."""


@contextmanager
def role() -> Iterator[Role]:
    with Role() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def test_keys_of_a_profile(tmp_path: Path) -> None:
    (tmp_path / "credentials").write_text(
        f"[work]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n"
    )
    (tmp_path / "config").write_text("[profile work]\nregion = eu-x-1\n")
    files = {
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_PROFILE": "work",
    }
    with Store.running(objects=below("org/m", FILES), region="eu-x-1") as store:
        found = listed({**nobodys(), **files, "AWS_ENDPOINT_URL": store.endpoint}, ADDRESS)
        assert found.read("config.json") == FILES["config.json"]
        assert all("/eu-x-1/" in asked["authorization"] for asked in store.asked)


def test_keys_of_variables_win_over_a_profile(tmp_path: Path) -> None:
    (tmp_path / "credentials").write_text("[work]\naws_access_key_id = x\naws_secret_access_key = y\n")
    files = {"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"), "AWS_PROFILE": "work"}
    with Store.running(objects=below("org/m", FILES)) as store:
        environment = {**nobodys(), **files, **keys(KEY, SECRET), "AWS_ENDPOINT_URL": store.endpoint}
        assert listed(environment, ADDRESS).read("config.json") == FILES["config.json"]


def test_the_endpoint_for_s3_alone_wins() -> None:
    with Store.running(objects=below("org/m", FILES)) as store:
        endpoints = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ENDPOINT_URL_S3": store.endpoint}
        assert listed({**nobodys(), **keys(KEY, SECRET), **endpoints}, ADDRESS).files


def test_keys_of_a_role_are_renewed_while_bytes_flow(monkeypatch: pytest.MonkeyPatch) -> None:
    with role() as agent, Store.running(objects=below("org/m", FILES)) as store:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", agent.url)
        found = listed({**nobodys(), "AWS_ENDPOINT_URL": store.endpoint}, ADDRESS)
        # From now on only the newest token is good.
        old = tuple(f"token-{number}" for number in range(agent.given + 1))
        store.ended = old
        assert found.read("model.safetensors") == FILES["model.safetensors"]
        assert store.asked[-1]["x-amz-security-token"] not in old
        store.ended = tuple(f"token-{number}" for number in range(100))
        with pytest.raises(Again, match="the session of the keys has ended"):
            found.read("config.json")
        agent.refuses = True
        with pytest.raises(Again, match="the keys cannot be renewed"):
            found.read("config.json")


def test_an_agent_that_gives_no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    with role() as agent:
        agent.refuses = True
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", agent.url)
        with pytest.raises(AccessDenied, match="cannot be asked: Error when retrieving credentials"):
            listed({**nobodys(), "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, ADDRESS)


@pytest.mark.servers
def test_keys_of_a_service_account(
    moto_store: S3Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in Kubernetes: a token in a file is changed for keys."""
    moto_store.put(below("org/m", FILES))
    (tmp_path / "token").write_text("a.web.token")
    account = {
        "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/reader",
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(tmp_path / "token"),
        "AWS_ENDPOINT_URL_STS": moto_store.endpoint,
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    for name, value in account.items():
        monkeypatch.setenv(name, value)
    environment = {**nobodys(), **account, "AWS_ENDPOINT_URL": moto_store.endpoint}
    found = listed(environment, ADDRESS)
    assert found.read("config.json") == FILES["config.json"]
    with Store.running(status=403, code="AccessDenied") as refusing:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", refusing.endpoint)
        with pytest.raises(AccessDenied) as caught:
            listed(environment, ADDRESS)
    assert "AssumeRoleWithWebIdentity is refused (AccessDenied)" in caught.value.message
    assert "AWS_ROLE_ARN" in caught.value.hint
    assert "a.web.token" not in str(caught.value)


def test_a_token_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lost = str(tmp_path / "token")
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/reader")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", lost)
    with pytest.raises(AccessDenied) as caught:
        listed({**nobodys(), "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, ADDRESS)
    assert caught.value.message == f"no keys for http://127.0.0.1:1: {lost}: No such file or directory"


@pytest.mark.parametrize(
    ("bucket", "host"),
    [
        ("weights", "https://weights.s3.eu-central-1.amazonaws.com"),
        ("dotted.name", "https://s3.eu-central-1.amazonaws.com/dotted.name"),
    ],
)
def test_amazons_own_buckets_are_hosts(bucket: str, host: str) -> None:
    environment = {**nobodys(), **keys(), "AWS_REGION": "eu-central-1"}
    assert first_asked(environment, bucket) == (host, "eu-central-1")


def test_a_store_of_ones_own_is_one_host_for_all_buckets() -> None:
    environment = {**nobodys(), **keys(), "AWS_ENDPOINT_URL": "http://store.example:9000"}
    assert first_asked(environment, "models") == ("http://store.example:9000/models", "us-east-1")


def first_asked(environment: dict[str, str], bucket: str) -> tuple[str, str]:
    """Where a bucket is asked for first, and for which region it is signed."""
    traffic = Traffic()
    client = open_store(environment, traffic, 1.0).client

    def stop(**_: object) -> None:
        raise StopIteration

    client.meta.events.register_last("before-send.s3.ListObjectsV2", stop)
    with pytest.raises(StopIteration):  # nothing leaves this machine
        client.list_objects_v2(Bucket=bucket)
    return traffic.base_url, traffic.region


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] in ("boto3", "botocore")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "botocore", None)
    with pytest.raises(ExtraMissing) as caught:
        S3Source(dict(os.environ)).check(ModelRef.parse(ADDRESS))
    assert caught.value.exit_code == 5
    assert caught.value.hint == "pip install 'aim-runtime[s3]'"
