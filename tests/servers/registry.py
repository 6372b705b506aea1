"""Docker's own registry: what most registries of companies are."""

from __future__ import annotations

import base64
import http.client
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fakes.artifacts import Artifact
from servers import free_port, program, running

USER, PASSWORD = "reader", "testtest"
# The password as the registry reads it, which knows no other scheme than bcrypt.
_PASSWORDS = f"{USER}:$2b$04$ayZbFoCDS1VTcD3O8Wpfludt98lF7cwUG4xJs3DaWuIhUxoD5HfB2\n"


@dataclass(frozen=True)
class DockerRegistry:
    """A running registry."""

    address: str
    folder: Path
    login: bool = False

    def push(self, name: str, tag: str, artifact: Artifact) -> str:
        """Upload an artifact as tools do; return its reference."""
        for digest, data in artifact.blobs.items():
            self._upload(name, digest, data)
        for reference, body in {**artifact.manifests, tag: artifact.manifest}.items():
            kind = json.loads(body)["mediaType"]
            self._request("PUT", f"/v2/{name}/manifests/{reference}", body, {"Content-Type": kind})
        return f"oci://{self.address}/{name}:{tag}"

    def _upload(self, name: str, digest: str, data: bytes) -> None:
        where = self._request("POST", f"/v2/{name}/blobs/uploads/").headers["Location"]
        path = where.partition(self.address)[2]
        mark = "&" if "?" in path else "?"
        self._request("PUT", f"{path}{mark}digest={digest}", data)

    def _request(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> http.client.HTTPResponse:
        who = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        more = {"Authorization": f"Basic {who}"} if self.login else {}
        connection = http.client.HTTPConnection(self.address, timeout=30)
        connection.request(method, path, body, {**(headers or {}), **more})
        answer = connection.getresponse()
        said = answer.read()
        connection.close()
        assert answer.status < 300, (method, path, answer.status, said)
        return answer


@contextmanager
def docker_registry(folder: Path, *, login: bool = False, tls: bool = False) -> Iterator[DockerRegistry]:
    """Run Debian's docker-registry; with `tls` its own authority is `folder`/certificate.pem."""
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    settings = {
        "version": "0.1",
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}},
        "http": {"addr": f"127.0.0.1:{port}"},
    }
    if login:
        (folder / "passwords").write_text(_PASSWORDS)
        settings["auth"] = {"htpasswd": {"realm": "test", "path": str(folder / "passwords")}}
    if tls:
        certificate, key = write_certificate(folder)
        settings["http"] |= {"tls": {"certificate": str(certificate), "key": str(key)}}
    config = folder / "config.yml"
    config.write_text(json.dumps(settings))  # JSON is YAML
    argv = [program("docker-registry"), "serve", str(config)]
    with running(argv, port, folder / "log.txt", {"OTEL_TRACES_EXPORTER": "none"}):
        yield DockerRegistry(f"127.0.0.1:{port}", folder, login)


def write_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 and registry.test that nobody trusts who is not told to, and its key."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
            *(
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=127.0.0.1",
                "-addext",
                "subjectAltName=IP:127.0.0.1,DNS:registry.test",
            ),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key
