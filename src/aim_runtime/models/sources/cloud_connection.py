"""The models room: a cloud store that is open, and how ranges of its objects are read; by obstore."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aim_runtime.errors import ExtraMissing
from aim_runtime.models.ref import Scheme
from aim_runtime.models.sources.cloud_errors import Place, broken, foreign_errors
from aim_runtime.models.sources.cloud_settings import Settings
from aim_runtime.models.transfer.remote import Again, Changed, RemoteFile
from aim_runtime.models.transfer.trickle import Trickle

if TYPE_CHECKING:
    from obstore.store import AzureStore, GCSStore

    Store = AzureStore | GCSStore

_PIECE_BYTES = 1 << 20
# A request may take long when it brings much; one that brings nothing is ended by the read timeout.
_LONGEST_REQUEST = "1h"
_CONNECT_S = 3


def require_library(scheme: Scheme) -> None:
    """Raise ExtraMissing where obstore is not installed."""
    if importlib.util.find_spec("obstore") is None:
        raise ExtraMissing(
            f"{scheme}:// needs the library obstore, which is not installed",
            hint="pip install 'aim-runtime[cloud]'",
        )


def open_store(place: Place, settings: Settings, stall_s: float, decide_within_s: float) -> Store:
    """Return a store that is asked nothing yet. Raises what `foreign_errors` lists."""
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
            if bare(result.meta["e_tag"]) != file.etag or result.meta["size"] != file.size_bytes:
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


def bare(etag: str | None) -> str | None:
    """A listing has the tag without quotes, an answer with them."""
    return None if etag is None else etag.strip('"')
