"""FETCH: the weights whole on this machine, in the layout that was asked for."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from aim_runtime.engines import ENGINES
from aim_runtime.errors import InvalidValue
from aim_runtime.models import manifest
from aim_runtime.models.cache import Cache
from aim_runtime.models.events import Event, Progress, Report
from aim_runtime.models.fetch import fetch
from aim_runtime.models.layouts import Layout, place
from aim_runtime.models.location import Location
from aim_runtime.models.ref import Scheme
from aim_runtime.settings import Settings


@dataclass(frozen=True)
class Weights:
    """A whole model on this machine; None is what no record says.

    `already_there`: nothing had to be fetched. `size_bytes` of all its files, `seconds` of this call.
    """

    model: str
    path: Path
    source: str | None
    revision: str | None
    size_bytes: int
    seconds: float
    already_there: bool


def in_layout(location: Location, cache: Cache, layout: Layout) -> Location:
    """Return `location` in one layout, also where the other has the model; raises InvalidValue."""
    if layout is Layout.FOLDER:
        return location
    sources = tuple(ref for ref in location.sources if ref.scheme is Scheme.HF)
    if not sources:
        raise InvalidValue(
            f"--use-hf-cache: {location.sources[0]} is not on a Hugging Face hub, and has no commits",
            hint="leave --use-hf-cache out, or name hf://org/model",
        )
    path = place(layout, cache, location.model_id, sources)
    return replace(location, path=path, sources=sources)


def obtain(
    settings: Settings,
    location: Location,
    cache: Cache,
    environment: Mapping[str, str],
    report: Report,
    layout: Layout = Layout.FOLDER,
) -> Weights:
    """Have the model whole in the cache; raises ModelError. What `report` raises ends the fetch."""
    began = time.monotonic()
    moved = False

    def watch(event: Event) -> None:
        nonlocal moved
        moved = moved or (isinstance(event, Progress) and event.phase == "download")
        report(event)

    engine = ENGINES[settings.engine].find(settings.engine_python)
    folder = fetch(
        location,
        cache,
        hub_endpoint=settings.hub_endpoint,
        token_present=settings.token_present,
        engine_python=engine.python if engine else None,
        environment=environment,
        report=watch,
        layout=layout,
    )
    written = manifest.read(folder)
    return Weights(
        location.model_id,
        folder,
        written.source if written else None,
        written.revision if written else None,
        sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()),
        time.monotonic() - began,
        not moved,
    )
