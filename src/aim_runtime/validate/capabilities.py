"""What a service is declared to be able to do beyond answering: undeclared is skipped, not failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from aim_runtime.engines.vllm_parsers import AUTO, REASONING, TOOLS
from aim_runtime.plan import Plan


class Capability(StrEnum):
    """The names of 0.12."""

    TOOL_CALLING = "tool_calling"
    STRUCTURED_OUTPUTS = "structured_outputs"
    REASONING = "reasoning"


@dataclass(frozen=True)
class Declared:
    """Whether a service claims a capability, and who says so."""

    has: bool
    why: str


Declarations = Mapping[Capability, Declared]
_UNDECLARED = "nobody declares it: no plan is known for this service; --config can declare it"


def undeclared(why: str = _UNDECLARED) -> dict[Capability, Declared]:
    """Nothing is claimed."""
    return {each: Declared(False, why) for each in Capability}


def of_plan(plan: Plan) -> dict[Capability, Declared]:
    """What the plan claims: its profile where that says it, else what the engine will be told.

    A tool call is only read by a parser, and reasoning only parted from the answer by one, so the plan's
    arguments decide; an engine with them is held to it, whoever gave them. vLLM keeps to schemas whatever
    the model is.
    """
    said = plan.profile.metadata.capabilities
    given = {each.key: each.value for each in plan.launch.arguments}
    tools, reasoning = given.get(TOOLS), given.get(REASONING)
    calls = bool(tools) and given.get(AUTO) in (True, None) and AUTO in given
    found = {
        Capability.TOOL_CALLING: Declared(
            calls, f"the plan passes {TOOLS} {tools}" if calls else f"the plan passes no {TOOLS}"
        ),
        Capability.STRUCTURED_OUTPUTS: Declared(True, f"{plan.settings.engine} has it for every model"),
        Capability.REASONING: Declared(
            bool(reasoning),
            f"the plan passes {REASONING} {reasoning}" if reasoning else f"the plan passes no {REASONING}",
        ),
    }
    return found | {
        each: Declared(said[each], f"profile {plan.profile.id} says {each}: {str(said[each]).lower()}")
        for each in Capability
        if each in said
    }


def with_config(found: Declarations, said: Mapping[Capability, bool]) -> dict[Capability, Declared]:
    """The same, where the --config file has the last word."""
    return dict(found) | {
        each: Declared(has, f"--config says {each}: {str(has).lower()}") for each, has in said.items()
    }
