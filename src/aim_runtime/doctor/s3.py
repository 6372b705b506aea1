"""One question to an S3 store: who am I to you, and what time is it. Nothing is read from a bucket.

The signature is AWS's version 4 (docs.aws.amazon.com, "Create a signed AWS API request").
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass

_EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # SHA-256 of nothing


@dataclass(frozen=True)
class Answer:
    """What the store said: HTTP status, the code of its error, its Date; `problem` where it said nothing."""

    status: int = 0
    code: str = ""
    date: str = ""
    asked_at: float = 0.0
    problem: str = ""


def ask(endpoint: str, environment: Mapping[str, str], within_s: float) -> Answer:
    """List the buckets, signed where there are keys."""
    from http.client import HTTPConnection, HTTPException, HTTPSConnection
    from urllib.parse import urlsplit

    try:
        url = urlsplit(endpoint)
        connect = HTTPSConnection if url.scheme == "https" else HTTPConnection
        if url.scheme not in ("http", "https") or not url.hostname:
            return Answer(problem="it is not a URL with http:// or https://")
        connection = connect(url.hostname, url.port, timeout=within_s)
    except ValueError as reason:
        return Answer(problem=str(reason))
    now = time.time()
    host = url.netloc.rpartition("@")[2]
    try:
        connection.request("GET", "/", headers={"Host": host, **signed(host, environment, now)})
        response = connection.getresponse()
        body = response.read(65536).decode("utf-8", "replace")
    except (OSError, HTTPException) as reason:
        return Answer(problem=getattr(reason, "strerror", None) or str(reason) or type(reason).__name__)
    finally:
        connection.close()
    code = re.search(r"<Code>(\w+)</Code>", body)
    return Answer(response.status, code[1] if code else "", response.headers.get("Date", ""), now)


def skew_s(answer: Answer) -> float | None:
    """How many seconds this clock is ahead of the store's; None where it told no time."""
    from email.utils import parsedate_to_datetime

    try:
        return answer.asked_at - parsedate_to_datetime(answer.date).timestamp()
    except (ValueError, TypeError):
        return None


def signed(host: str, environment: Mapping[str, str], now: float, query: str = "") -> dict[str, str]:
    """The headers of `GET /?query` that prove who asks; none without keys. The secret is in none of them."""
    import hashlib
    import hmac

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
