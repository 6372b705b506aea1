"""A store that speaks as much of S3 as lists and reads: it checks who asks, and what time it is.

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
from urllib.parse import parse_qsl, quote, unquote, urlsplit

KEY, SECRET = "AKIDEXAMPLE", "planted/secret+0123456789"
_TOO_SKEWED_S = 15 * 60


def signature(method: str, path: str, headers: Mapping[str, str], names: str, scope: str, secret: str) -> str:
    """The signature that a request must have; `path` with its query, `headers` by lower-case name."""
    lines = [f"{name}:{headers[name].strip()}" for name in names.split(";")]
    path, _, query = path.partition("?")
    query = "&".join(sorted(part if "=" in part else f"{part}=" for part in query.split("&") if part))
    request = "\n".join([method, path, query, *lines, "", names, headers["x-amz-content-sha256"]])
    digest = hashlib.sha256(request.encode()).hexdigest()
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    text = "\n".join(["AWS4-HMAC-SHA256", headers["x-amz-date"], scope, digest])
    return hmac.digest(key, text.encode(), "sha256").hex()


class Store(ThreadingHTTPServer):
    """`skew_s`: how far its clock is ahead; `status`, `code`: an answer to whatever is asked.

    `objects` are the bodies by key of its one bucket; `ended` the tokens that were good once and have
    ended; `says_region` whether who comes for another region is told the right one, `heads_region`
    whether who asks for the bucket is, and `elsewhere` how it is told; `public` whether anybody may read;
    `page_pause_s` how long it thinks about a thousand keys.
    """

    daemon_threads = True

    def __init__(
        self,
        skew_s: float = 0,
        status: int = 0,
        code: str = "",
        session: str = "",
        region: str = "us-east-1",
        tell_time: bool = True,
        objects: Mapping[str, bytes] | None = None,
        ended: tuple[str, ...] = (),
        says_region: bool = True,
        heads_region: bool = False,
        elsewhere: tuple[int, str] = (400, "AuthorizationHeaderMalformed"),
        public: bool = False,
        page_pause_s: float = 0,
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.skew_s, self.status, self.code = skew_s, status, code
        self.session, self.tell_time, self.region = session, tell_time, region
        self.objects, self.ended, self.says_region = objects, ended, says_region
        self.heads_region, self.elsewhere, self.public = heads_region, elsewhere, public
        self.page_pause_s = page_pause_s
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

    def judge(self, method: str, path: str, headers: Mapping[str, str]) -> tuple[int, str]:
        """Status and code of the answer."""
        if self.status:
            return self.status, self.code
        algorithm, _, rest = headers.get("authorization", "").partition(" ")
        if not rest:
            return (200, "") if self.public else (403, "AccessDenied")
        said = dict(part.strip().split("=", 1) for part in rest.split(","))
        key, _, scope = said["Credential"].partition("/")
        if key != KEY or algorithm != "AWS4-HMAC-SHA256":
            return 403, "InvalidAccessKeyId"
        if headers.get("x-amz-security-token") in self.ended:
            return 400, "ExpiredToken"
        if self.session and headers.get("x-amz-security-token") != self.session:
            return 403, "InvalidToken"
        if scope != f"{headers['x-amz-date'][:8]}/{self.region}/s3/aws4_request":
            return self.elsewhere
        if said["Signature"] != signature(method, path, headers, said["SignedHeaders"], scope, SECRET):
            return 403, "SignatureDoesNotMatch"
        at = datetime.strptime(headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
        if abs(at - time.time() - self.skew_s) > _TOO_SKEWED_S:
            return 403, "RequestTimeTooSkewed"
        return 200, ""


class _Handler(BaseHTTPRequestHandler):
    server: Store

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.asked.append({**headers, ":path": self.path})
        status, code = self.server.judge(self.command, self.path, headers)
        region = f"<Region>{self.server.region}</Region>" if self.server.says_region else ""
        said = f"<Error><Code>{code}</Code>{region}</Error>"
        if self.command == "POST":  # the token service wraps it up
            said = f"<ErrorResponse>{said}</ErrorResponse>"
        body = said.encode() if code else self._found()
        if body is None:
            status, body = 404, b"<Error><Code>NoSuchKey</Code></Error>"
        self.send_response_only(status)
        if self.server.tell_time:
            self.send_header("Date", formatdate(time.time() + self.server.skew_s, usegmt=True))
        if self.server.heads_region and self.command == "HEAD":
            self.send_header("x-amz-bucket-region", self.server.region)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def _found(self) -> bytes | None:
        """What is at the path: the buckets, the bucket's objects below a prefix, or one of them."""
        url = urlsplit(self.path)
        bucket, _, key = unquote(url.path).removeprefix("/").partition("/")
        objects = self.server.objects
        if not bucket or objects is None:
            return b"<ListAllMyBucketsResult/>"
        if key:
            return objects.get(key)
        return self._listed(objects, dict(parse_qsl(url.query)))

    def _listed(self, objects: Mapping[str, bytes], query: Mapping[str, str]) -> bytes:
        time.sleep(self.server.page_pause_s)
        keys = sorted(key for key in objects if key.startswith(query.get("prefix", "")))
        first = int(query.get("continuation-token", 0))
        last = first + min(1000, int(query.get("max-keys", 1000)))
        entries = "".join(
            f"<Contents><Key>{quote(key)}</Key><Size>{len(objects[key])}</Size>"
            "<ETag>&quot;v1&quot;</ETag></Contents>"
            for key in keys[first:last]
        )
        more = f"<NextContinuationToken>{last}</NextContinuationToken>" if last < len(keys) else ""
        cut = f"<IsTruncated>{'true' if more else 'false'}</IsTruncated>{more}"
        name = "<Name>models</Name><EncodingType>url</EncodingType>"
        return f"<ListBucketResult>{name}{cut}{entries}</ListBucketResult>".encode()

    def log_message(self, *_: object) -> None:
        """Be quiet."""
