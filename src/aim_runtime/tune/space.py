"""What a search varies: knobs, each with its choices and the reason why it may matter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from aim_runtime.vocabulary import Precision

# None: the knob is left alone, which is the engine's own default.
Value = str | int | float | bool | None
# What is set, by the names of the knobs; what is not there is left alone.
Configuration = Mapping[str, Value]


class Kind(StrEnum):
    """Where a knob is set."""

    ARGUMENT = "engine argument"
    VARIABLE = "variable"


def _always(_others: Configuration) -> bool:
    return True


@dataclass(frozen=True)
class Knob:
    """One argument or variable of the engine and the values that are tried.

    `applies` says whether it means anything beside what else is set, `when` the same in words. A knob that
    is `asked_only` has a price that no measurement shows, in `price`: it is varied only for who asks for it.
    `precisions` are those of the weights by its choices, where they are not the profile's.
    """

    name: str
    kind: Kind
    choices: tuple[Value, ...]
    why: str
    applies: Callable[[Configuration], bool] = _always
    when: str = ""
    price: str = ""
    precisions: Mapping[Value, Precision] = field(default_factory=dict)

    @property
    def asked_only(self) -> bool:
        return bool(self.price)


@dataclass(frozen=True)
class Seed:
    """A configuration that is tried before the search, and why."""

    settings: Configuration
    why: str


@dataclass(frozen=True)
class Space:
    """The knobs, the most promising first; what every trial takes over (`held`); what is tried first.

    `fixed` is what knobs that this search leaves out are set to in every trial.
    """

    knobs: tuple[Knob, ...]
    held: frozenset[str]
    seeds: tuple[Seed, ...] = ()
    fixed: Configuration = field(default_factory=dict)

    @property
    def names(self) -> frozenset[str]:
        return frozenset(knob.name for knob in self.knobs)

    def only(self, *, also: Iterable[str] = (), without: Iterable[str] = ()) -> Space:
        """The space of one search: knobs with a price only where they are asked for."""
        asked, dropped = set(also), set(without)
        kept = tuple(
            knob
            for knob in self.knobs
            if knob.name not in dropped and (not knob.asked_only or knob.name in asked)
        )
        return replace(self, knobs=kept)

    def fixing(self, settings: Configuration) -> Space:
        """The space of which `settings` goes into every trial, without seeds that are another one then."""
        space = replace(self, fixed=self.rest(settings))
        return replace(space, seeds=tuple(filter(space.has, self.seeds)))

    def has(self, seed: Seed) -> bool:
        """Whether all that a seed sets is varied and applies, or is fixed so."""
        return seed.settings.items() <= {**self.fixed, **self.settled(seed.settings)}.items()

    def rest(self, settings: Configuration) -> dict[str, Value]:
        """What of `settings` this space does not vary."""
        return {name: value for name, value in settings.items() if name not in self.names}

    def applies(self, knob: Knob, others: Configuration) -> bool:
        """Whether a knob means anything beside `others` and what is fixed."""
        return knob.applies({**self.fixed, **others})

    def including(self, settings: Iterable[Configuration]) -> Space:
        """The space with what profiles set of its knobs among the choices."""
        known = tuple(settings)
        knobs = (
            replace(
                knob, choices=tuple(dict.fromkeys([*knob.choices, *(each.get(knob.name) for each in known)]))
            )
            for knob in self.knobs
        )
        return replace(self, knobs=tuple(knobs))

    def settled(self, settings: Configuration) -> dict[str, Value]:
        """The settings without what is left alone and what does not apply, in the order of the knobs.

        What the same profile is started with has the same settled settings.
        """
        found: dict[str, Value] = {}
        for knob in self.knobs:
            value = settings.get(knob.name)
            if value is not None and self.applies(knob, found):
                found[knob.name] = value
        return found

    def precision(self, settings: Configuration) -> Precision | None:
        """What precision the weights have by these settings, None where it is what the profile says."""
        chosen = self.settled(settings)
        found = (knob.precisions.get(chosen.get(knob.name)) for knob in self.knobs)
        return next(filter(None, found), None)

    def of(self, arguments: Mapping[str, Any], variables: Mapping[str, str]) -> dict[str, Value]:
        """What a profile sets of the knobs."""
        places = {Kind.ARGUMENT: arguments, Kind.VARIABLE: variables}
        found = {knob.name: places[knob.kind].get(knob.name) for knob in self.knobs}
        return {name: value for name, value in found.items() if value is not None}

    def neighbours(self, settings: Configuration) -> Iterator[tuple[dict[str, Value], str]]:
        """Every configuration that differs from `settings` in one knob, with that difference in words."""
        here = self.settled(settings)
        for knob in self.knobs:
            if not self.applies(knob, here):
                continue
            for value in knob.choices:
                if value != here.get(knob.name):
                    yield self.settled({**here, knob.name: value}), shown(knob.name, value)


def shown(name: str, value: Value) -> str:
    """A setting in words."""
    return f"{name} {words(value)}" if value is None else f"{name}={words(value)}"


def words(value: Value) -> str:
    """A choice in words, as a profile spells it."""
    if value is None:
        return "left alone"
    return str(value).lower() if isinstance(value, bool) else str(value)
