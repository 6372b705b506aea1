"""What a store promises of an object's bytes, the best of it first; the checksums are Amazon's own."""

from __future__ import annotations

import hashlib
import zlib

import pytest
from awscrt import checksums

from aim_runtime.errors import VerificationFailed
from aim_runtime.models.transfer.remote import Algorithm, Digest
from integration.models.s3.support import below, listed, model, sha256
from servers.s3 import BUCKET, S3Store

pytestmark = pytest.mark.servers
FILES = model()
BODY = FILES["model.safetensors"]
MD5 = Digest(Algorithm.MD5, hashlib.md5(BODY).hexdigest())


@pytest.mark.parametrize(
    ("asked", "digest"),
    [
        ("SHA256", Digest(Algorithm.SHA256, sha256(BODY))),
        ("CRC64NVME", Digest(Algorithm.CRC64NVME, f"{checksums.crc64nvme(BODY):016x}")),
        ("CRC32C", Digest(Algorithm.CRC32C, f"{checksums.crc32c(BODY):08x}")),
        ("CRC32", Digest(Algorithm.CRC32, f"{zlib.crc32(BODY):08x}")),
        ("SHA1", MD5),
    ],
)
def test_checksums_of_the_whole_object(asked: str, digest: Digest, moto_store: S3Store) -> None:
    moto_store.put(below(asked, FILES), ChecksumAlgorithm=asked)
    found = listed(moto_store.environment, f"s3://models/{asked}")
    assert found.files["model.safetensors"].digest == digest
    assert found.notices == ()


def test_an_etag_of_a_single_part_is_an_md5(moto_store: S3Store) -> None:
    moto_store.put(below("plain", FILES))
    assert listed(moto_store.environment, "s3://models/plain").files["model.safetensors"].digest == MD5


@pytest.mark.parametrize("encryption", ["aws:kms", "aws:kms:dsse"])
def test_an_etag_of_what_is_encrypted_with_a_key_of_its_own_is_none(
    encryption: str, moto_store: S3Store
) -> None:
    moto_store.put(below(encryption, FILES), ServerSideEncryption=encryption)
    found = listed(moto_store.environment, f"s3://models/{encryption}")
    assert {file.digest for file in found.files.values()} == {None}
    assert found.notices[0].startswith("2 of 2 files of s3://models/aws:kms")


@pytest.mark.parametrize("checksum", [{}, {"ChecksumAlgorithm": "CRC32"}], ids=["bare", "composite"])
def test_several_parts_have_no_checksum_of_the_whole(
    checksum: dict[str, str], seaweed_store: S3Store
) -> None:
    """Neither is the ETag an MD5, nor the checksum of their checksums one of the bytes."""
    client, where = seaweed_store.client(), {"Bucket": BUCKET, "Key": "parts/m/model.safetensors"}
    seaweed_store.put({"parts/m/config.json": FILES["config.json"]})
    upload = client.create_multipart_upload(**where, **checksum)["UploadId"]
    parts = []
    for number, half in enumerate((bytes(5 << 20), b"the end"), start=1):
        part = client.upload_part(**where, **checksum, UploadId=upload, PartNumber=number, Body=half)
        kept = {name: part[name] for name in ("ETag", "ChecksumCRC32") if name in part}
        parts.append({"PartNumber": number, **kept})
    client.complete_multipart_upload(**where, UploadId=upload, MultipartUpload={"Parts": parts})
    head = client.head_object(**where, ChecksumMode="ENABLED")
    assert head.get("ChecksumCRC32", "-2").endswith("-2")
    assert bool(checksum) == ("ChecksumCRC32" in head)
    found = listed(seaweed_store.environment, "s3://models/parts/m")
    file = found.files["model.safetensors"]
    assert file.etag is not None
    assert file.etag.endswith('-2"')
    assert file.digest is None
    assert found.read("model.safetensors", (5 << 20) - 2) == b"\0\0the end"
    assert found.notices[0].startswith("1 of 2 files of s3://models/parts/m are checked by size")


def test_sha256sums_win(moto_store: S3Store) -> None:
    lines = [f"{sha256(FILES['config.json'])}  config.json", f"{sha256(BODY).upper()} *./model.safetensors"]
    files = {**FILES, "SHA256SUMS": "\n".join(lines).encode()}
    moto_store.put(below("sums", files), ChecksumAlgorithm="CRC32")
    found = listed(moto_store.environment, "s3://models/sums")
    assert {name: file.digest for name, file in found.files.items()} == {
        name: Digest(Algorithm.SHA256, sha256(body)) for name, body in FILES.items()
    }


def test_sha256sums_that_are_none(moto_store: S3Store) -> None:
    moto_store.put(below("broken", {**FILES, "SHA256SUMS": b"<html>"}))
    with pytest.raises(VerificationFailed, match="SHA256SUMS of s3://models/broken cannot be used: line 1"):
        listed(moto_store.environment, "s3://models/broken")
