"""What is checked, and what the checks before found out about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from aim_runtime.engines.launch import EngineInstall
from aim_runtime.plan import Plan
from aim_runtime.validate.capabilities import Capability, Declarations, undeclared
from aim_runtime.validate.client import Client
from aim_runtime.validate.config import Config
from aim_runtime.validate.result import Times


@dataclass(frozen=True)
class Planned:
    """What the checks of scope `runtime` look at: the chosen profile's file, and the plan that it leads to.

    `plan` is None where the file is broken, or where the engine would refuse it, for what is in `refused`;
    `environment` is what the engine would inherit.
    """

    profile: Path
    plan: Plan | None
    engine: EngineInstall | None
    environment: Mapping[str, str] = field(repr=False)
    refused: str = ""


@dataclass
class Answering:
    """What the checks of scope `offline` look at: a service, and what is found out about it on the way.

    `model` is the name to ask by, chosen by `api_health` where nobody says one; `wait_s` how long its
    first answer is waited for; `prefers` the name that is taken where it is served; `served` the names that
    it has. `context_length` is what it can take, in
    tokens, where it is known.
    """

    client: Client
    config: Config
    model: str = ""
    wait_s: float = 0.0
    prefers: str = ""
    declared: Declarations = field(default_factory=undeclared)
    served: tuple[str, ...] = ()
    context_length: int | None = None
    times: Times = field(default_factory=Times)

    def has(self, capability: Capability) -> bool:
        return self.declared[capability].has
