"""Secrets out of text: those that are known, and what looks like one wherever it stands.

Every line that is printed comes through here, of which few hold a secret: a pattern is made and tried
only where a word of it is in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache

HIDDEN = "***"
HIDDEN_USER = "****@"
# Shorter values would hide ordinary words, and no such secret is real.
_SHORTEST = 6

# Greedy up to the last @ before the path: a password may hold an @ itself. No quotes: JSON stays JSON.
_USERINFO = re.compile(r"(?<=://)[^/\s\"'<>\\]+@")
# Names of secrets, as options, keys and variables have them; the space is a dash, an underscore or nothing.
_NAMES = (
    *("api key", "hf token", "auth token", "access token", "refresh token", "session token"),
    *("security token", "secret access key", "secret key", "access key id", "account key", "client secret"),
    *("sas token", "password", "passwd"),
)
_NAME_WORDS = tuple({name.replace(" ", joint) for name in _NAMES for joint in ("-", "_", "")})
_OTHERS: Mapping[tuple[str, ...], tuple[str, ...]] = {
    # Words of a language have no digit and no padding: "Bearer tokens", "Basic authentication".
    ("bearer ", "basic "): (r"(?P<name>\b(?:Bearer|Basic)\s+)(?=[\w.~+/-]*[\d=])[\w.~+/=-]{6,}",),
    # A shell's variable is not what it holds: $VLLM_API_KEY is shown for people to copy.
    ("authorization", "x-api-key"): (
        r"(?P<name>\b(?:authorization|x-api-key)(?:\\?['\"])?\s*[:=]\s*(?:\\?['\"])?)"
        r"(?!\*|Bearer \$[A-Z_]+['\"\\])[^\s'\"\\]+(?: [\w.~+/=*-]+)?",
    ),
    ("signature=", "sig=", "credential=", "security-token="): (
        r"(?P<name>[?&;](?:X-(?:Amz|Goog)-(?:Signature|Credential|Security-Token)|Signature|sig)=)[^\s&;\"'\\<>]+",
    ),
    ("hf_", "akia", "asia"): (r"(?P<name>\b)(?-i:hf_[A-Za-z0-9]{20,}\b|(?:AKIA|ASIA)[0-9A-Z]{16}\b)",),
}


def hide(text: str, secrets: Iterable[str] = ()) -> str:
    """Return `text` without the values of `secrets`, in any spelling that they are printed in, and
    without what stands where secrets stand: options, assignments, headers, URLs and their signatures.

    JSON stays JSON; to hide twice is to hide once.
    """
    for secret in _spelled(tuple(secrets)):
        text = text.replace(secret, HIDDEN)
    text = hide_users(text)
    lower = text.lower()
    if any(word in lower for word in _NAME_WORDS):
        text = _list_of_name().sub(_strings_hidden, text)
        for pattern in _after_name():
            text = pattern.sub(rf"\g<name>{HIDDEN}", text)
    for words, patterns in _OTHERS.items():
        if any(word in lower for word in words):
            for each in patterns:
                text = _made(each).sub(rf"\g<name>{HIDDEN}", text)
    return text


def hide_users(text: str) -> str:
    """Return `text` without the user name and password that a URL in it may carry."""
    return _USERINFO.sub(HIDDEN_USER, text)


@lru_cache(maxsize=8)
def _spelled(secrets: tuple[str, ...]) -> tuple[str, ...]:
    """Each secret as it is, as JSON and as a URL has it; the longest first, for one may hold another."""
    bare_ones = [bare for secret in secrets if len(bare := secret.strip()) >= _SHORTEST]
    if not bare_ones:
        return ()
    import json  # most commands have no secret to hide
    from urllib.parse import quote

    found: set[str] = set()
    for bare in bare_ones:
        found |= {bare, json.dumps(bare)[1:-1], json.dumps(bare, ensure_ascii=False)[1:-1]}
        found |= {repr(bare)[1:-1], quote(bare, safe=""), quote(bare)}
    return tuple(sorted(found, key=lambda each: (-len(each), each)))


@cache
def _made(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def _names() -> str:
    return "|".join(name.replace(" ", "[-_]?") for name in _NAMES)


def _keyed() -> str:
    """A name as a key, with what parts it from its value."""
    return rf"(?P<name>(?<![\w-])(?:\w+[-_])?(?:{_names()})(?:\\?['\"])?\s*[:=]\s*"


@cache
def _after_name() -> tuple[re.Pattern[str], ...]:
    patterns = (
        # `--api-key A`, `--api-key=A`, `"--api-key", "A"`; quotes stay where they are, here and below
        rf"(?P<name>--(?:{_names()})(?:=|\s+|\\?['\"],\s*)\\?['\"]?)(?!-)[^\s'\",\]\\]+",
        # `"hf_token": "A"`, `api_key='A'`, `api-key: "A"`, and with the end cut off
        rf"{_keyed()}\\?['\"])[^\"'\\]+",
        # `HF_TOKEN=A`, `AccountKey=A;`; but no placeholder, as hints have it: `=…`, `=$NAME`, `=<a token>`
        rf"(?P<name>(?<![\w-])(?:\w+[-_])?(?:{_names()})=)"
        r"(?![…<$\[{'\"\\*])(?!None\b|null\b)[^\s;&,'\"\\)\]}]+",
    )
    return tuple(map(_made, patterns))


def _list_of_name() -> re.Pattern[str]:
    """`'api_key': ['A', 'B']`."""
    return _made(rf"{_keyed()})(?P<value>\[[^\]\[{{}}]*)")


def _strings_hidden(match: re.Match[str]) -> str:
    strings = r"(\\?[\"'])([^\"'\\]+)(\\?[\"']|$)"
    return match["name"] + _made(strings).sub(rf"\g<1>{HIDDEN}\g<3>", match["value"])
