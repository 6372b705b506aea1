"""The precision that a new profile states: that of the weights, as far as it is known."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from aim_runtime.errors import InvalidValue
from aim_runtime.models.facts import of_folder
from aim_runtime.models.ref import ModelRef
from aim_runtime.models.stored import DTYPES
from aim_runtime.settings import Settings
from aim_runtime.site import Site
from aim_runtime.vocabulary import Precision


@dataclass(frozen=True)
class Stored:
    """The precision to state, why, what the engine must be told for it, and what was not known."""

    precision: Precision
    reason: str
    arguments: dict[str, tuple[Any, str]] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()


def of_weights(settings: Settings, site: Site, ref: ModelRef) -> Stored:
    """Return the precision asked for, else that of the weights, else bf16 with a word on it.

    Raises InvalidValue where the one asked for is not what the weights are, nor a format that the
    engine makes of them by itself (its `dtype`).
    """
    found, asked = _found(settings, site, ref), settings.precision
    if asked is None:
        if found:
            return Stored(found, "as the weights are stored")
        text = "precision: nothing at hand says it; bf16 assumed"
        return Stored(Precision.BF16, "assumed: what most weights are stored in", unknown=(text,))
    if found in (None, asked):
        return Stored(asked, "as it was asked for")
    dtype = next((name for name, precision in DTYPES.items() if precision is asked), None)
    if found not in DTYPES.values() or dtype is None:
        raise InvalidValue(
            f"precision {asked}: the weights of {ref} are {found}",
            hint=f"leave --precision out, or name weights that are {asked} with --model-id",
        )
    why = f"the weights are {found}; they are converted while they are loaded"
    return Stored(asked, "as it was asked for", {"dtype": (dtype, why)})


def _found(settings: Settings, site: Site, ref: ModelRef) -> Precision | None:
    location = site.cache.locate(settings.custom_model_name or ref.model_id, (ref,))
    if location.present:
        facts = of_folder(location.path)
        return facts.stored if facts else None
    aim = site.catalog.aim
    if aim and ref.name in {source.name for source in aim.sources}:
        return next(iter(aim.weights.size_bytes), None)
    return site.looked_up[1].stored if site.looked_up and site.looked_up[0] == ref else None
