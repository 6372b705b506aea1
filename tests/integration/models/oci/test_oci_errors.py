"""What goes wrong at a registry, each provoked, and what is said then."""

from __future__ import annotations

import json
import socket
import time
import urllib.request
from pathlib import Path

import pytest

from aim_runtime.errors import ModelNotFound, SourceUnreachable, VerificationFailed
from aim_runtime.models.ref import ModelRef
from aim_runtime.models.sources.oci import OciSource
from fakes.artifacts import OCI_MANIFEST, Artifact, build, descriptor, digest, modelpack
from fakes.hub import write_model
from integration.models.oci.support import Fetch, StartRegistry, files_of
from integration.models.programs import fake
from servers.registry import DockerRegistry, docker_registry


@pytest.fixture
def artifact(tmp_path: Path) -> Artifact:
    return modelpack(write_model(tmp_path / "made"))


@pytest.fixture
def fetch(tmp_path: Path) -> Fetch:
    return Fetch(tmp_path / "into")


@pytest.mark.servers
def test_no_such_repository(registry: DockerRegistry, fetch: Fetch) -> None:
    with pytest.raises(ModelNotFound, match=f"{registry.address} has no repository acme/nothing"):
        fetch(f"oci://{registry.address}/acme/nothing:v1")


@pytest.mark.servers
def test_no_such_tag(registry: DockerRegistry, fetch: Fetch, artifact: Artifact) -> None:
    for tag in ("v1.0", "v1.1", "alpha", "beta", *(f"x{number}" for number in range(9))):
        registry.push("acme/tagged", tag, artifact)
    with pytest.raises(ModelNotFound, match=r"acme/tagged has no tag v1\.2") as caught:
        fetch(f"oci://{registry.address}/acme/tagged:v1.2")
    assert caught.value.hint.startswith("it has v1.1, v1.0, alpha, beta, x0")
    assert caught.value.hint.endswith("and 3 more")
    with pytest.raises(ModelNotFound, match=f"acme/tagged has no digest sha256:{'0' * 64}"):
        fetch(f"oci://{registry.address}/acme/tagged@sha256:{'0' * 64}")


def test_a_registry_that_refuses_connections(fetch: Fetch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(SourceUnreachable, match=f"{address} cannot be reached: connection refused"):
        fetch(f"oci://{address}/acme/m:v1")


def test_a_registry_that_never_answers(tmp_path: Path, start_registry: StartRegistry) -> None:
    registry = start_registry("--hang")
    began = time.monotonic()
    with pytest.raises(SourceUnreachable, match=r"gave no answer in 0\.5 s"):
        Fetch(tmp_path / "into", decide_within_s=0.5)(f"oci://{registry.address}/acme/m:v1")
    assert time.monotonic() - began < 2


def test_http_is_for_this_machine_only(
    fetch: Fetch, start_registry: StartRegistry, artifact: Artifact
) -> None:
    registry = start_registry()
    registry.put("acme/m", "v1", artifact)
    port = registry.address.rpartition(":")[2]
    fetch(f"oci://localhost:{port}/acme/m:v1")
    # An address that leads to the same server, and is not spelled like one of this machine.
    with pytest.raises(SourceUnreachable, match=f"0.0.0.0:{port} speaks http without TLS") as caught:
        fetch(f"oci://0.0.0.0:{port}/acme/m:v1")
    assert "put TLS in front" in caught.value.hint
    assert registry.requests().count("GET /v2/acme/m/manifests/v1") == 1


@pytest.mark.servers
def test_tls_with_an_authority_of_its_own(tmp_path: Path, artifact: Artifact) -> None:
    folder = tmp_path / "registry"
    with docker_registry(folder) as plain:
        plain.push("acme/m", "v1", artifact)
    with docker_registry(folder, tls=True) as secure:
        ref = f"oci://{secure.address}/acme/m:v1"
        with pytest.raises(SourceUnreachable, match=r"certificate of .* is not trusted here") as caught:
            Fetch(tmp_path / "into")(ref)
        assert "SSL_CERT_FILE" in caught.value.hint
        fetched = Fetch(tmp_path / "into", {"SSL_CERT_FILE": str(folder / "certificate.pem")})(ref)
        assert files_of(fetched.folder) == files_of(tmp_path / "made")


@pytest.mark.servers
def test_a_registry_that_only_the_proxy_can_find(tmp_path: Path, artifact: Artifact) -> None:
    folder = tmp_path / "registry"
    with docker_registry(folder) as plain:
        plain.push("acme/m", "v1", artifact)
    with (
        docker_registry(folder, tls=True) as secure,
        fake("proxy") as port,
    ):
        address = f"127.0.0.1:{port}"
        host = f"registry.test:{secure.address.rpartition(':')[2]}"
        certificate = str(folder / "certificate.pem")
        environment = {"HTTPS_PROXY": f"http://{address}", "SSL_CERT_FILE": certificate}
        fetched = Fetch(tmp_path / "into", environment)(f"oci://{host}/acme/m:v1")
        with urllib.request.urlopen(f"http://{address}/-/requests") as answer:
            asked = json.load(answer)
    assert files_of(fetched.folder) == files_of(tmp_path / "made")
    assert set(asked) == {f"CONNECT {host}"}


@pytest.mark.parametrize("status", ["500", "418"])
def test_something_that_is_no_registry(fetch: Fetch, start_registry: StartRegistry, status: str) -> None:
    registry = start_registry("--status", status)
    with pytest.raises(SourceUnreachable, match=f"answered with HTTP status {status}"):
        fetch(f"oci://{registry.address}/acme/m:v1")


def test_another_manifest_than_the_one_named(
    fetch: Fetch, start_registry: StartRegistry, artifact: Artifact
) -> None:
    registry = start_registry("--lie")
    ref = registry.put("acme/m", "v1", artifact)
    got = digest(artifact.manifest + b" ")
    with pytest.raises(VerificationFailed, match=f"{artifact.digest} expected, {got} got"):
        fetch(ref)
    with pytest.raises(VerificationFailed, match=f"{artifact.digest} expected, {got} got"):
        fetch(f"oci://{registry.address}/acme/m@{artifact.digest}")


def test_an_index_with_the_wrong_size(
    fetch: Fetch, start_registry: StartRegistry, artifact: Artifact
) -> None:
    entry = {**descriptor(OCI_MANIFEST, artifact.manifest), "size": 7}
    body = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [entry]}
    made = Artifact(json.dumps(body).encode(), {}, {artifact.digest: artifact.manifest})
    ref = start_registry().put("acme/m", "v1", made)
    with pytest.raises(VerificationFailed, match=f"7 bytes expected, {len(artifact.manifest)} bytes got"):
        fetch(ref)


def test_a_layer_with_other_bytes(fetch: Fetch, start_registry: StartRegistry, artifact: Artifact) -> None:
    ref = start_registry("--corrupt").put("acme/m", "v1", artifact)
    with pytest.raises(VerificationFailed, match=r"is damaged: SHA-256 [0-9a-f]{64} expected"):
        fetch(ref)


def test_a_layer_of_another_size(fetch: Fetch, start_registry: StartRegistry, artifact: Artifact) -> None:
    ref = start_registry("--longer").put("acme/m", "v1", artifact)
    with pytest.raises(VerificationFailed, match="in another size than the manifest says"):
        fetch(ref)


def test_a_layer_that_is_not_there(fetch: Fetch, start_registry: StartRegistry, artifact: Artifact) -> None:
    registry = start_registry()
    ref = registry.put("acme/m", "v1", artifact)
    gone = next(iter(artifact.blobs))
    (registry.root / "acme/m/blobs" / gone).unlink()
    with pytest.raises(ModelNotFound, match=f"does not have .*{gone}.*which its manifest names"):
        fetch(ref)


@pytest.mark.parametrize(
    ("body", "error", "words"),
    [
        (b"<html>", VerificationFailed, "its manifest cannot be understood: JSON is malformed"),
        (b'{"schemaVersion": 1}', ModelNotFound, "in Docker's format of before 2016"),
        (b'{"mediaType": "text/x"}', ModelNotFound, "of the type text/x, which is neither"),
        (
            json.dumps({"mediaType": OCI_MANIFEST, "config": {}, "layers": []}).encode(),
            VerificationFailed,
            r"Object missing required field `mediaType` - at `\$\.config`",
        ),
        (
            build([("x", b"x", {})]).manifest.replace(b"sha256:", b"sha512:"),
            VerificationFailed,
            r"Expected `str` matching regex '\^sha256:",
        ),
    ],
)
def test_a_manifest_that_is_not_read(
    fetch: Fetch, start_registry: StartRegistry, body: bytes, error: type[Exception], words: str
) -> None:
    ref = start_registry("--media-type", "text/html").put("acme/m", "v1", Artifact(body, {}))
    with pytest.raises(error, match=words):
        fetch(ref)


def test_a_check_reads_no_layer(start_registry: StartRegistry, artifact: Artifact) -> None:
    registry = start_registry()
    ref = ModelRef.parse(registry.put("acme/m", "v1", artifact))
    size_bytes = sum(len(data) for data in artifact.blobs.values() if data != b"{}")
    assert OciSource({}).check(ref) == size_bytes + 2, "the tokenizer is {} as well"
    assert not any("blobs" in request for request in registry.requests())
