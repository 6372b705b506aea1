"""Several machines that serve one model together, and which of them this is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aim_runtime.errors import InvalidValue, MissingSetting
from aim_runtime.vocabulary import OnFailure

COUNT, RANK, MASTER, PORT = "AIM_NODES", "AIM_NODE_RANK", "AIM_MASTER_ADDR", "AIM_MASTER_PORT"
_OF_LWS = "in a LeaderWorkerSet, leave all of them unset: they follow from its LWS_* variables"


@dataclass(frozen=True)
class Nodes:
    """`count` machines, from 2, of which this is number `rank`, from 0; they meet at `master`, `port`.

    The one with rank 0 leads: it has that address, and it alone answers over HTTP.
    """

    count: int
    rank: int
    master: str
    port: int

    @property
    def leads(self) -> bool:
        return self.rank == 0


@dataclass(frozen=True)
class Said:
    """What was said of the machines, None for what was not; `words` has each variable as it was written."""

    count: int | None
    rank: int | None
    master: str | None
    port: int | None
    words: Mapping[str, str]


def nodes(said: Said, usual_port: int) -> Nodes | None:
    """Return the machines; None for one alone.

    Raises MissingSetting for what is said by halves, InvalidValue for what cannot all be true.
    """
    if said.count is None:
        stray = next((said.words[name] for name in (RANK, MASTER, PORT) if name in said.words), None)
        if stray:
            raise MissingSetting(
                f"{stray} is about several machines, and {COUNT} is not set",
                hint=f"set {COUNT} to the number of machines, or unset {stray.partition('=')[0]}",
            )
        return None
    rank = said.rank if said.rank is not None or said.count > 1 else 0
    if rank is None:
        raise MissingSetting(
            f"{said.words[COUNT]}, and {RANK} is not set: which of the machines is this?",
            hint=f"set {RANK} to 0 on the machine that answers and 1, 2, … on the others; {_OF_LWS}",
        )
    if rank >= said.count:
        raise InvalidValue(
            f"{said.words[RANK]} with {said.words[COUNT]}: the machines are numbered from 0",
            hint=f"set {RANK} to a number from 0 to {said.count - 1}, or {COUNT} to the number of machines",
        )
    if said.count == 1:
        return None
    if said.master is None:
        raise MissingSetting(
            f"{said.words[COUNT]}, and {MASTER} is not set: where do the machines meet?",
            hint=f"set {MASTER} on all of them to the address of the one with {RANK}=0; {_OF_LWS}",
        )
    return Nodes(said.count, rank, said.master, said.port or usual_port)


def require_together(found: Nodes, taken: Mapping[str, int], on_failure: OnFailure) -> None:
    """Raise InvalidValue for settings that several machines cannot have; `taken` are the leader's ports."""
    for name, port in taken.items():
        if found.leads and found.port == port:
            raise InvalidValue(
                f"{PORT}={port} is {name} as well",
                hint=f"set {PORT} to another port, the same one on all machines",
            )
    if on_failure is OnFailure.NEXT_PROFILE:
        raise InvalidValue(
            f"AIM_ON_FAILURE={on_failure} with {COUNT}={found.count}: one machine would take another "
            "profile, and the others would not",
            hint="unset AIM_ON_FAILURE, and choose with AIM_PROFILE_ID",
        )
