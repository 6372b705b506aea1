"""The doctor at a store that checks every signature, and at a hub that has less than was asked for."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from aim_runtime.doctor import network
from aim_runtime.doctor.finding import Finding, Severity
from fakes.hub import write_model
from integration.doctor.store import KEY, SECRET, Store, signature
from integration.hub import NO_HUB
from integration.models.support import StartHub
from unit.doctor.children import on_a_disk
from unit.doctor.examine import by_code, patient

Tree = Callable[[str], Path]
StartStore = Callable[..., Store]
KEYS = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
MODEL = "org/m"


@pytest.fixture
def start_store() -> Iterator[StartStore]:
    """Start stores that behave as told; they end with the test."""
    with ExitStack() as stack:

        def start(**behaviour: object) -> Store:
            return stack.enter_context(Store.running(**behaviour))

        yield start


def at_store(tree: Tree, endpoint: str, **env: str) -> dict[str, Finding]:
    found = by_code(tree("no GPU"), network.store, AWS_ENDPOINT_URL=endpoint, **env)
    assert SECRET not in repr(found)
    return found


def test_the_store_of_these_tests_signs_as_aws_says() -> None:
    """The example "GET Object" of AWS's reference, with the signature that it gives."""
    headers = {
        "host": "examplebucket.s3.amazonaws.com",
        "range": "bytes=0-9",
        "x-amz-content-sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "x-amz-date": "20130524T000000Z",
    }
    scope, secret = "20130524/us-east-1/s3/aws4_request", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    expected = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    assert signature("GET", "/test.txt", headers, ";".join(headers), scope, secret) == expected


@pytest.mark.parametrize(
    ("behaviour", "env"),
    [
        ({}, {}),
        ({"region": "eu-x"}, {"AWS_DEFAULT_REGION": "eu-x"}),
        ({"region": "eu-x"}, {"AWS_REGION": "eu-x"}),
        ({"region": "eu-x"}, {"AWS_DEFAULT_REGION": "eu-x", "AWS_REGION": "us-y"}),
        ({"session": "s3cr3t"}, {"AWS_SESSION_TOKEN": "s3cr3t"}),
    ],
    ids=["plain", "region", "region by its other name", "both names", "session"],
)
def test_a_store_that_checks_takes_good_keys(
    behaviour: dict[str, str], env: dict[str, str], tree: Tree, start_store: StartStore
) -> None:
    found = at_store(tree, start_store(**behaviour).endpoint, **KEYS, **env)
    assert {code: finding.severity for code, finding in found.items()} == {
        "s3.clock": Severity.OK,
        "s3.credentials": Severity.OK,
    }


@pytest.mark.parametrize(
    ("env", "why"),
    [
        ({"AWS_ACCESS_KEY_ID": "AKIDOTHER"}, "InvalidAccessKeyId"),
        ({"AWS_SECRET_ACCESS_KEY": "mistyped"}, "SignatureDoesNotMatch"),
        ({"AWS_REGION": "eu-x"}, "AuthorizationHeaderMalformed"),
    ],
    ids=["key", "secret", "region"],
)
def test_a_store_that_checks_refuses_others(
    env: dict[str, str], why: str, tree: Tree, start_store: StartStore
) -> None:
    found = at_store(tree, start_store().endpoint, **{**KEYS, **env})
    assert found["s3.credentials"].severity is Severity.WARNING
    assert found["s3.credentials"].seen.endswith(f"refuses the keys: {why}")


@pytest.mark.parametrize("name", KEYS)
def test_half_a_pair_signs_nothing(name: str, tree: Tree, start_store: StartStore) -> None:
    store = start_store()
    assert set(at_store(tree, store.endpoint, **{name: KEYS[name]})) == {
        "s3.keys",
        "s3.anonymous",
        "s3.clock",
    }
    assert "authorization" not in store.asked[0]


@pytest.mark.parametrize("skew_s", [30, -30])
def test_half_a_minute_is_no_skew(skew_s: float, tree: Tree, start_store: StartStore) -> None:
    found = at_store(tree, start_store(skew_s=skew_s).endpoint, **KEYS)
    assert found["s3.clock"].severity is Severity.OK


@pytest.mark.parametrize("skew_s", [3600, -3600])
def test_a_clock_that_is_off_is_not_taken_for_bad_keys(
    skew_s: float, tree: Tree, start_store: StartStore
) -> None:
    found = at_store(tree, start_store(skew_s=skew_s).endpoint, **KEYS)
    assert found["s3.clock"].severity is Severity.WARNING
    assert found["s3.credentials"].severity is Severity.NOTE


def test_a_store_that_tells_no_time(tree: Tree, start_store: StartStore) -> None:
    assert set(at_store(tree, start_store(tell_time=False).endpoint, **KEYS)) == {"s3.credentials"}


def test_a_store_that_never_answers_is_not_waited_for(tree: Tree) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        started = time.monotonic()
        found = at_store(tree, f"http://127.0.0.1:{server.getsockname()[1]}", **KEYS)
        assert time.monotonic() - started < 8
    assert found["s3.unreachable"].seen.endswith("cannot be reached: timed out")


def test_what_answers_is_not_http(tree: Tree) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"220 mail.example ESMTP\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        found = at_store(tree, f"http://127.0.0.1:{server.getsockname()[1]}", **KEYS)
        thread.join()
    assert set(found) == {"s3.unreachable"}


@pytest.fixture
def without_token(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_TOKEN", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)


def at_hub(tree: Tree, endpoint: str, cache: Path, model: str = MODEL) -> Callable[[], dict[str, Finding]]:
    """Who asks this hub for the model. The survey asks one too, which is not what is looked at here."""
    env = {"AIM_MODEL_ID": model, "HF_ENDPOINT": NO_HUB, "AIM_CACHE_PATH": str(cache)}
    given = patient(tree("no GPU"), env)
    asking = replace(given, settings=replace(given.settings, hub_endpoint=endpoint))
    return lambda: {finding.code: finding for finding in network.hub(asking)}


@pytest.mark.parametrize(
    ("model", "seen", "fix"),
    [
        (f"{MODEL}@v9", f"{MODEL} has no revision 'v9'", f"/{MODEL}/tree/main"),
        ("org/empty", "hf://org/empty holds no weights", "safetensors"),
        ("org/none", "has no model org/none", "a private one needs HF_TOKEN"),
    ],
    ids=["revision", "weights", "model"],
)
@pytest.mark.usefixtures("without_token")
def test_a_hub_that_has_less(
    model: str, seen: str, fix: str, tree: Tree, start_hub: StartHub, tmp_path: Path
) -> None:
    hub = start_hub()
    write_model(hub.root / MODEL)
    (hub.root / "org/empty").mkdir()
    (hub.root / "org/empty/README.md").write_text("nothing")
    found = at_hub(tree, hub.endpoint, tmp_path, model)()
    assert list(found) == ["model.not_found"]
    assert seen in found["model.not_found"].seen
    assert fix in found["model.not_found"].fix[0]


@pytest.mark.usefixtures("without_token")
def test_no_byte_of_the_weights_is_fetched(tree: Tree, start_hub: StartHub, tmp_path: Path) -> None:
    hub = start_hub()
    write_model(hub.root / MODEL)
    assert list(at_hub(tree, hub.endpoint, tmp_path)()) == ["model.reachable"]
    assert not any(request.startswith("GET") and "/resolve/" in request for request in hub.requests())


@pytest.mark.usefixtures("without_token")
def test_a_disk_too_small_for_what_the_hub_says(tree: Tree, start_hub: StartHub, tmp_path: Path) -> None:
    hub, cache = start_hub(), tmp_path / "cache"
    write_model(hub.root / MODEL, payload_bytes=3_000_000)
    cache.mkdir()
    look = at_hub(tree, hub.endpoint, cache)
    assert list(look()) == ["model.reachable"]
    found = on_a_disk(cache, "size=1m", look)
    assert list(found) == ["model.reachable", "cache.space"]
    assert found["cache.space"].severity is Severity.ERROR
    assert found["cache.space"].seen == f"{cache} has 1.0 MB free, and hf://{MODEL} takes 3.0 MB"
