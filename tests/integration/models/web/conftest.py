"""One nginx for all tests of this folder; each test has a folder of its own in it."""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from fakes.hub import write_model
from servers.nginx import Site, site


@dataclass(frozen=True)
class Published:
    """A model on a site: as an archive and as a folder with its digests, below `path`."""

    site: Site
    path: str
    model: Path
    archive: Path

    def url(self, below: str = "", kind: str = "https", name: str = "m.tar.gz") -> str:
        return f"{self.site.https if kind == 'https' else self.site.http}{below}/{self.path}/{name}"

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.archive.read_bytes()).hexdigest()

    @property
    def environment(self) -> dict[str, str]:
        return {"SSL_CERT_FILE": str(self.site.authority)}

    @property
    def contents(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.model.iterdir() if path.name != "SHA256SUMS"}

    def write_sums(self) -> str:
        """Write down the digests of the folder; the digest of that."""
        lines = [f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in self.contents.items()]
        (self.model / "SHA256SUMS").write_text("".join(lines))
        return hashlib.sha256("".join(lines).encode()).hexdigest()


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("nginx")) as running:
        yield running


@pytest.fixture
def published(server: Site, tmp_path: Path) -> Published:
    folder = server.root / tmp_path.name
    model = write_model(folder / "m", shards=2, payload_bytes=400_000)
    archive = folder / "m.tar.gz"
    with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
        tar.add(model, "m")
    return Published(server, tmp_path.name, model, archive)
