"""In which order configurations are tried."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from aim_runtime.tune.candidate import key_of
from aim_runtime.tune.sampler import Sampler
from aim_runtime.tune.space import Configuration
from aim_runtime.tune.subject import Subject

# The sampler may name what was tried; after so many of these in a row there is hardly anything new.
_PATIENCE = 200


@dataclass(frozen=True)
class Proposal:
    """A configuration to try, and where it comes from."""

    settings: Configuration
    origin: str


def first(subject: Subject) -> Iterator[Proposal]:
    """What is tried before the search: the engine's defaults, the catalogue's profiles, the space's seeds."""
    yield Proposal(subject.reference, "the engine's defaults")
    for profile, settings in subject.known:
        yield Proposal({**subject.reference, **settings}, f"the profile {profile.id}")
    for seed in subject.space.seeds:
        yield Proposal({**subject.reference, **seed.settings}, seed.why)


def next_of(
    subject: Subject,
    sampler: Sampler,
    champion: Configuration,
    tried: Collection[str],
    number: int,
) -> Proposal | None:
    """What to try as the `number`th of the search: in turn one change to the best so far, and what the
    sampler suggests. Few trials are affordable, and the estimator alone needs many. None when all was tried.
    """
    ways: list[Callable[[], Proposal | None]] = [
        lambda: _change(subject, champion, tried),
        lambda: _suggested(subject, sampler, tried),
    ]
    for way in ways if number % 2 == 0 else reversed(ways):
        found = way()
        if found is not None:
            return found
    return None


def _change(subject: Subject, champion: Configuration, tried: Collection[str]) -> Proposal | None:
    for settings, what in subject.space.neighbours(champion):
        if key_of(subject.content(settings)) not in tried:
            return Proposal(settings, f"the best so far with {what}")
    return None


def _suggested(subject: Subject, sampler: Sampler, tried: Collection[str]) -> Proposal | None:
    for _ in range(_PATIENCE):
        settings = sampler.ask()
        if key_of(subject.content(settings)) not in tried:
            return Proposal(subject.space.settled(settings), "suggested by the trials so far")
    return None
