"""Fetching from Docker's registry: artifacts with raw layers, and images that carry a model."""

from __future__ import annotations

import hashlib
import importlib
import platform
import sys
import tarfile
from pathlib import Path

import pytest

from aim_runtime.errors import ExtraMissing, ModelNotFound, VerificationFailed
from aim_runtime.models.events import Progress
from aim_runtime.models.oci.zstd import has_zstd
from aim_runtime.models.preflight import problems
from aim_runtime.models.ref import ModelRef
from aim_runtime.models.sources.oci import OciSource
from fakes.artifacts import (
    FILEPATH,
    IMAGE_CONFIG,
    TAR,
    TITLE,
    WEIGHT_RAW,
    Artifact,
    below_models,
    build,
    image,
    index,
    member,
    modelpack,
    tar,
)
from fakes.hub import write_model
from integration.models.oci.support import Fetch, files_of
from servers.registry import DockerRegistry

pytestmark = pytest.mark.servers


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_model(tmp_path / "made", shards=3, payload_bytes=3_000_000)


@pytest.fixture
def fetch(tmp_path: Path) -> Fetch:
    return Fetch(tmp_path / "into")


def test_a_modelpack_artifact(registry: DockerRegistry, model: Path, fetch: Fetch) -> None:
    artifact = modelpack(model)
    fetched = fetch(registry.push("acme/pack", "v1", artifact))

    assert files_of(fetched.folder) == files_of(model)
    assert fetched.revision == artifact.digest
    assert fetched.digests == {name: hashlib.sha256(d).hexdigest() for name, d in files_of(model).items()}
    assert problems(fetched.folder) == ()

    again = Fetch(fetch.into.with_name("again"))
    assert again(f"oci://{registry.address}/acme/pack@{artifact.digest}").revision == artifact.digest


def test_check_says_how_much_it_is_and_reads_nothing(registry: DockerRegistry, model: Path) -> None:
    ref = ModelRef.parse(registry.push("acme/checked", "latest", modelpack(model)))
    assert OciSource({}).check(ref) == sum(map(len, files_of(model).values()))


def test_without_a_tag_the_latest_is_meant(registry: DockerRegistry, model: Path, fetch: Fetch) -> None:
    registry.push("acme/latest", "latest", modelpack(model))
    assert files_of(fetch(f"oci://{registry.address}/acme/latest").folder) == files_of(model)


def test_an_artifact_of_oras(registry: DockerRegistry, model: Path, fetch: Fetch) -> None:
    # Oras calls every file a tar, whatever it is; only a folder is one, and says so.
    (model / "original").mkdir()
    (model / "original/weights.pth").write_bytes(b"w" * 70_000)
    layers = [(TAR, data, {TITLE: name}) for name, data in files_of(model).items()]
    folder = tar({"templates/chat.jinja": b"{{ messages }}"})
    notes = {TITLE: "templates", "io.deis.oras.content.unpack": "true"}
    artifact = build(
        [*layers, (TAR, folder, notes)],
        config_type="application/vnd.oci.empty.v1+json",
        artifact_type="application/vnd.acme.model",
    )
    fetched = fetch(registry.push("acme/oras", "v1", artifact))

    found = files_of(fetched.folder)
    assert found.pop("templates/chat.jinja") == b"{{ messages }}"
    expected = files_of(model)
    del expected["original/weights.pth"]
    assert found == expected
    assert fetch.notices[0].startswith("skipping 1 file with the same weights in other formats (original/)")


@pytest.mark.parametrize("packed", [False, True], ids=["tar", "gzip"])
def test_an_image_with_a_model(registry: DockerRegistry, model: Path, fetch: Fetch, packed: bool) -> None:
    base = tar({"etc/os-release": b"ID=none", "models/README.md": b"old"})
    layers = [tar({name: data}) for name, data in below_models(model).items()]
    artifact = image(base, *layers, tar({"./models/README.md": b"new"}), packed=packed)
    fetched = fetch(registry.push(f"acme/car-{packed}".lower(), "v1", artifact))

    found = files_of(fetched.folder)
    assert found.pop("README.md") == b"new"
    assert found == files_of(model)
    assert not (fetch.into / "layers").exists()
    unpacked = [event for event in fetch.events if isinstance(event, Progress) and event.phase == "unpack"]
    assert (
        unpacked[-1].done_bytes
        == unpacked[-1].total_bytes
        == sum(len(data) for name, data in artifact.blobs.items() if data != b"{}")
    )


def test_what_a_layer_takes_away_is_gone(registry: DockerRegistry, model: Path, fetch: Fetch) -> None:
    lower = tar(
        {**below_models(model), "models/old.safetensors": b"x", "models/a/1": b"1", "models/a/2": b"2"}
    )
    upper = tar({"models/.wh.old.safetensors": b"", "models/a/3": b"3", "models/a/.wh..wh..opq": b""})
    fetched = fetch(registry.push("acme/whiteout", "v1", image(lower, upper)))
    assert files_of(fetched.folder) == {**files_of(model), "a/3": b"3"}


def test_a_folder_that_is_taken_away_whole(registry: DockerRegistry, model: Path, fetch: Fetch) -> None:
    upper = tar({".wh.models": b"", **below_models(model)})
    fetched = fetch(registry.push("acme/anew", "v1", image(tar({"models/stale.bin": b"x"}), upper)))
    assert files_of(fetched.folder) == files_of(model)


def test_links_inside_a_layer(registry: DockerRegistry, model: Path, fetch: Fetch) -> None:
    layer = tar(below_models(model), member("models/copy.json", tarfile.LNKTYPE, "models/config.json"))
    fetched = fetch(registry.push("acme/linked", "v1", image(layer)))
    assert (fetched.folder / "copy.json").read_bytes() == (model / "config.json").read_bytes()


@pytest.mark.parametrize(
    ("name", "kind", "link", "words"),
    [
        ("models/config.json", tarfile.SYMTYPE, "/etc/passwd", "config.json is a symbolic link to /etc/pass"),
        (
            "models/x",
            tarfile.LNKTYPE,
            "etc/shadow",
            "models/x is a link to etc/shadow, which the model does n",
        ),
        ("models/x", tarfile.LNKTYPE, "models/../../y", "the path models/../../y leads out of it"),
        ("models/x", tarfile.LNKTYPE, "models/x", "models/x is a link to models/x, which the model does not"),
        (f"models/{'x' * 300}", tarfile.REGTYPE, "", "the path models/x{73}… is too long for a file system"),
        ("models/../../x", tarfile.REGTYPE, "", "the path models/../../x leads out of it"),
        ("models/null", tarfile.CHRTYPE, "", "models/null is a device or a pipe"),
        ("models", tarfile.REGTYPE, "", "models is not a folder"),
        ("models/.wh...", tarfile.REGTYPE, "", r"the path \.\. leads out of it"),
    ],
)
def test_a_layer_that_means_harm(
    registry: DockerRegistry, model: Path, fetch: Fetch, name: str, kind: bytes, link: str, words: str
) -> None:
    artifact = image(tar(below_models(model), member(name, kind, link)))
    with pytest.raises(VerificationFailed, match=words):
        fetch(registry.push("acme/harmful", "v1", artifact))
    assert sorted(path.name for path in fetch.into.parent.iterdir()) == ["into", "made"]


def test_a_path_that_leads_out_of_the_folder(registry: DockerRegistry, fetch: Fetch) -> None:
    artifact = build([(WEIGHT_RAW, b"x", {FILEPATH: "../../model.safetensors"})])
    with pytest.raises(VerificationFailed, match=r"'../../model.safetensors', which leads out of"):
        fetch(registry.push("acme/path", "v1", artifact))


def test_the_image_of_an_index_for_this_machine(registry: DockerRegistry, model: Path, fetch: Fetch) -> None:
    here = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
    images = {
        "linux/s390x": image(tar({"models/other": b"x"})),
        "unknown/unknown": image(tar({"attestation": b"x"})),
        f"linux/{here}": image(tar(below_models(model))),
    }
    made = index(images)
    fetched = fetch(registry.push("acme/index", "v1", made))
    assert files_of(fetched.folder) == files_of(model)
    assert fetched.revision == made.digest


def test_an_index_with_one_image_only(registry: DockerRegistry, model: Path, fetch: Fetch) -> None:
    made = index({"linux/s390x": image(tar(below_models(model)))})
    assert files_of(fetch(registry.push("acme/one", "v1", made)).folder) == files_of(model)


def test_an_index_with_nothing_for_this_machine(registry: DockerRegistry, fetch: Fetch) -> None:
    made = index({f"linux/{name}": image(tar({"models/x": name.encode()})) for name in ("s390x", "ppc64le")})
    with pytest.raises(ModelNotFound, match=r"has nothing for linux/.*: it has linux/ppc64le, linux/s390x"):
        fetch(registry.push("acme/foreign", "v1", made))


def test_an_ordinary_image(registry: DockerRegistry, fetch: Fetch) -> None:
    with pytest.raises(ModelNotFound, match="is an image without a model: it holds /etc, /usr, and no file"):
        fetch(registry.push("acme/plain", "v1", image(tar({"etc/passwd": b"x"}), tar({"usr/bin/sh": b"x"}))))


def test_an_artifact_of_another_kind(registry: DockerRegistry, fetch: Fetch) -> None:
    chart = build(
        [("application/vnd.cncf.helm.chart.content.v1", b"x", None)],
        config_type="application/vnd.cncf.helm.config.v1+json",
        artifact_type=None,
    )
    with pytest.raises(ModelNotFound, match=r"is not a model: it is an artifact of the type .*helm.config"):
        fetch(registry.push("acme/chart", "v1", chart))


def test_an_artifact_without_weights(registry: DockerRegistry, fetch: Fetch) -> None:
    artifact = build([(WEIGHT_RAW, b"# words", {FILEPATH: "README.md"})])
    with pytest.raises(ModelNotFound, match=r"holds no weights, but README\.md"):
        fetch(registry.push("acme/readme", "v1", artifact))


def test_an_artifact_with_a_choice_of_gguf_files(registry: DockerRegistry, fetch: Fetch) -> None:
    one = build([("application/vnd.docker.ai.gguf.v3", b"GGUF", None)])
    assert files_of(fetch(registry.push("acme/gguf", "one", one)).folder) == {"model.gguf": b"GGUF"}
    both = build([(WEIGHT_RAW, name.encode(), {FILEPATH: name}) for name in ("q4.gguf", "q8.gguf")])
    with pytest.raises(ModelNotFound, match=r"holds 2 GGUF files \(q4\.gguf, q8\.gguf\)"):
        fetch(registry.push("acme/gguf", "both", both))


def test_what_is_in_an_image_as_another_caches_manifest_counts_for_nothing(
    registry: DockerRegistry, model: Path, fetch: Fetch
) -> None:
    layer = tar({**below_models(model), "models/.aim-manifest.json": b'{"format": 1}'})
    fetched = fetch(registry.push("acme/sealed", "v1", image(layer)))
    assert files_of(fetched.folder) == files_of(model)


def _image_of(kind: str, data: bytes = b"no tar") -> Artifact:
    return build([(kind, data, None)], config_type=IMAGE_CONFIG, artifact_type=None)


def test_layers_that_are_not_read(registry: DockerRegistry, fetch: Fetch) -> None:
    with pytest.raises(ModelNotFound, match=r"an image with a layer of the type application/x-cpio"):
        fetch(registry.push("acme/cpio", "v1", _image_of("application/x-cpio")))
    with pytest.raises(ModelNotFound, match="has an encrypted layer"):
        fetch(registry.push("acme/closed", "v1", _image_of(f"{TAR}+encrypted")))
    with pytest.raises(VerificationFailed, match=r"the layer sha256:.* cannot be unpacked"):
        fetch(registry.push("acme/broken", "v1", _image_of(f"{TAR}+gzip")))


@pytest.mark.skipif(has_zstd(), reason="this Python can read it")
def test_zstd_without_a_library(registry: DockerRegistry, fetch: Fetch) -> None:
    with pytest.raises(ExtraMissing, match="packed with zstd; it cannot be unpacked") as caught:
        fetch(registry.push("acme/zstd", "v1", _image_of(f"{TAR}+zstd")))
    assert "backports.zstd" in caught.value.hint
    assert not list(fetch.into.iterdir()), "nothing was downloaded for it"


@pytest.mark.skipif(not has_zstd(), reason="needs Python 3.14 or backports.zstd")
def test_zstd_with_a_library(registry: DockerRegistry, model: Path, fetch: Fetch) -> None:
    compress = importlib.import_module(
        "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
    )
    layer = compress.compress(tar(below_models(model)))
    fetched = fetch(registry.push("acme/zstd", "good", _image_of(f"{TAR}+zstd", layer)))
    assert files_of(fetched.folder) == files_of(model)
    with pytest.raises(VerificationFailed, match=r"the layer sha256:.* cannot be unpacked"):
        fetch(registry.push("acme/zstd", "bad", _image_of(f"{TAR}+zstd", layer[:-9])))


def test_layers_that_came_before_a_stop_do_not_come_again(
    registry: DockerRegistry, model: Path, fetch: Fetch
) -> None:
    artifact = image(tar(below_models(model)))
    ref = registry.push("acme/stopped", "v1", artifact)
    (layer,) = (data for data in artifact.blobs.values() if data != b"{}")
    layers = fetch.into / "layers"
    layers.mkdir(parents=True)
    (layers / hashlib.sha256(layer).hexdigest()).write_bytes(layer)
    (fetch.into / "model").mkdir()
    (fetch.into / "model/half.safetensors").write_bytes(b"x")

    assert files_of(fetch(ref).folder) == files_of(model)
    phases = {event.phase for event in fetch.events if isinstance(event, Progress)}
    assert "download" not in phases
