"""Secrets out of text."""

from __future__ import annotations

import json
import shlex
from urllib.parse import quote

import pytest

from aim_runtime.redact import hide

NAMED = [
    "--api-key PLANTED1234 --port 1",
    "--api-key=PLANTED1234",
    "--hf-token 'PLANTED1234'",
    '["--api-key", "PLANTED1234"]',
    "['--api-key', 'PLANTED1234']",
    "{'api_key': ['PLANTED1234', 'PLANTED5678'], 'hf_token': 'PLANTED1234'}",
    "Namespace(api_key=['PLANTED1234'], hf_token='PLANTED1234')",
    'AIM_ENGINE_ARGS={"api-key": "PLANTED1234: not JSON',
    '"{\\"api-key\\": \\"PLANTED1234\\"}"',
    'api-key: "PLANTED1234"',
    "HF_TOKEN=PLANTED1234",
    "export AWS_SECRET_ACCESS_KEY=PLANTED1234; true",
    "AWS_SECRET_ACCESS_KEY='PLANTED1234'",
    "Authorization: Bearer PLANTED1234",
    "{'Authorization': 'Bearer PLANTED1234'}",
    '{"authorization": "Basic UExBTlRFRA=="} PLANTED'.replace(" PLANTED", ""),
    "authorization: PLANTED1234",
    "x-api-key: PLANTED1234",
    "https://user:PLANTED@host/path",
    "s3://PLANTED@bucket/key",
    "https://user:PLANTED@with@at@host/path",
    "https://host/o?X-Amz-Credential=PLANTED%2F2026&X-Amz-Signature=PLANTED1234&X-Amz-Date=1",
    "https://host/o?sv=1&sig=PLANTED%2B1234&se=2",
    "https://host/o?X-Goog-Signature=PLANTED1234",
    "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=PLANTED1234==;EndpointSuffix=x",
    "client_secret=PLANTED1234&grant=x",
    "password='PLANTED1234'",
]


@pytest.mark.parametrize("text", NAMED)
def test_where_secrets_stand(text: str) -> None:
    found = hide(text)
    assert "PLANTED" not in found
    assert "UExBTlRFRA" not in found
    assert hide(found) == found


def test_what_looks_like_one() -> None:
    token, key = "hf_" + "aB3" * 12, "AKIA" + "ABCDEFGH01234567"
    assert hide(f"{token} and {key}.") == "*** and ***."


SECRETS = ["abc/def+ghi", 'with"quote', "with'quote", "back\\slash", "ümläut-secret", "line\nline2"]


@pytest.mark.parametrize("secret", SECRETS)
def test_known_secrets_in_every_spelling(secret: str) -> None:
    for spelled in (
        secret,
        json.dumps(secret),
        json.dumps(secret, ensure_ascii=False),
        repr(secret),
        quote(secret),
    ):
        assert hide(f"a {spelled} b", [secret]).strip("ab \"'") == "***"
    assert hide(f"?x={quote(secret, safe='')}&y", [secret]) == "?x=***&y"


def test_the_longer_secret_first() -> None:
    assert hide("secret-and-more", ["secret", "secret-and-more"]) == "***"


@pytest.mark.parametrize("secret", ["", "  ", "a", "12345"])
def test_what_is_too_short_hides_nothing(secret: str) -> None:
    assert hide("a 12345 b", [secret]) == "a 12345 b"


KEPT = [
    "set HF_TOKEN=<your token>",
    "export AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=…   # the pair",
    "docker run -e HF_TOKEN=$HF_TOKEN",
    '{"hf_token": null, "api_key": null, "max_tokens": 64}',
    "Namespace(api_key=None, hf_token=None, hf_overrides={})",
    "Bearer tokens and Basic authentication are two things",
    'curl -s http://localhost:8000/v1/models -H "Authorization: Bearer $VLLM_API_KEY"',
    "hf_config_path hf_overrides",
    "https://host/path?x=1&assign=2",
    "write https://USER in ~/.netrc, or me@host",
    '["http://a.b/c", "d@e"]',
    "--api-key --port 8000",
    "HF_TOKEN_FILE=/run/secrets/token",
    "task-abc risk-def",
]


@pytest.mark.parametrize("text", KEPT)
def test_what_is_no_secret_stays(text: str) -> None:
    assert hide(text) == text


def test_json_stays_json() -> None:
    value = {
        "command": ["vllm", "--api-key", "PLANTED1234", "--port", "1"],
        "api_key": ["PLANTED1234", "PLANTED5678"],
        "said": "{'api_key': 'PLANTED1234'} HF_TOKEN=PLANTED1234 Authorization: Bearer PLANTED1234",
        "script": f"vllm --api-key {shlex.quote('PLANTED 1234')}",
        "url": "https://u:PLANTED@h?sig=PLANTED",
    }
    for indent in (None, 2):
        found = hide(json.dumps(value, indent=indent))
        assert "PLANTED" not in found
        assert json.loads(found)["command"] == ["vllm", "--api-key", "***", "--port", "1"]
