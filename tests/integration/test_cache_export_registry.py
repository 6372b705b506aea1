"""What `cache export` writes is what the world's tools take: skopeo, a registry, and back by oci://."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from aim_runtime.models import manifest
from aim_runtime.models.cache import Cache
from aim_runtime.models.events import Event
from aim_runtime.models.portable.export import export
from aim_runtime.models.portable.model import Format
from aim_runtime.models.portable.take_in import take_in
from fakes.artifacts import below_models, image, tar
from fakes.hub import write_model
from integration.models.oci.support import Fetch, files_of
from servers import program
from servers.registry import DockerRegistry, docker_registry

pytestmark = pytest.mark.servers
MODEL, COMMIT = "acme/tiny", "c" * 40


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerRegistry]:
    with docker_registry(tmp_path_factory.mktemp("registry")) as running:
        yield running


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_model(tmp_path / "models" / MODEL, shards=2, payload_bytes=2_000_000)


def ignore(event: Event) -> None:
    """Nobody listens."""


def skopeo(*args: str) -> str:
    done = subprocess.run(
        [program("skopeo"), *args], capture_output=True, text=True, check=False, env={"PATH": "/usr/bin:/bin"}
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_an_exported_model_by_way_of_a_registry(
    tmp_path: Path, model: Path, registry: DockerRegistry
) -> None:
    files = files_of(model)
    manifest.seal(model, f"hf://{MODEL}", COMMIT, ignore)
    carried = export(MODEL, Cache(tmp_path / "models"), tmp_path / "carried", Format.OCI, ignore)
    digest = json.loads((carried / "index.json").read_text())["manifests"][0]["digest"]

    target = f"{registry.address}/acme/exported:1"
    skopeo("copy", "--dest-tls-verify=false", f"oci:{carried}:latest", f"docker://{target}")
    fetched = Fetch(tmp_path / "into")(f"oci://{target}")
    assert files_of(fetched.folder) == files
    assert fetched.revision == digest, "not a byte of the manifest was changed on the way"

    skopeo("copy", "--src-tls-verify=false", f"docker://{target}", f"oci:{tmp_path / 'back'}:1")
    folder = take_in(tmp_path / "back", Cache(tmp_path / "other"), ignore)
    written = manifest.read(folder)
    assert written is not None
    assert (written.source, written.revision) == (f"hf://{MODEL}", COMMIT)
    assert set(written.files) == set(files)


@pytest.mark.parametrize("packed", [False, True], ids=["tar", "gzip"])
def test_an_image_with_a_model_that_skopeo_copied(
    tmp_path: Path, model: Path, registry: DockerRegistry, packed: bool
) -> None:
    made = image(tar({"etc/os-release": b"ID=none"}), tar(below_models(model)), packed=packed)
    ref = registry.push(f"acme/car-{packed}".lower(), "1", made).replace("oci://", "docker://")
    skopeo("copy", "--src-tls-verify=false", ref, f"oci:{tmp_path / 'car'}:1")
    cache = Cache(tmp_path / "other")
    folder = take_in(tmp_path / "car", cache, ignore, model_id="acme/car")
    found = files_of(folder)
    del found[manifest.NAME]
    assert found == files_of(model)
    written = manifest.read(folder)
    assert written is not None
    assert written.source == f"file://{tmp_path / 'car'}"
    events: list[Event] = []
    take_in(tmp_path / "car", cache, events.append, model_id="acme/car")
    assert "already in the cache" in str(events[0])
