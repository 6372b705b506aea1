"""The models room: models in registries: ModelPack and ORAS artifacts, and images that carry a model."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from aim_runtime.errors import ModelNotFound, VerificationFailed
from aim_runtime.models import background
from aim_runtime.models.cache import ensure_space, is_weights
from aim_runtime.models.events import Notice, Report
from aim_runtime.models.oci.contents import Archive, Contents, contents_of
from aim_runtime.models.oci.layers import unpack_layers
from aim_runtime.models.oci.manifest import Descriptor, Index, parse
from aim_runtime.models.oci.media import Packing
from aim_runtime.models.oci.platforms import choose as choose_platform
from aim_runtime.models.oci.zstd import has_zstd, missing
from aim_runtime.models.ref import ModelRef
from aim_runtime.models.sources import oci_errors as errors
from aim_runtime.models.sources.oci_registry import Registry
from aim_runtime.models.sources.oci_repository import Repository
from aim_runtime.models.sources.source import Fetched
from aim_runtime.models.transfer.download import download
from aim_runtime.models.transfer.http import HttpConnection
from aim_runtime.models.transfer.journal import STATE
from aim_runtime.models.transfer.remote import Algorithm, Changed, Digest, RemoteFile, Snapshot
from aim_runtime.models.wanted import choose

# Where layers that have to be unpacked wait for it, and the files that come beside them.
_LAYERS, _FILES = "layers", "files"


@dataclass(frozen=True)
class _Listed:
    snapshot: Snapshot
    archives: tuple[Archive, ...]


@dataclass(frozen=True)
class OciSource:
    """The registries of the world. `environment` says where logins, proxies and authorities are."""

    environment: Mapping[str, str] = field(repr=False)  # passwords are in it
    decide_within_s: float = 8.0

    def snapshot(self, ref: ModelRef, report: Report) -> Snapshot:
        """List the files of an artifact, or the layers of an image, whose files are known when they came."""
        return self._list(ref, report).snapshot

    def check(self, ref: ModelRef) -> int:
        """Return the bytes that a fetch would take; raises what one would before the first of them."""
        return sum(file.size_bytes for file in self.snapshot(ref, lambda _: None).files)

    def fetch(self, ref: ModelRef, into: Path, report: Report) -> Fetched:
        """Bring the files of `ref` into `into`; of an image, those below /models."""
        listed = self._list(ref, report)
        revision = listed.snapshot.revision
        if not listed.archives:
            return Fetched(into, revision, _download(ref, listed.snapshot, into, report))
        if not _is_here(listed.snapshot, into):
            # Layers and what comes out of them are there at the same time, and weights hardly shrink.
            need_bytes = sum(each.descriptor.size for each in listed.archives)
            need_bytes += sum(file.size_bytes for file in listed.snapshot.files)
            ensure_space(into, need_bytes - _blocks_below(into))
            _download(ref, listed.snapshot, into, report)
        folder = into / "model"
        shutil.rmtree(folder, ignore_errors=True)
        unpack_layers(str(ref), listed.archives, into / _LAYERS, folder, report)
        for file in listed.snapshot.files:
            if file.name.startswith(f"{_FILES}/"):
                target = folder / file.name.removeprefix(f"{_FILES}/")
                target.parent.mkdir(parents=True, exist_ok=True)
                (into / file.name).replace(target)
        shutil.rmtree(into / _LAYERS)
        return Fetched(folder, revision)

    def _list(self, ref: ModelRef, report: Report) -> _Listed:
        # Longer than anybody waits below, so that one of the two always says it, and the same words.
        repository = Repository.of(ref)
        registry = Registry(repository, self.environment, self.decide_within_s + 1)
        answer = background.start(lambda: _ask(ref, registry))
        if not background.answered(answer, report, self.decide_within_s):
            raise errors.no_answer(repository, self.decide_within_s)
        revision, contents = answer.result()
        files = _files(ref, contents, report)
        return _Listed(
            Snapshot(revision, files, lambda: HttpConnection(registry, self.environment)), contents.archives
        )


def _download(ref: ModelRef, snapshot: Snapshot, into: Path, report: Report) -> Mapping[str, str]:
    try:
        return download(snapshot, into, report, what=str(ref))
    except Changed as changed:
        # What a digest names never changes: the sizes in the manifest are wrong, or the bytes are.
        raise VerificationFailed(
            f"{ref}: the registry has {changed} in another size than the manifest says",
            hint="the registry or a proxy in between delivers something else; do not use it",
        ) from changed


def _is_here(snapshot: Snapshot, into: Path) -> bool:
    """Return whether an earlier try has all layers, and was stopped while it unpacked them."""
    if (into / STATE).exists():
        return False  # it was still downloading, and kept a record of that
    for file in snapshot.files:
        try:
            with (into / file.name).open("rb") as opened:
                if hashlib.file_digest(opened, "sha256").hexdigest() != file.at.removeprefix("sha256:"):
                    return False
        except OSError:
            return False
    return True


def _blocks_below(folder: Path) -> int:
    """Return what the files of `folder` take of the disk: the size of an unfinished one says nothing."""
    return sum(path.lstat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())


def _ask(ref: ModelRef, registry: Registry) -> tuple[str, Contents]:
    """Ask for the manifest, and that of this machine's kind where there are several."""
    where = str(ref)
    received = registry.manifest(ref.revision or "latest")
    manifest = parse(received.body, received.media_type, where)
    if isinstance(manifest, Index):
        chosen = choose_platform(manifest, where)
        inner = registry.manifest(chosen.digest, chosen.size)
        manifest = parse(inner.body, inner.media_type or chosen.media_type, where)
        if isinstance(manifest, Index):
            raise ModelNotFound(f"{where} is an index of indexes", hint=f"name one: {chosen.digest}")
    contents = contents_of(manifest, where)
    if not has_zstd() and any(each.packing is Packing.ZSTD for each in contents.archives):
        raise missing(f"{where} has a layer that is packed with zstd; it")
    return received.digest, contents


def _files(ref: ModelRef, contents: Contents, report: Report) -> tuple[RemoteFile, ...]:
    wanted = choose({name: layer.size for name, layer in contents.files.items()})
    if saved := str(wanted):
        report(Notice(saved))
    weights = [name for name in wanted.sizes if is_weights(name) or name.endswith(".gguf")]
    if not contents.archives and not weights:
        held = ", ".join(sorted(contents.files)) or "nothing"
        raise ModelNotFound(f"{ref} holds no weights, but {held}", hint="name an artifact with a whole model")
    if len(weights) > 1 and all(name.endswith(".gguf") for name in weights):
        raise ModelNotFound(
            f"{ref} holds {len(weights)} GGUF files ({', '.join(weights)}), of which one can be served",
            hint="name an artifact with one of them, or with safetensors files (the original model)",
        )
    below = f"{_FILES}/" if contents.archives else ""
    raw = {f"{below}{name}": contents.files[name] for name in wanted.sizes}
    # One layer may be there twice, an empty one for example.
    layers = {f"{_LAYERS}/{each.descriptor.sha256}": each.descriptor for each in contents.archives}
    return tuple(_file(name, layer) for name, layer in sorted((raw | layers).items()))


def _file(name: str, layer: Descriptor) -> RemoteFile:
    return RemoteFile(name, layer.size, layer.digest, digest=Digest(Algorithm.SHA256, layer.sha256))
