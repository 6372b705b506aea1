"""The models room: what a source tells of a model before a byte of its weights is fetched."""

from __future__ import annotations

import json
from collections.abc import Callable

from aim_runtime.errors import ModelError
from aim_runtime.models import background
from aim_runtime.models.architecture import Architecture
from aim_runtime.models.events import Event
from aim_runtime.models.ref import ModelRef, Scheme
from aim_runtime.models.sources.source import Listing
from aim_runtime.models.sources.table import Surroundings, source_for
from aim_runtime.models.transfer.remote import Again, Changed, RemoteFile, Snapshot
from aim_runtime.models.words import redact

# No config.json is longer; what calls itself one and is, is not read.
_MOST_CONFIG_BYTES = 4 * 1024 * 1024


def look_up(
    ref: ModelRef, around: Surroundings, watch: Callable[[], None] = lambda: None, within_s: float = 4.0
) -> Architecture | None:
    """Return the facts of a model as its config.json and the sizes of its weights say.

    None when the source does not tell within `within_s` seconds, for whatever reason: fetching will say
    which, and the memory check abstains. `watch` is called meanwhile; what it raises ends the waiting.
    """
    answer = background.start(lambda: _ask(ref, around))
    if not background.finished(answer, watch, within_s):
        return None
    try:
        return answer.result()
    except (ModelError, Again, Changed, ValueError):
        return None
    except RecursionError:  # a config.json of nothing but brackets
        return None


def _ask(ref: ModelRef, around: Surroundings) -> Architecture | None:
    source = source_for(ref.scheme, around)
    if not isinstance(source, Listing):
        return None
    snapshot = source.snapshot(ref, _ignore)
    file = next((file for file in snapshot.files if file.name == "config.json"), None)
    if file is None or file.size_bytes > _MOST_CONFIG_BYTES:
        return None
    config = json.loads(_read(snapshot, file))
    if not isinstance(config, dict):
        return None
    where = redact(around.hub_endpoint) if ref.scheme is Scheme.HF else redact(str(ref))
    return Architecture.from_config(config, _weights_bytes(snapshot), f"config.json at {where}")


def _ignore(_event: Event) -> None:
    """What the source has to say is said when it is fetched from."""


def _read(snapshot: Snapshot, file: RemoteFile) -> bytes:
    connection = snapshot.connect()
    try:
        return b"".join(map(bytes, connection.read(file, 0, file.size_bytes))) if file.size_bytes else b""
    finally:
        connection.close()


def _weights_bytes(snapshot: Snapshot) -> int | None:
    """The size of the format that is fetched: safetensors where there are any."""
    for suffix in (".safetensors", ".bin"):
        found = [
            file.size_bytes
            for file in snapshot.files
            if file.name.endswith(suffix)
            and not file.name.startswith("consolidated")
            and "/" not in file.name
        ]
        if found:
            return sum(found) or None
    return None
