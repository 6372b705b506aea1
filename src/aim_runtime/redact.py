"""Secrets out of text: those that are known, and what looks like one wherever it stands."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from urllib.parse import quote

HIDDEN = "***"
HIDDEN_USER = "****@"
# Shorter values would hide ordinary words, and no such secret is real.
_SHORTEST = 6

# Greedy up to the last @ before the path: a password may hold an @ itself. No quotes: JSON stays JSON.
_USERINFO = re.compile(r"(?<=://)[^/\s\"'<>\\]+@")
_NAMES = (
    r"api[-_]?key|hf[-_]token|auth[-_]?token|access[-_]token|refresh[-_]token|session[-_]token"
    r"|security[-_]token|secret[-_]access[-_]key|secret[-_]key|access[-_]key[-_]id|account[-_]?key|client[-_]secret"
    r"|sas[-_]token|password|passwd"
)
# `--api-key A`, `--api-key=A`, `"--api-key", "A"`. Quotes stay where they are, here and below.
_OPTION = re.compile(
    rf"(?P<name>--(?:{_NAMES})(?:=|\s+|\\?['\"],\s*)\\?['\"]?)(?!-)[^\s'\",\]\\]+", re.IGNORECASE
)
# `"hf_token": "A"`, `api_key='A'`, `api-key: "A"`, and with the end cut off.
_QUOTED = re.compile(
    rf"(?P<name>(?<![\w-])(?:\w+[-_])?(?:{_NAMES})(?:\\?['\"])?\s*[:=]\s*\\?['\"])[^\"'\\]+", re.IGNORECASE
)
# `'api_key': ['A', 'B']`: each string of the list.
_LISTED = re.compile(
    rf"(?P<name>(?<![\w-])(?:\w+[-_])?(?:{_NAMES})(?:\\?['\"])?\s*[:=]\s*)(?P<value>\[[^\]\[{{}}]*)",
    re.IGNORECASE,
)
_STRING = re.compile(r"(\\?[\"'])([^\"'\\]+)(\\?[\"']|$)")
# `HF_TOKEN=A`, `AccountKey=A;`: no placeholder, as hints have it (`=…`, `=$NAME`, `=<a token>`).
_ASSIGNED = re.compile(
    rf"(?P<name>(?<![\w-])(?:\w+[-_])?(?:{_NAMES})=)(?![…<$\[{{'\"\\*])(?!None\b|null\b)[^\s;&,'\"\\)\]}}]+",
    re.IGNORECASE,
)
# Words of a language have no digit and no padding: "Bearer tokens", "Basic authentication".
_HEADER = re.compile(r"(?P<name>\b(?:Bearer|Basic)\s+)(?=[\w.~+/-]*[\d=])[\w.~+/=-]{6,}")
_AUTHORIZATION = re.compile(
    r"(?P<name>\b(?:authorization|x-api-key)(?:\\?['\"])?\s*[:=]\s*(?:\\?['\"])?)"
    r"(?!\*)[^\s'\"\\]+(?: [\w.~+/=*-]+)?",
    re.IGNORECASE,
)
_SIGNATURE = re.compile(
    r"(?P<name>[?&;](?:X-(?:Amz|Goog)-(?:Signature|Credential|Security-Token)|Signature|sig)=)[^\s&;\"'\\<>]+",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"\bhf_[A-Za-z0-9]{20,}\b|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")


def hide(text: str, secrets: Iterable[str] = ()) -> str:
    """Return `text` without the values of `secrets`, in any spelling that they are printed in, and
    without what stands where secrets stand: options, assignments, headers, URLs and their signatures.

    JSON stays JSON; to hide twice is to hide once.
    """
    for secret in _spelled(secrets):
        text = text.replace(secret, HIDDEN)
    text = hide_users(text)
    text = _LISTED.sub(_strings_hidden, text)
    for pattern in (_OPTION, _QUOTED, _ASSIGNED, _HEADER, _AUTHORIZATION, _SIGNATURE):
        text = pattern.sub(rf"\g<name>{HIDDEN}", text)
    return _TOKEN.sub(HIDDEN, text)


def hide_users(text: str) -> str:
    """Return `text` without the user name and password that a URL in it may carry."""
    return _USERINFO.sub(HIDDEN_USER, text)


def _spelled(secrets: Iterable[str]) -> list[str]:
    """Each secret as it is, as JSON and as a URL has it; the longest first, for one may hold another."""
    found: set[str] = set()
    for secret in secrets:
        bare = secret.strip()
        if len(bare) >= _SHORTEST:
            found |= {bare, json.dumps(bare)[1:-1], json.dumps(bare, ensure_ascii=False)[1:-1]}
            found |= {repr(bare)[1:-1], quote(bare, safe=""), quote(bare)}
    return sorted(found, key=lambda each: (-len(each), each))


def _strings_hidden(match: re.Match[str]) -> str:
    return match["name"] + _STRING.sub(rf"\g<1>{HIDDEN}\g<3>", match["value"])
