"""Each kind of reference, end to end: downloaded by the command line, then served with its source gone."""

from __future__ import annotations

import hashlib
import json
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from aim_runtime.models import manifest
from aim_runtime.models.ref import Scheme
from aim_runtime.models.sources.table import SOURCES
from fakes.artifacts import WEIGHT_RAW, build
from fakes.hub import write_model
from integration.models.programs import fake
from running import FAKE_ENGINE, environment, free_port, run, serving
from servers.azurite import azure_store
from servers.gcs import google_store
from servers.hadro import hadro
from servers.nginx import site
from servers.registry import docker_registry

MODEL = "acme/tiny"


@dataclass(frozen=True)
class Given:
    """A model at a source that runs: its reference, and what the environment has to say of it."""

    ref: str
    environment: dict[str, str] = field(default_factory=dict)


@contextmanager
def hub(folder: Path) -> Iterator[Given]:
    write_model(folder / MODEL, shards=2)
    with fake("hub", str(folder)) as port:
        yield Given(f"hf://{MODEL}", {"HF_ENDPOINT": f"http://127.0.0.1:{port}"})


@contextmanager
def modelscope(folder: Path) -> Iterator[Given]:
    write_model(folder / MODEL, shards=2)
    with fake("modelscope", str(folder)) as port:
        yield Given(f"modelscope://{MODEL}", {"MODELSCOPE_ENDPOINT": f"http://127.0.0.1:{port}"})


@contextmanager
def s3(folder: Path) -> Iterator[Given]:
    write_model(folder / "bucket/models" / MODEL, shards=2)
    with hadro(folder, folder.with_suffix(".log")) as store:
        yield Given(f"s3://bucket/models/{MODEL}", store.environment)


@contextmanager
def gs(folder: Path) -> Iterator[Given]:
    with google_store(folder) as store:
        store.make("models")
        for path in write_model(folder / "m", shards=2).iterdir():
            store.put("models", f"{MODEL}/{path.name}", path.read_bytes())
        yield Given(f"gs://models/{MODEL}", store.environment)


@contextmanager
def az(folder: Path) -> Iterator[Given]:
    with azure_store(folder) as store:
        store.make("models")
        for path in write_model(folder / "m", shards=2).iterdir():
            store.put("models", f"{MODEL}/{path.name}", path.read_bytes())
        yield Given(f"az://models/{MODEL}", store.environment)


@contextmanager
def registry(folder: Path) -> Iterator[Given]:
    layers = [
        (WEIGHT_RAW, path.read_bytes(), {"org.cncf.model.filepath": path.name})
        for path in sorted(write_model(folder / "m", shards=2).iterdir())
    ]
    with docker_registry(folder) as running:
        yield Given(running.push(MODEL, "v1", build(layers)))


@contextmanager
def web(folder: Path) -> Iterator[Given]:
    with site(folder) as running:
        archive = running.root / MODEL / "v1.tar.gz"
        archive.parent.mkdir(parents=True)
        with tarfile.open(archive, "w:gz") as tar:
            tar.add(write_model(folder / "m", shards=2), "m")
        sha256 = hashlib.sha256(archive.read_bytes()).hexdigest()
        url = f"{running.https}/{MODEL}/v1.tar.gz#sha256={sha256}"
        yield Given(url, {"SSL_CERT_FILE": str(running.authority)})


@contextmanager
def local(folder: Path) -> Iterator[Given]:
    yield Given(str(write_model(folder / MODEL, shards=2)))


KINDS = {
    Scheme.HF: hub,
    Scheme.MODELSCOPE: modelscope,
    Scheme.S3: s3,
    Scheme.GS: gs,
    Scheme.AZ: az,
    Scheme.OCI: registry,
    Scheme.HTTPS: web,
    Scheme.FILE: local,
}


def test_every_scheme_has_a_source_and_a_test() -> None:
    assert set(SOURCES) == set(Scheme)
    # pypi:// takes the engine to convert: tests/integration/models/test_fetch_pypi.py, and `make serve`.
    assert set(KINDS) == set(Scheme) - {Scheme.PYPI}


@pytest.mark.servers
@pytest.mark.parametrize(("scheme", "layout"), [*((each, "plain") for each in KINDS), (Scheme.HF, "hub")])
def test_downloaded_then_served_with_the_source_gone(tmp_path: Path, scheme: Scheme, layout: str) -> None:
    served = tmp_path / "served"
    served.mkdir()
    switches = ["--use-hf-cache"] if layout == "hub" else []
    env = environment(tmp_path, AIM_CUSTOM_MODEL_NAME=MODEL)
    with KINDS[scheme](served) as given:
        env |= {**given.environment, "AIM_MODEL_ID": given.ref}
        done = run("download-to-cache", *switches, "--format", "json", env=env)
        assert done.returncode == 0, done.stderr
    folder = Path(json.loads(done.stdout)["path"])
    assert (folder / "model.safetensors.index.json").is_file()
    assert layout != "hub" or "/hub/models--acme--tiny/snapshots/" in str(folder)
    if scheme is not Scheme.FILE:
        written = manifest.read(folder)
        assert written is not None
        assert written.source.startswith(f"{scheme}://")
        assert written.revision

    record, port = tmp_path / "record.json", free_port()
    env |= {"PYTHONPATH": str(FAKE_ENGINE), "FAKE_ENGINE_RECORD": str(record), "AIM_PORT": str(port)}
    with serving(tmp_path, {**env, "AIM_ACCELERATOR_TYPE": "cpu"}) as service:
        service.wait_until_said("ready after", 30)
        assert "nothing to fetch" in service.said
        assert service.stop() == 0
    started = json.loads(record.read_text())
    argv = started["argv"]
    assert argv[argv.index("--model") + 1] == str(folder)
    assert argv[argv.index("--served-model-name") + 1] == MODEL
    assert started["env"]["HF_HUB_OFFLINE"] == "1"
