"""LOOK: what is on this machine, as one frozen value: devices, catalogue, cache, engine."""

from __future__ import annotations

from dataclasses import dataclass

from aim_runtime.engines import ENGINES
from aim_runtime.engines.launch import EngineInstall
from aim_runtime.hardware import detect
from aim_runtime.hardware.accelerator import Hardware
from aim_runtime.models.cache import Cache
from aim_runtime.profiles.catalog import Catalog, load_catalog, shipped_root
from aim_runtime.settings import Settings


@dataclass(frozen=True)
class Site:
    """What a plan can count on."""

    hardware: Hardware
    catalog: Catalog
    cache: Cache
    engine: EngineInstall | None


def survey(settings: Settings) -> Site:
    """Look at the machine as far as the settings ask for it.

    Raises HardwareError for devices that cannot be used as they are and InvalidValue for an
    accelerator model that is not known.
    """
    hardware = detect(settings.accelerator_type, settings.accelerator_model, settings.accelerator_count)
    engine = ENGINES[settings.engine].find()
    return Site(hardware, load_catalog_for(settings), Cache(settings.cache_path), engine)


def load_catalog_for(settings: Settings) -> Catalog:
    """Read the profiles that matter to the request: the user's before the shipped ones."""
    return load_catalog((settings.profiles_path, shipped_root()), settings.aim)
