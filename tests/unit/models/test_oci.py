"""The values of registries: media types, repositories, platforms."""

from __future__ import annotations

import pytest

from aim_runtime.errors import ModelNotFound
from aim_runtime.models.oci.manifest import Descriptor, Index, Platform
from aim_runtime.models.oci.media import Packing, packing_of
from aim_runtime.models.oci.platforms import choose
from aim_runtime.models.ref import ModelRef
from aim_runtime.models.sources.oci import OciSource
from aim_runtime.models.sources.oci_repository import Repository, is_loopback


@pytest.mark.parametrize(
    ("media_type", "packing"),
    [
        ("application/vnd.oci.image.layer.v1.tar", Packing.TAR),
        ("application/vnd.oci.image.layer.v1.tar+gzip", Packing.GZIP),
        ("application/vnd.oci.image.layer.v1.tar+zstd", Packing.ZSTD),
        ("application/vnd.docker.image.rootfs.diff.tar.gzip", Packing.GZIP),
        ("application/vnd.docker.image.rootfs.diff.tar", Packing.TAR),
        ("application/vnd.cncf.model.weight.v1.raw", Packing.RAW),
        ("application/vnd.cncf.model.weight.v1.tar+gzip", Packing.GZIP),
        ("application/vnd.docker.ai.gguf.v3", Packing.RAW),
        ("application/x-avatar", Packing.RAW),
    ],
)
def test_how_a_layer_is_packed(media_type: str, packing: Packing) -> None:
    assert packing_of(media_type) is packing


@pytest.mark.parametrize(
    ("netloc", "expected"),
    [
        ("localhost", True),
        ("localhost:5000", True),
        ("127.0.0.1:5000", True),
        ("127.9.9.9", True),
        ("[::1]:5000", True),
        ("localhost.example", False),
        ("127.0.0.1.example:5000", False),
        ("0.0.0.0:5000", False),
        ("10.0.0.1", False),
        ("registry", False),
    ],
)
def test_what_is_inside_this_machine(netloc: str, expected: bool) -> None:
    assert is_loopback(netloc) is expected
    assert Repository(netloc, "a/b").schemes == (("https", "http") if expected else ("https",))


@pytest.mark.parametrize(
    ("ref", "name", "host"),
    [
        ("oci://docker.io/ai/smollm2:latest", "docker.io/ai/smollm2", "registry-1.docker.io"),
        ("oci://docker.io/tiny", "docker.io/library/tiny", "registry-1.docker.io"),
        ("oci://quay.io/a/b/c@sha256:" + "0" * 64, "quay.io/a/b/c", "quay.io"),
        ("oci://[::1]:5000/a/b", "[::1]:5000/a/b", "[::1]:5000"),
    ],
)
def test_where_a_repository_is(ref: str, name: str, host: str) -> None:
    found = Repository.of(ModelRef.parse(ref))
    assert (str(found), found.host) == (name, host)


def test_the_closest_credentials_come_first() -> None:
    keys = Repository("quay.io", "team/model").credential_keys
    assert keys[:3] == ("quay.io/team/model", "quay.io/team", "quay.io")


def _entry(number: int, platform: str | None) -> Descriptor:
    system, _, architecture = (platform or "").partition("/")
    where = Platform(system, architecture) if platform else None
    return Descriptor("application/x", f"sha256:{number:064x}", 1, platform=where)


@pytest.mark.parametrize(
    ("platforms", "machine", "chosen"),
    [
        (["linux/arm64", "linux/amd64"], "x86_64", 1),
        (["linux/arm64", "linux/amd64"], "aarch64", 0),
        (["windows/amd64", "linux/amd64"], "x86_64", 1),
        (["linux/ppc64le", "linux/s390x"], "s390x", 1),
        (["linux/s390x", "unknown/unknown"], "x86_64", 0),
        ([None], "x86_64", 0),
        (["linux/s390x", "linux/arm64"], "x86_64", None),
        ([None, None], "x86_64", None),
        ([], "x86_64", None),
    ],
)
def test_which_image_of_an_index(platforms: list[str | None], machine: str, chosen: int | None) -> None:
    entries = tuple(_entry(number, platform) for number, platform in enumerate(platforms))
    if chosen is not None:
        assert choose(Index(entries), "oci://x/y", machine) == entries[chosen]
        return
    with pytest.raises(ModelNotFound, match="oci://x/y has nothing for linux/amd64"):
        choose(Index(entries), "oci://x/y", machine)


def test_the_environment_is_not_shown() -> None:
    assert "hunter2" not in repr(OciSource({"REGISTRY_PASSWORD": "hunter2"}))
