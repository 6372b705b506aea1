"""How many accelerators a new profile should use: the fewest on which the model fits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from aim_runtime.authoring.target import Target
from aim_runtime.errors import NoProfile
from aim_runtime.models.architecture import Architecture
from aim_runtime.profiles.fit import Fit, NotKnown
from aim_runtime.vocabulary import AcceleratorType


@dataclass(frozen=True)
class Choice:
    """The count, the memory arithmetic with it, why it is that one, and what could not be computed."""

    count: int
    fit: Fit | NotKnown
    reason: str
    unknown: tuple[str, ...] = ()


def choose_count(
    model: Architecture, target: Target, given: int | None, fit: Callable[[int], Fit | NotKnown]
) -> Choice:
    """Take the given count, else the fewest that hold the model's whole context, else its longest part.

    `fit` is the arithmetic with that many accelerators. Raises NoProfile where the model cannot be
    spread over the given count, and where the weights alone are too large.
    """
    if target.type is AcceleratorType.CPU:
        return Choice(1, _held(target, 1, fit(1)), "all cores that the engine is given")
    counts = (given,) if given else target.counts
    possible = [count for count in counts if model.splits_over(count)]
    if not possible:
        raise NoProfile(
            f"{model.heads} cannot be spread over {given} accelerators",
            hint="give another --accelerator-count",
        )
    tried = [(count, fit(count)) for count in possible]
    known = [(count, found) for count, found in tried if isinstance(found, Fit)]
    if not known:
        return _unknown(tried, given)
    whole = next(((count, found) for count, found in known if found.fits), None)
    if whole:
        why = "the fewest of 1, 2, 4 and 8 on which the model fits with its whole context"
        return Choice(*whole, "as it was asked for" if given else why)
    count, found = max(known, key=lambda pair: (pair[1].longest_context or 0, pair[1].kv_bytes, -pair[0]))
    why = "no count holds the model's whole context; this one holds the most of it"
    return Choice(count, _held(target, count, found), "as it was asked for" if given else why)


def _unknown(tried: list[tuple[int, Fit | NotKnown]], given: int | None) -> Choice:
    """Nothing can be computed: all the accelerators that there may be, as the runtime itself would."""
    count, found = tried[-1]
    if given:
        return Choice(count, found, "as it was asked for")
    reason = found.reason if isinstance(found, NotKnown) else ""
    why = f"not computed: {reason}"
    return Choice(count, found, why, (f"accelerator_count: {reason}; {count} assumed",))


def _held(target: Target, count: int, found: Fit | NotKnown) -> Fit | NotKnown:
    """The arithmetic, or NoProfile where not even a short context fits."""
    if isinstance(found, NotKnown) or found.fits or (found.kv_bytes > 0 and found.longest_context):
        return found
    raise NoProfile(
        f"the model does not fit {count} x {target.model}: {found.misfit}",
        hint="name a larger accelerator with --accelerator-model, more of them with --accelerator-count, "
        "or smaller weights with --model-id",
    )
