"""A store that speaks as much of S3 as lists its buckets: it checks who asks, and what time it is.

It works out every signature anew from the request that arrived ("Authenticating Requests: Using the
Authorization Header" of AWS's S3 API reference), so a request that is signed wrongly is refused.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY, SECRET = "AKIDEXAMPLE", "planted/secret+0123456789"
_TOO_SKEWED_S = 15 * 60


def signature(method: str, path: str, headers: Mapping[str, str], names: str, scope: str, secret: str) -> str:
    """The signature that a request without a query must have; `headers` by lower-case name."""
    lines = [f"{name}:{headers[name].strip()}" for name in names.split(";")]
    request = "\n".join([method, path, "", *lines, "", names, headers["x-amz-content-sha256"]])
    digest = hashlib.sha256(request.encode()).hexdigest()
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    text = "\n".join(["AWS4-HMAC-SHA256", headers["x-amz-date"], scope, digest])
    return hmac.digest(key, text.encode(), "sha256").hex()


class Store(ThreadingHTTPServer):
    """`skew_s`: how far its clock is ahead; `status`, `code`: an answer to whatever is asked."""

    daemon_threads = True

    def __init__(
        self,
        skew_s: float = 0,
        status: int = 0,
        code: str = "",
        session: str = "",
        region: str = "us-east-1",
        tell_time: bool = True,
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.skew_s, self.status, self.code = skew_s, status, code
        self.session, self.tell_time, self.region = session, tell_time, region
        self.asked: list[dict[str, str]] = []

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @classmethod
    @contextmanager
    def running(cls, **behaviour: Any) -> Iterator[Store]:
        with cls(**behaviour) as store:
            thread = threading.Thread(target=store.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            try:
                yield store
            finally:
                store.shutdown()
                thread.join()

    def judge(self, path: str, headers: Mapping[str, str]) -> tuple[int, str]:
        """Status and code of the answer."""
        if self.status:
            return self.status, self.code
        algorithm, _, rest = headers.get("authorization", "").partition(" ")
        if not rest:
            return 403, "AccessDenied"
        said = dict(part.strip().split("=", 1) for part in rest.split(","))
        key, _, scope = said["Credential"].partition("/")
        if key != KEY or algorithm != "AWS4-HMAC-SHA256":
            return 403, "InvalidAccessKeyId"
        if self.session and headers.get("x-amz-security-token") != self.session:
            return 403, "InvalidToken"
        if scope != f"{headers['x-amz-date'][:8]}/{self.region}/s3/aws4_request":
            return 400, "AuthorizationHeaderMalformed"
        if said["Signature"] != signature("GET", path, headers, said["SignedHeaders"], scope, SECRET):
            return 403, "SignatureDoesNotMatch"
        at = datetime.strptime(headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
        if abs(at - time.time() - self.skew_s) > _TOO_SKEWED_S:
            return 403, "RequestTimeTooSkewed"
        return 200, ""


class _Handler(BaseHTTPRequestHandler):
    server: Store

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.asked.append(headers)
        status, code = self.server.judge(self.path, headers)
        body = f"<Error><Code>{code}</Code></Error>" if code else "<ListAllMyBucketsResult/>"
        self.send_response_only(status)
        if self.server.tell_time:
            self.send_header("Date", formatdate(time.time() + self.server.skew_s, usegmt=True))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Be quiet."""
