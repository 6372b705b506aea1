"""The models room: Google Cloud Storage (gs://) and Azure Blob Storage (az://), by obstore."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from aim_runtime.errors import ModelNotFound, VerificationFailed
from aim_runtime.models import background
from aim_runtime.models.events import Notice, Report
from aim_runtime.models.ref import ARCHIVES, ModelRef, Scheme
from aim_runtime.models.sources import objects, sums
from aim_runtime.models.sources.bring import bring, bring_archive
from aim_runtime.models.sources.cloud_connection import CloudConnection, bare, open_store, require_library
from aim_runtime.models.sources.cloud_errors import Place, explain, foreign_errors, unreachable
from aim_runtime.models.sources.cloud_settings import Settings, settings_of
from aim_runtime.models.sources.objects import Folder, StoredObject
from aim_runtime.models.sources.source import Fetched
from aim_runtime.models.transfer.http import STALL_S
from aim_runtime.models.transfer.remote import Algorithm, Digest, Snapshot

if TYPE_CHECKING:
    from obstore import ObjectMeta

    from aim_runtime.models.sources.cloud_connection import Store


@dataclass(frozen=True)
class CloudSource:
    """One of the two stores, as the environment describes it."""

    scheme: Scheme
    environment: Mapping[str, str] = field(repr=False)  # it holds secrets
    decide_within_s: float = 8.0
    stall_s: float = STALL_S

    def fetch(self, ref: ModelRef, into: Path, report: Report) -> Fetched:
        """Bring the objects below the prefix that `ref` names, or the one object, and unpack that."""
        if (ref.path or "").endswith(ARCHIVES):
            files = self.snapshot(ref, lambda _: None).files
            if len(files) == 1:  # else a folder that is called so
                return bring_archive(self, ref, files[0], into, report)
        return bring(self, ref, into, report)

    def snapshot(self, ref: ModelRef, report: Report) -> Snapshot:
        """List the files that make the model."""
        require_library(self.scheme)
        settings = settings_of(self.scheme, self.environment)
        place = Place(self.scheme, ref.name, settings.where)
        answer = background.start(lambda: self._look(ref, settings, place))
        if not background.answered(answer, report, self.decide_within_s):
            raise unreachable(place, f"no answer in {self.decide_within_s:g} s")
        chosen, store = answer.result()
        for words in chosen.notices:
            report(Notice(words))
        return Snapshot(chosen.revision, chosen.files, lambda: CloudConnection(store, place, self.stall_s))

    def _look(self, ref: ModelRef, settings: Settings, place: Place) -> tuple[objects.Chosen, Store]:
        try:
            store = open_store(place, settings, self.stall_s, self.decide_within_s)
            folder = _folder(store, ref, self.scheme)
            chosen = objects.choose_files(folder, _promised(store, folder, ref))
        except foreign_errors() as error:
            raise explain(error, place) from error
        unsure = sum(file.digest is None for file in chosen.files)
        if unsure:
            words = (
                f"{unsure} of {len(chosen.files)} files of {ref} are checked by size and header only: "
                f"no checksum of them is known; a {sums.NAME} file beside them settles it"
            )
            chosen = replace(chosen, notices=(*chosen.notices, words))
        return chosen, store


def _folder(store: Store, ref: ModelRef, scheme: Scheme) -> Folder:
    """List what is below the prefix of `ref`, or the one object that it names."""
    import obstore

    prefix = ref.path or ""
    folder = objects.below(prefix, _listed(store, prefix, scheme))
    if not folder.objects:
        if not prefix.endswith(objects.WHOLE_MODELS):
            raise _nothing(store, ref, prefix)
        try:
            return Folder({prefix.rpartition("/")[2]: _stored(obstore.head(store, prefix), scheme)})
        except FileNotFoundError as error:
            raise _nothing(store, ref, prefix) from error
    held = objects.lack(folder.objects)
    if held:
        raise ModelNotFound(f"{ref} holds {held}", hint="name the folder that holds the safetensors files")
    return folder


def _listed(store: Store, prefix: str, scheme: Scheme) -> Iterator[StoredObject]:
    import obstore

    for page in obstore.list(store, prefix or None, chunk_size=1000):
        for each in page:
            yield _stored(each, scheme)


def _stored(described: ObjectMeta, scheme: Scheme) -> StoredObject:
    etag = bare(described["e_tag"])
    return StoredObject(described["path"], described["size"], etag, _digest(etag, scheme))


def _digest(etag: str | None, scheme: Scheme) -> Digest | None:
    """Google's tag of an object that was not put together from parts is its MD5.

    https://cloud.google.com/storage/docs/hashes-etags
    """
    is_md5 = (
        scheme is Scheme.GS and etag is not None and len(etag) == 32 and set(etag) <= set("0123456789abcdef")
    )
    return Digest(Algorithm.MD5, str(etag)) if is_md5 else None


def _promised(store: Store, folder: Folder, ref: ModelRef) -> Mapping[str, str]:
    import obstore

    listed = folder.objects.get(sums.NAME)
    if listed is None:
        return {}
    if listed.size_bytes > sums.MAX_BYTES:
        raise VerificationFailed(
            f"{sums.NAME} of {ref} is {listed.size_bytes} bytes long: it is something else"
        )
    try:
        return sums.parse(bytes(obstore.get(store, listed.key).bytes()))
    except ValueError as error:
        raise VerificationFailed(
            f"{sums.NAME} of {ref} cannot be read: {error}", hint="write it with sha256sum, or remove it"
        ) from error


def _nothing(store: Store, ref: ModelRef, prefix: str) -> ModelNotFound:
    """Return the error for a prefix with nothing below it, with what is there instead."""
    import obstore

    while prefix:
        prefix = prefix.rpartition("/")[0]
        around = obstore.list_with_delimiter(store, prefix or None)
        names = [*around["common_prefixes"], *(each["path"] for each in around["objects"])]
        if names:
            break
    else:
        names = []
    return ModelNotFound(f"there is nothing below {ref}", hint=objects.nearest(ref.path or "", names))
