"""The models room: an answer of an S3 store that is an error, and what was asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree

_SESSION_OVER = ("ExpiredToken", "ExpiredTokenException", "InvalidToken", "TokenRefreshRequired")
_REGION_IN_WORDS = re.compile(r"expecting '([\w-]+)'")


@dataclass(frozen=True)
class Place:
    """What was asked for: `bucket`, and the `key` where it was one object; at the store `shown`."""

    bucket: str
    shown: str
    region: str = ""
    signed: bool = False
    key: str | None = None

    @property
    def address(self) -> str:
        return f"s3://{self.bucket}" + (f"/{self.key}" if self.key else "")


@dataclass(frozen=True)
class Refusal:
    """An answer that is an error: its HTTP status, its code ("" where the body names none), and more."""

    status: int
    code: str
    headers: Mapping[str, str] = field(default_factory=dict)
    region: str = ""

    @classmethod
    def of_answer(cls, status: int, headers: Mapping[str, str], body: bytes) -> Refusal:
        """Read the XML of an answer; `headers` have lower-case names."""
        said: dict[str, str] = {}
        try:
            for element in ElementTree.fromstring(body.decode("utf-8", "replace")):
                said[element.tag.rpartition("}")[2]] = (element.text or "").strip()
        except ElementTree.ParseError:
            pass  # not a store's, or cut off: the status has to do
        return cls._of(status, headers, said)

    @classmethod
    def of_error(cls, error: Any) -> Refusal:
        """Read a botocore ClientError."""
        meta = error.response.get("ResponseMetadata", {})
        said = error.response.get("Error", {})
        return cls._of(meta.get("HTTPStatusCode", 0), meta.get("HTTPHeaders", {}), said)

    @classmethod
    def _of(cls, status: int, headers: Mapping[str, str], said: Mapping[str, str]) -> Refusal:
        code = said.get("Code", "")
        words = _REGION_IN_WORDS.search(said.get("Message", ""))
        region = headers.get("x-amz-bucket-region") or said.get("Region") or (words[1] if words else "")
        # Of an answer without a body the library makes an error whose code is the status.
        return cls(status, "" if code == str(status) else code, headers, region)

    @property
    def is_over(self) -> bool:
        """Whether the session of temporary keys has ended."""
        return self.code in _SESSION_OVER
