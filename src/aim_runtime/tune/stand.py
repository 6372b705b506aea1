"""The services that are up: two side by side where memory has room for both, else one after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from aim_runtime.service.started import Started, started
from aim_runtime.tune.candidate import Candidate

# Of the memory that is free, what two services may be planned to take: estimates are not exact.
_SHARE = 0.9


class LogOf(Protocol):
    """Names the log of a candidate's service, by the number of its start."""

    def __call__(self, number: int, start: int) -> Path: ...


@dataclass
class _Up:
    started: Started
    ends: ExitStack
    takes_bytes: int | None


@dataclass
class Stand:
    """Starts services and ends them; at most two, and one where it is not known that two have room.

    `environment` is what every service gets beside its own profile; `free_bytes` of an accelerator before
    any of them was up.
    """

    environment: Mapping[str, str]
    profiles: Path
    log: LogOf
    free_bytes: int | None
    _up: dict[str, _Up] = field(default_factory=dict)
    _starts: dict[str, list[float]] = field(default_factory=dict)

    def service(
        self,
        candidate: Candidate,
        takes_bytes: int | None,
        *,
        ready_s: float = 0,
        tell: Callable[[str, float | None], None] = lambda phase, percent: None,
    ) -> Started:
        """The candidate's service, started unless it is up. Raises what its start raises.

        `ready_s` is how long the start may take, 0 for as long as it takes.
        """
        found = self._up.get(candidate.key)
        if found is not None:
            return found.started
        self._make_room(takes_bytes)
        starts = self._starts.setdefault(candidate.key, [])
        profile = {"AIM_PROFILES_PATH": str(self.profiles), "AIM_PROFILE_ID": candidate.profile_id}
        with ExitStack() as ends:
            run = ends.enter_context(
                started(
                    {**self.environment, **profile},
                    self.log(candidate.number, len(starts) + 1),
                    ready_s=ready_s,
                    tell=tell,
                )
            )
            starts.append(run.seconds)
            self._up[candidate.key] = _Up(run, ends.pop_all(), takes_bytes)
        return run

    def start_s(self, candidate: Candidate) -> float | None:
        """The quickest of its starts: what is in no cache yet is compiled in the first of them."""
        return min(self._starts.get(candidate.key, ()), default=None)

    def is_up(self, candidate: Candidate) -> bool:
        return candidate.key in self._up

    def end(self, candidate: Candidate) -> None:
        if candidate.key in self._up:
            self._end(candidate.key)

    def close(self) -> None:
        """End all that is up, whatever goes wrong with one of them."""
        with ExitStack() as ends:
            for each in self._up.values():
                ends.push(each.ends)
            self._up.clear()

    def _make_room(self, takes_bytes: int | None) -> None:
        """End services until the new one has room: all of them where it is not known what it takes."""
        while self._up and (len(self._up) > 1 or not self._room_beside(takes_bytes)):
            self._end(next(iter(self._up)))

    def _end(self, key: str) -> None:
        """End a service, then forget it: one whose end was interrupted is still there to be closed."""
        self._up[key].ends.close()
        del self._up[key]

    def _room_beside(self, takes_bytes: int | None) -> bool:
        taken = [takes_bytes, *(each.takes_bytes for each in self._up.values())]
        known = [each for each in taken if each is not None]
        if self.free_bytes is None or len(known) < len(taken):
            return False
        return sum(known) <= self.free_bytes * _SHARE

    def __enter__(self) -> Stand:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
