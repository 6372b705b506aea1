"""LOOK: what is on this machine, as one frozen value: devices, catalogue, cache, engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from aim_runtime.engines import ENGINES
from aim_runtime.engines.launch import EngineInstall
from aim_runtime.hardware import detect
from aim_runtime.hardware.accelerator import Hardware
from aim_runtime.models.adapter import NOT_LOOKED_FOR, Adapters
from aim_runtime.models.adapter_folder import look_at as look_for_adapters
from aim_runtime.models.architecture import Architecture
from aim_runtime.models.cache import Cache
from aim_runtime.models.ref import ModelRef, Scheme
from aim_runtime.models.residence import look_at
from aim_runtime.models.storage import Storage
from aim_runtime.profiles.catalog import Catalog, load_catalog, shipped_root
from aim_runtime.settings import Settings


@dataclass(frozen=True)
class Site:
    """What a plan can count on.

    `looked_up` are the facts of a model that neither the cache nor the catalogue knows, as its source has
    them; `storage` what the folders lie on that a profile may load; `adapters` the LoRA adapters that are
    where they are looked for.
    """

    hardware: Hardware
    catalog: Catalog
    cache: Cache
    engine: EngineInstall | None
    looked_up: tuple[ModelRef, Architecture] | None = None
    storage: Mapping[Path, Storage] = field(default_factory=dict)
    adapters: Adapters = NOT_LOOKED_FOR


def survey(
    settings: Settings,
    watch: Callable[[], None] = lambda: None,
    environment: Mapping[str, str] | None = None,
    catalog: Catalog | None = None,
) -> Site:
    """Look at the machine as far as the settings ask for it.

    `watch` is called now and then while a source of weights is waited for; what it raises ends the
    waiting. `environment` has the proxies and credentials for that source; `catalog` is taken in the
    place of the one that the settings name.
    Raises HardwareError for devices that cannot be used as they are and InvalidValue for an
    accelerator model that is not known.
    """
    hardware = look(settings)
    engine = ENGINES[settings.engine].find(settings.engine_python)
    catalog, cache = catalog or load_catalog_for(settings), cache_of(settings)
    looked_up = _look_up(settings, catalog, cache, watch, environment)
    folders = {cache.locate(name, sources).path for name, sources in _loadable(settings, catalog)}
    storage = {folder: look_at(folder, hardware.cpu.free_bytes) for folder in sorted(folders)}
    adapters = look_for_adapters(settings.adapters.source)
    return Site(hardware, catalog, cache, engine, looked_up, storage, adapters)


def _loadable(settings: Settings, catalog: Catalog) -> Iterator[tuple[str, tuple[ModelRef, ...]]]:
    """The models that the request's profiles may load, each with its sources."""
    ref, aim, custom = settings.model_ref, catalog.aim, settings.custom_model_name
    if ref is not None:
        yield custom or ref.model_id, (ref,)
        return
    concerned = (each for each in catalog.profiles if settings.aim or each.id == settings.profile_id)
    named = {each.content.model_id for each in concerned if each.content.aim_id}
    for name in sorted(each for each in {*named, settings.aim} if each):
        sources = aim.sources if aim and name == aim.aim_id else (ModelRef.parse(name),)
        yield custom or name, sources


def look(settings: Settings) -> Hardware:
    """Detect the hardware as the settings ask for it; raises what `survey` raises of it."""
    return detect(
        settings.accelerator_type,
        settings.accelerator_model,
        settings.accelerator_count,
        root=settings.host_root,
        environment=settings.engine_environment,
    )


def cache_of(settings: Settings) -> Cache:
    """Where weights are kept and looked for."""
    return Cache(settings.cache_path, settings.hub_cache_path)


def load_catalog_for(settings: Settings) -> Catalog:
    """Read the profiles that matter to the request: the user's before the shipped ones."""
    return load_catalog((settings.profiles_path, shipped_root()), settings.aim)


def _look_up(
    settings: Settings,
    catalog: Catalog,
    cache: Cache,
    watch: Callable[[], None],
    environment: Mapping[str, str] | None,
) -> tuple[ModelRef, Architecture] | None:
    """Ask the source of a model about it, where it has one that nothing nearer knows."""
    ref = settings.model_ref
    if ref is None or ref.scheme in (Scheme.FILE, Scheme.PYPI):
        return None
    known = catalog.aim is not None and ref.name in {source.name for source in catalog.aim.sources}
    if known or cache.locate(settings.custom_model_name or ref.model_id, (ref,)).present:
        return None
    from aim_runtime.models.source_facts import look_up  # few need it, and start-up time matters
    from aim_runtime.models.sources.table import Surroundings

    found = look_up(ref, Surroundings(settings.hub_endpoint, environment or {}), watch)
    return (ref, found) if found else None
