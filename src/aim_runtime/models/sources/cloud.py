"""The models room: Google Cloud Storage (gs://) and Azure Blob Storage (az://), by obstore."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aim_runtime.errors import ExtraMissing, ModelNotFound, VerificationFailed
from aim_runtime.models import background
from aim_runtime.models.events import Notice, Progress, Report
from aim_runtime.models.ref import ModelRef, Scheme
from aim_runtime.models.sources import objects, sums
from aim_runtime.models.sources.bring import bring
from aim_runtime.models.sources.cloud_errors import Place, broken, explain, foreign_errors, unreachable
from aim_runtime.models.sources.cloud_settings import Settings, settings_of
from aim_runtime.models.sources.objects import Folder, StoredObject
from aim_runtime.models.sources.source import Fetched
from aim_runtime.models.transfer.http import STALL_S
from aim_runtime.models.transfer.remote import Again, Algorithm, Changed, Digest, RemoteFile, Snapshot
from aim_runtime.models.transfer.trickle import Trickle

if TYPE_CHECKING:
    from obstore.store import AzureStore, GCSStore

    Store = AzureStore | GCSStore

_PIECE_BYTES = 1 << 20
# A request may take long when it brings much; one that brings nothing is ended by the read timeout.
_LONGEST_REQUEST = "1h"
_CONNECT_S = 3


@dataclass(frozen=True)
class CloudSource:
    """One of the two stores, as the environment describes it."""

    scheme: Scheme
    environment: Mapping[str, str] = field(repr=False)  # it holds secrets
    decide_within_s: float = 8.0
    stall_s: float = STALL_S

    def fetch(self, ref: ModelRef, into: Path, report: Report) -> Fetched:
        """Download what is below the prefix now; what is left in `into` is not read again."""
        return bring(self, ref, into, report)

    def snapshot(self, ref: ModelRef, report: Report) -> Snapshot:
        """List the files that make the model."""
        _require_library(self.scheme)
        settings = settings_of(self.scheme, self.environment)
        place = Place(self.scheme, ref.name, settings.where)
        answer = background.start(lambda: self._look(ref, settings, place))
        if not background.finished(answer, lambda: report(Progress("ask", 0)), self.decide_within_s):
            raise unreachable(place, f"no answer in {self.decide_within_s:g} s")
        chosen, store = answer.result()
        for words in chosen.notices:
            report(Notice(words))
        return Snapshot(chosen.revision, chosen.files, lambda: CloudConnection(store, place, self.stall_s))

    def _look(self, ref: ModelRef, settings: Settings, place: Place) -> tuple[objects.Chosen, Store]:
        prefix = ref.path or ""
        try:
            store = _open(place, settings, self.stall_s, self.decide_within_s)
            folder = objects.below(prefix, _listed(store, prefix, self.scheme))
            if not folder.objects:
                raise _nothing(store, ref, prefix)
            chosen = objects.choose_files(folder, _promised(store, folder, ref))
        except foreign_errors() as error:
            raise explain(error, place) from error
        held = objects.lack(file.name for file in chosen.files)
        if held:
            raise ModelNotFound(
                f"{ref} holds {held}", hint="name the folder that holds the safetensors files"
            )
        return chosen, store


class CloudConnection:
    """Reads ranges of objects; the connections of one snapshot share the store, which is made for threads."""

    def __init__(self, store: Store, place: Place, stall_s: float) -> None:
        self._store, self._place, self._stall_s = store, place, stall_s

    def close(self) -> None:
        """Nothing is kept open between two reads."""

    def read(self, file: RemoteFile, start: int, stop: int) -> Iterator[memoryview]:
        import obstore

        condition = {} if file.etag is None else {"if_match": f'"{file.etag}"'}
        options: Any = {"range": (start, stop), **condition}
        try:
            result = obstore.get(self._store, file.at, options=options)
            # Emulators ignore the condition: what came is looked at, too.
            if _bare(result.meta["e_tag"]) != file.etag or result.meta["size"] != file.size_bytes:
                raise Changed(file.name)
            if result.range != (start, stop):
                raise Again(f"asked for bytes {start}-{stop}, got {result.range}")
            trickle = Trickle(self._stall_s)
            for piece in result.stream(min_chunk_size=1):
                view = memoryview(piece)
                for at in range(0, len(view), _PIECE_BYTES):
                    yield view[at : at + _PIECE_BYTES]
                start += len(view)
                if start < stop:
                    trickle.came(len(view))
        except foreign_errors() as error:
            raise broken(error, file, self._place) from error


def _require_library(scheme: Scheme) -> None:
    if importlib.util.find_spec("obstore") is None:
        raise ExtraMissing(
            f"{scheme}:// needs the library obstore, which is not installed",
            hint="pip install 'aim-runtime[cloud]'",
        )


def _open(place: Place, settings: Settings, stall_s: float, decide_within_s: float) -> Store:
    from obstore.store import AzureStore, GCSStore

    client: dict[str, Any] = {
        "allow_http": settings.plain_http,
        "connect_timeout": f"{_CONNECT_S}s",
        "read_timeout": timedelta(seconds=stall_s),
        "timeout": _LONGEST_REQUEST,
    }
    if settings.authorities:
        client["root_certificate"] = Path(settings.authorities).read_bytes()
    # The byte mover knows better than a library when to ask again.
    retry: Any = {"max_retries": 0, "retry_timeout": timedelta(seconds=decide_within_s)}
    kind: Any = GCSStore if place.scheme is Scheme.GS else AzureStore
    store: Store = kind(place.bucket, config=dict(settings.config), client_options=client, retry_config=retry)
    return store


def _listed(store: Store, prefix: str, scheme: Scheme) -> Iterator[StoredObject]:
    import obstore

    for page in obstore.list(store, prefix or None, chunk_size=1000):
        for each in page:
            etag = _bare(each["e_tag"])
            yield StoredObject(each["path"], each["size"], etag, _digest(etag, scheme))


def _digest(etag: str | None, scheme: Scheme) -> Digest | None:
    """Google's tag of an object that was not put together from parts is its MD5.

    https://cloud.google.com/storage/docs/hashes-etags
    """
    is_md5 = (
        scheme is Scheme.GS and etag is not None and len(etag) == 32 and set(etag) <= set("0123456789abcdef")
    )
    return Digest(Algorithm.MD5, str(etag)) if is_md5 else None


def _bare(etag: str | None) -> str | None:
    """A listing has the tag without quotes, an answer with them."""
    return None if etag is None else etag.strip('"')


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
