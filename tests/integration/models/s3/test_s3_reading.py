"""Bytes of objects, while what is in the store changes, the store errs and the keys end."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aim_runtime.errors import AccessDenied, ModelError, SourceUnreachable
from aim_runtime.models.transfer.remote import Again, Changed
from integration.doctor.store import KEY, SECRET, Store
from integration.models.s3.support import below, listed, model
from servers.hadro import hadro
from servers.s3 import BUCKET, S3Store, keys, nobodys, write

ADDRESS = "s3://models/org/m"
FILES = model()


def at(store: Store) -> dict[str, str]:
    return {**nobodys(), **keys(KEY, SECRET), "AWS_ENDPOINT_URL": store.endpoint}


@pytest.mark.servers
def test_an_object_that_is_replaced_after_it_was_listed(moto_store: S3Store) -> None:
    moto_store.put(below("org/m", FILES))
    found = listed(moto_store.environment, ADDRESS)
    moto_store.put(below("org/m", model(seed=1)))
    with pytest.raises(Changed, match=r"model\.safetensors"):
        found.read("model.safetensors", 5, 10)


@pytest.mark.servers
def test_an_object_that_is_replaced_where_if_match_is_ignored(tmp_path: Path) -> None:
    root = write(tmp_path / "data", below("org/m", FILES))
    with hadro(root, tmp_path / "log") as store:
        found = listed(store.environment, ADDRESS)
        write(tmp_path / "data", below("org/m", model(seed=1)))
        os.utime(root / BUCKET / "org/m/model.safetensors", (1, 1))
        with pytest.raises(Changed, match=r"model\.safetensors"):
            found.read("model.safetensors", 5, 10)


@pytest.mark.servers
def test_an_object_that_is_deleted_after_it_was_listed(moto_store: S3Store) -> None:
    moto_store.put(below("org/m", FILES))
    found = listed(moto_store.environment, ADDRESS)
    moto_store.client().delete_object(Bucket=BUCKET, Key="org/m/config.json")
    with pytest.raises(Changed, match=r"config\.json"):
        found.read("config.json")


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (503, "SlowDown", Again),
        (400, "RequestTimeout", Again),
        (403, "AccessDenied", AccessDenied),
        (400, "ExpiredToken", AccessDenied),
        (403, "RequestTimeTooSkewed", SourceUnreachable),
        (404, "NoSuchBucket", ModelError),
        (418, "", SourceUnreachable),
    ],
)
def test_a_store_that_thinks_better_of_it(status: int, code: str, expected: type[Exception]) -> None:
    with Store.running(objects=below("org/m", FILES)) as store:
        found = listed(at(store), ADDRESS)
        assert found.read("config.json") == FILES["config.json"]
        store.status, store.code = status, code
        with pytest.raises(expected) as caught:
            found.read("config.json")
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "behaviour",
    [{}, {"says_region": False, "heads_region": True, "elsewhere": (301, "PermanentRedirect")}],
    ids=["the error names it", "the bucket names it"],
)
def test_a_bucket_of_another_region_is_followed_there(behaviour: dict[str, object]) -> None:
    with Store.running(objects=below("org/m", FILES), region="eu-x-1", **behaviour) as store:
        found = listed({**at(store), "AWS_DEFAULT_REGION": "us-y-2"}, ADDRESS)
        assert found.read("model.safetensors") == FILES["model.safetensors"]
        wrong = [asked for asked in store.asked if "/us-y-2/" in asked["authorization"]]
    assert 1 <= len(wrong) <= 2, "asked once, looked up once, and remembered"


def test_what_is_public_needs_no_keys() -> None:
    with Store.running(objects=below("org/m", FILES), public=True) as store:
        found = listed({**nobodys(), "AWS_ENDPOINT_URL": store.endpoint}, ADDRESS)
        assert found.read("config.json") == FILES["config.json"]
        assert not any("authorization" in asked for asked in store.asked)


def test_no_signature_is_in_an_address() -> None:
    with Store.running(objects=below("org/m", FILES)) as store:
        found = listed(at(store), ADDRESS)
        found.read("config.json")
        assert not any("signature" in asked[":path"].lower() for asked in store.asked)
        assert SECRET not in repr(found)
