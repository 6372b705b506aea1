"""The models room: what an S3 store promises of an object's bytes: a checksum, or an ETag that is an MD5."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from aim_runtime.models import background
from aim_runtime.models.sources.s3_client import CONNECTIONS, Store
from aim_runtime.models.sources.s3_errors import refused
from aim_runtime.models.sources.s3_refusal import Place, Refusal
from aim_runtime.models.transfer.remote import Algorithm, Digest, RemoteFile

# Best first. https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
_CHECKSUMS = {
    "ChecksumSHA256": Algorithm.SHA256,
    "ChecksumCRC64NVME": Algorithm.CRC64NVME,
    "ChecksumCRC32C": Algorithm.CRC32C,
    "ChecksumCRC32": Algorithm.CRC32,
}
_MD5 = re.compile(r'"([0-9a-f]{32})"')
# Each costs a request. The largest files count, and no model has as many.
_MOST_DESCRIBED = 256
_MOST_PROOF_BYTES = 1 << 20


@dataclass(frozen=True)
class _Described:
    """What HeadObject said: a checksum of the whole object, and whether its ETag cannot be an MD5."""

    digest: Digest | None = None
    opaque: bool = False


def with_digests(store: Store, place: Place, files: Sequence[RemoteFile]) -> tuple[RemoteFile, ...]:
    """Return `files` with what the store promises of those that have no digest yet.

    Raises AccessDenied for an object that these keys may not read.
    """
    by_size = sorted(files, key=lambda file: (-file.size_bytes, file.name))
    # Where all is promised already, one is asked for all the same: it tells whether these keys may read.
    asked = [file for file in by_size if file.digest is None][:_MOST_DESCRIBED] or by_size[:1]
    described = _describe_all(store, place, asked)
    known = {name: said.digest for name, said in described.items() if said.digest}
    bare = [file for file in files if file.digest is None and file.name not in known]
    # An object beyond those described may be encrypted as some of these are.
    careful = any(said.opaque for said in described.values())
    plain = {
        file.name: Digest(Algorithm.MD5, match[1])
        for file in bare
        if (match := _MD5.fullmatch(file.etag or ""))
        and not described.get(file.name, _Described(opaque=careful)).opaque
    }
    if plain and not _is_md5(store, place, [file for file in bare if file.name in plain]):
        plain = {}
    return tuple(
        replace(file, digest=file.digest or known.get(file.name) or plain.get(file.name)) for file in files
    )


def _describe_all(store: Store, place: Place, files: Sequence[RemoteFile]) -> Mapping[str, _Described]:
    # The largest by itself: where it is refused, so are the others, and always with the same words.
    first = {files[0].name: _describe(store, replace(place, key=files[0].at))}

    def describe(file: RemoteFile) -> tuple[str, _Described]:
        return file.name, _describe(store, replace(place, key=file.at))

    workers = background.each(files[1:], describe, CONNECTIONS)
    return first | dict(background.watched(workers, lambda: None))


def _describe(store: Store, place: Place) -> _Described:
    from botocore.exceptions import ClientError

    try:
        said = store.client.head_object(Bucket=place.bucket, Key=place.key, ChecksumMode="ENABLED")
    except ClientError as error:
        answer = Refusal.of_error(error)
        if answer.status in (401, 403):
            raise refused(answer, place) from error
        return _Described()  # a store that does not tell, or an object that went: reading it will show
    opaque = str(said.get("ServerSideEncryption", "")).startswith("aws:kms") or "SSECustomerAlgorithm" in said
    return _Described(_checksum(said), opaque)


def _checksum(said: Mapping[str, Any]) -> Digest | None:
    """Return the best checksum of the whole object; one of its parts' checksums says nothing of its bytes."""
    if said.get("ChecksumType", "FULL_OBJECT") != "FULL_OBJECT":
        return None
    for name, algorithm in _CHECKSUMS.items():
        try:
            return Digest(algorithm, base64.b64decode(said[name], validate=True).hex())
        except (KeyError, binascii.Error):  # COMPOSITE by its other sign: a number of parts after a dash
            continue
    return None


def _is_md5(store: Store, place: Place, files: Sequence[RemoteFile]) -> bool:
    """Whether the ETags of this store are MD5s, tried with the smallest of the files.

    They look like MD5s in stores that make them of the size and the time, too.
    """
    smallest = min(files, key=lambda file: (file.size_bytes, file.name))
    if smallest.size_bytes > _MOST_PROOF_BYTES:
        return False
    body = store.client.get_object(Bucket=place.bucket, Key=smallest.at)["Body"].read()
    return smallest.etag == f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
