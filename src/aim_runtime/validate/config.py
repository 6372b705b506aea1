"""The --config file of a validation: what it declares, and what it waits for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from aim_runtime.errors import InvalidValue, did_you_mean
from aim_runtime.profiles.faults import Broken
from aim_runtime.profiles.read import read
from aim_runtime.validate.capabilities import Capability

_Seconds = Annotated[float, Meta(ge=0)]


class Config(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The keys of 0.12, and `context_length` for a service that does not say its own.

    `port` is where a service that is started listens; times are in seconds.
    """

    capabilities: dict[str, bool] = {}
    port: Annotated[int, Meta(ge=1, le=65535)] | None = None
    max_warmup_time: _Seconds = 300.0
    jit_latency_threshold_s: _Seconds = 30.0
    context_length: Annotated[int, Meta(ge=1)] | None = None

    @property
    def declared(self) -> Mapping[Capability, bool]:
        return {Capability(name): has for name, has in self.capabilities.items()}


def load(path: Path) -> Config:
    """Read the file, YAML or JSON. Raises InvalidValue with all that is wrong, each with its line."""
    found = read(path, Config)
    if isinstance(found, Broken):
        raise InvalidValue(f"{path}: {found.reason}", hint="docs/validate.md lists the keys of --config")
    known = [str(each) for each in Capability]
    for name in found.capabilities:
        if name not in known:
            raise InvalidValue(
                f"{path}: capabilities has {name}{did_you_mean(name, known)}",
                hint=f"there are {', '.join(known)}",
            )
    return found
