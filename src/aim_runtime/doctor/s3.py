"""One question to an S3 store: who am I to you, and what time is it. Nothing is read from a bucket.

The signature is AWS's version 4 (docs.aws.amazon.com, "Create a signed AWS API request").
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from ssl import create_default_context
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, Request, build_opener

from aim_runtime.errors import SourceUnreachable
from aim_runtime.models.sources.s3_settings import authorities

_EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # SHA-256 of nothing
_MOST_BYTES = 65536


@dataclass(frozen=True)
class Answer:
    """What the store said: HTTP status, the code of its error, its Date; `problem` where it said nothing."""

    status: int = 0
    code: str = ""
    date: str = ""
    asked_at: float = 0.0
    problem: str = ""


class _Stays(HTTPRedirectHandler):
    """A signature is for one address: another one would refuse it, and learn who asked."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> None:
        return None


def ask(endpoint: str, environment: Mapping[str, str], within_s: float) -> Answer:
    """List the buckets, signed where there are keys; by the proxy that the environment names."""
    try:
        url = urlsplit(endpoint)
        if url.scheme not in ("http", "https") or not url.hostname or url.port == 0:
            return Answer(problem="it is not a URL with http:// or https://")
        trusted = create_default_context(cafile=authorities(environment))
    except ValueError as reason:  # a port that is not a number
        return Answer(problem=str(reason))
    except SourceUnreachable as reason:
        return Answer(problem=reason.message)
    host = url.netloc.rpartition("@")[2]
    now = time.time()
    request = Request(f"{url.scheme}://{host}/", headers={"Host": host, **signed(host, environment, now)})
    try:
        with build_opener(_Stays, HTTPSHandler(context=trusted)).open(request, timeout=within_s) as response:
            return _answer(response.status, response.headers, response.read(_MOST_BYTES), now)
    except HTTPError as refusal:
        with refusal:
            return _answer(refusal.code, refusal.headers, refusal.read(_MOST_BYTES), now)
    except URLError as reason:
        return Answer(problem=_words(reason.reason))
    except (OSError, HTTPException) as reason:
        return Answer(problem=_words(reason))


def _answer(status: int, headers: Message, body: bytes, asked_at: float) -> Answer:
    code = re.search(r"<Code>(\w+)</Code>", body.decode("utf-8", "replace"))
    return Answer(status, code[1] if code else "", headers.get("Date", ""), asked_at)


def _words(reason: object) -> str:
    return getattr(reason, "strerror", None) or str(reason) or type(reason).__name__


def skew_s(answer: Answer) -> float | None:
    """How many seconds this clock is ahead of the store's; None where it told no time."""
    try:
        return answer.asked_at - parsedate_to_datetime(answer.date).timestamp()
    except (ValueError, TypeError):
        return None


def signed(host: str, environment: Mapping[str, str], now: float, query: str = "") -> dict[str, str]:
    """The headers of `GET /?query` that prove who asks; none without keys. The secret is in none of them."""
    key, secret = environment.get("AWS_ACCESS_KEY_ID"), environment.get("AWS_SECRET_ACCESS_KEY")
    if not key or not secret:
        return {}
    moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    region = environment.get("AWS_DEFAULT_REGION") or environment.get("AWS_REGION") or "us-east-1"
    headers = {"host": host, "x-amz-content-sha256": _EMPTY, "x-amz-date": moment}
    token = environment.get("AWS_SESSION_TOKEN")
    headers |= {"x-amz-security-token": token} if token else {}
    names = ";".join(sorted(headers))
    canonical = "\n".join(
        ["GET", "/", query, *(f"{name}:{headers[name]}" for name in sorted(headers)), "", names, _EMPTY]
    )
    scope = f"{moment[:8]}/{region}/s3/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    signing = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        signing = hmac.new(signing, part.encode(), hashlib.sha256).digest()
    to_sign = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{digest}"
    signature = hmac.new(signing, to_sign.encode(), hashlib.sha256).hexdigest()
    credential = f"AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders={names}, Signature={signature}"
    return {**{name: value for name, value in headers.items() if name != "host"}, "Authorization": credential}
