"""What every S3 store must be good for: listing, ranges, checksums, odd names."""

from __future__ import annotations

import hashlib

import pytest

from aim_runtime.errors import ModelNotFound
from aim_runtime.models.ref import ModelRef
from aim_runtime.models.sources.s3 import S3Source
from aim_runtime.models.transfer.remote import Algorithm, Digest
from integration.models.s3.support import MODEL, listed
from servers.s3 import S3Store

pytestmark = pytest.mark.servers


def test_lists_what_is_below_the_prefix_and_nothing_beside_it(each_store: S3Store) -> None:
    found = listed(each_store.environment, "s3://models/org/m")
    assert {name: file.size_bytes for name, file in found.files.items()} == {
        name: len(body) for name, body in MODEL.items()
    }
    assert found.snapshot.revision is not None
    assert len(found.snapshot.revision) == 16
    assert listed(each_store.environment, "s3://models/org/m/").snapshot.revision == found.snapshot.revision


def test_reads_any_range_of_any_name(each_store: S3Store) -> None:
    found = listed(each_store.environment, "s3://models/org/m")
    for name, body in MODEL.items():
        assert found.read(name) == body, name
    body = MODEL["model.safetensors"]
    for start, stop in ((0, 1), (1, 2), (1000, 250_000), (len(body) - 1, len(body))):
        assert found.read("model.safetensors", start, stop) == body[start:stop]


def test_one_connection_reads_many_ranges(each_store: S3Store) -> None:
    found = listed(each_store.environment, "s3://models/org/m")
    file, body = found.files["model.safetensors"], MODEL["model.safetensors"]
    connection = found.snapshot.connect()
    for start in range(0, 200_000, 50_000):
        got = b"".join(map(bytes, connection.read(file, start, start + 50_000)))
        assert got == body[start : start + 50_000]
    connection.close()


def test_what_it_promises_is_true(each_store: S3Store, request: pytest.FixtureRequest) -> None:
    """hadro's ETags look like MD5s and are made of size and time: nothing may be held against them."""
    found = listed(each_store.environment, "s3://models/org/m")
    if request.node.callspec.params["each_store"] == "hadro":
        assert {file.digest for file in found.files.values()} == {None}
        assert found.notices == (
            f"4 of 4 files of s3://models/org/m are checked by size and header only: {each_store.endpoint} "
            "promises no checksum of them",
        )
        return
    assert found.notices == ()
    assert {name: file.digest for name, file in found.files.items()} == {
        name: Digest(Algorithm.MD5, hashlib.md5(body).hexdigest()) for name, body in MODEL.items()
    }


def test_says_how_much_there_is_to_fetch(each_store: S3Store) -> None:
    source = S3Source(each_store.environment)
    assert source.check(ModelRef.parse("s3://models/org/m")) == sum(map(len, MODEL.values()))


def test_one_object_that_is_a_model(each_store: S3Store) -> None:
    found = listed(each_store.environment, "s3://models/top.gguf")
    assert list(found.files) == ["top.gguf"]
    assert found.read("top.gguf") == b"GGUF"


def test_a_prefix_that_is_not_there(each_store: S3Store) -> None:
    with pytest.raises(ModelNotFound, match="s3://models/org/m3 is not there") as refused:
        listed(each_store.environment, "s3://models/org/m3")
    assert "s3://models/org/m2" in refused.value.hint
    assert "s3://models/org/m," in refused.value.hint + ","


def test_a_prefix_above_the_models(each_store: S3Store) -> None:
    with pytest.raises(ModelNotFound, match="s3://models/org holds no weights") as refused:
        listed(each_store.environment, "s3://models/org")
    assert refused.value.hint == "name one of the models below it: s3://models/org/m, s3://models/org/m2"


def test_a_bucket_that_is_not_there(each_store: S3Store) -> None:
    with pytest.raises(ModelNotFound, match=f"{each_store.endpoint} has no bucket nowhere") as refused:
        listed(each_store.environment, "s3://nowhere/org/m")
    assert "AWS_ENDPOINT_URL" in refused.value.hint
