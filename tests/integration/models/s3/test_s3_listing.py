"""Which objects are a model's files: odd keys, many keys, and a store that is slow to name them."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from aim_runtime.errors import ModelNotFound, SourceUnreachable
from integration.doctor.store import KEY, SECRET, Store
from integration.models.s3.support import below, listed, model
from servers.hadro import Line, hadro
from servers.s3 import S3Store, keys, nobodys, write

pytestmark = pytest.mark.servers


def test_keys_that_would_leave_the_folder(moto_store: S3Store) -> None:
    odd = ("org/odd/../../evil", "org/odd//etc/passwd", "org/odd/a/./b", "org/odd/sub//c", "org/odd/..")
    moto_store.put({**below("org/odd", model()), **dict.fromkeys(odd, b"evil")})
    found = listed(moto_store.environment, "s3://models/org/odd")
    assert set(found.files) == set(model())
    (notice,) = found.notices
    assert all(key in notice for key in odd)


def test_markers_of_folders_are_no_files(moto_store: S3Store) -> None:
    moto_store.put(
        {
            **below("org/marked", {**model(), "sub/tokenizer.json": b"{}"}),
            **dict.fromkeys(("org/marked/", "org/marked/sub/", "org/marked/sub_$folder$"), b""),
        }
    )
    found = listed(moto_store.environment, "s3://models/org/marked")
    assert set(found.files) == {*model(), "sub/tokenizer.json"}
    assert found.notices == ()


def test_a_whole_bucket(moto_store: S3Store) -> None:
    moto_store.client().create_bucket(Bucket="whole")
    for name, body in model().items():
        moto_store.client().put_object(Bucket="whole", Key=name, Body=body)
    found = listed(moto_store.environment, "s3://whole")
    assert set(found.files) == set(model())
    assert found.read("config.json") == model()["config.json"]


def test_the_same_weights_in_another_format_are_left_out(moto_store: S3Store) -> None:
    moto_store.put(below("org/both", {**model(), "pytorch_model.bin": bytes(2000)}))
    found = listed(moto_store.environment, "s3://models/org/both")
    assert set(found.files) == set(model())
    assert "skipping 1 file with the same weights in other formats (*.bin): 2.0 kB of" in found.notices[0]


def test_the_revision_is_that_of_what_is_there(moto_store: S3Store) -> None:
    moto_store.put(below("org/state", model()))
    first = listed(moto_store.environment, "s3://models/org/state").snapshot.revision
    assert listed(moto_store.environment, "s3://models/org/state").snapshot.revision == first
    moto_store.put(below("org/state", model(seed=1)))
    assert listed(moto_store.environment, "s3://models/org/state").snapshot.revision != first


def stocked(count: int, **behaviour: float) -> AbstractContextManager[Store]:
    """A store with a model that has so many more files."""
    small = {f"part/{number:05}.txt": b"" for number in range(count)}
    return Store.running(objects=below("org/many", {**model(), **small}), **behaviour)


def seen(store: Store, decide_within_s: float) -> int:
    environment = {**nobodys(), **keys(KEY, SECRET), "AWS_ENDPOINT_URL": store.endpoint}
    return len(listed(environment, "s3://models/org/many", decide_within_s).files)


def test_ten_thousand_keys() -> None:
    with stocked(10_000) as store:
        assert seen(store, 8.0) == 10_002


def test_a_store_is_given_up_when_it_is_silent_and_not_when_it_has_much_to_tell() -> None:
    with stocked(12_000, page_pause_s=0.5) as store:  # longer in all than anybody waits for one answer
        assert seen(store, 4) == 12_002
    with stocked(3_000, page_pause_s=2.5) as store, pytest.raises(SourceUnreachable, match=r"in 1\.5 s"):
        seen(store, 1.5)


def test_a_store_that_answers_every_third_request_with_503(tmp_path: Path) -> None:
    root = write(tmp_path / "data", below("org/m", model()))
    with hadro(root, tmp_path / "log", Line(error_rate=0.3, fault_seed=7)) as store:
        assert set(listed(store.environment, "s3://models/org/m").files) == set(model())


def test_a_folder_of_something_else(moto_store: S3Store) -> None:
    moto_store.put(below("org/data", {"train.csv": b"a,b"}))
    with pytest.raises(ModelNotFound, match="s3://models/org/data holds no weights") as refused:
        listed(moto_store.environment, "s3://models/org/data")
    assert refused.value.hint == "name a prefix with safetensors files (the original model)"
