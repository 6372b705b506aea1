"""Every check, in the order in which they run. The first two and the ten after them are those of 0.12."""

from __future__ import annotations

from typing import Any

from aim_runtime.validate.capabilities import Capability
from aim_runtime.validate.check import Check
from aim_runtime.validate.checks.cancelling import cancellation
from aim_runtime.validate.checks.characters import unicode
from aim_runtime.validate.checks.endpoints import (
    api_health,
    chat_completions_endpoint,
    completions_endpoint,
    warmup,
)
from aim_runtime.validate.checks.limits import context_limit, stop_sequences
from aim_runtime.validate.checks.plan import engine_validation, profile_schema
from aim_runtime.validate.checks.reasoning import reasoning
from aim_runtime.validate.checks.shapes import response_shape, unknown_model
from aim_runtime.validate.checks.streaming import streaming_equivalence
from aim_runtime.validate.checks.structured import (
    structured_output,
    structured_output_choice,
    structured_output_nested,
)
from aim_runtime.validate.checks.tools import tool_avoidance, tool_invocation
from aim_runtime.validate.result import ResultType, Scope
from aim_runtime.validate.subject import Answering, Planned

_TOOLS, _STRUCTURED = Capability.TOOL_CALLING, Capability.STRUCTURED_OUTPUTS
_READY = ("api_health", "warmup")
_TEXT = (*_READY, "completions_endpoint")
_CHAT = (*_READY, "chat_completions_endpoint")
_BOTH = (*_TEXT, "chat_completions_endpoint")
_HERE, _THERE = Scope.RUNTIME, Scope.OFFLINE

RUNTIME_CHECKS: tuple[Check[Planned], ...] = (
    Check("profile_schema", _HERE, "the profile's file follows the schema", profile_schema),
    Check(
        "engine_validation", _HERE, "the engine's own parser takes the plan's arguments", engine_validation
    ),
)
OFFLINE_CHECKS: tuple[Check[Answering], ...] = (
    Check("api_health", _THERE, "/v1/models answers and names a model", api_health),
    Check("warmup", _THERE, "the first token comes in time", warmup, needs=_READY[:1]),
    Check("completions_endpoint", _THERE, "/v1/completions writes on", completions_endpoint, needs=_READY),
    Check(
        "chat_completions_endpoint",
        *(_THERE, "/v1/chat/completions answers", chat_completions_endpoint),
        needs=_READY,
    ),
    Check("tool_invocation", _THERE, "a tool is called when it is wanted", tool_invocation, _TOOLS, _CHAT),
    Check("tool_avoidance", _THERE, "no tool is called when none is wanted", tool_avoidance, _TOOLS, _CHAT),
    Check("structured_output", _THERE, "an answer keeps to a schema", structured_output, _STRUCTURED, _CHAT),
    Check(
        "structured_output_nested",
        *(_THERE, "an answer keeps to a nested schema", structured_output_nested, _STRUCTURED, _CHAT),
    ),
    Check(
        "structured_output_choice",
        *(_THERE, "an answer keeps to a choice", structured_output_choice, _STRUCTURED, _CHAT),
    ),
    Check(
        "reasoning",
        *(_THERE, "reasoning is parted from the answer", reasoning, Capability.REASONING, _CHAT),
        result_type=ResultType.SCORE,
    ),
    Check("response_shape", _THERE, "answers and errors have OpenAI's shape", response_shape, needs=_BOTH),
    Check(
        "streaming_equivalence",
        *(_THERE, "a stream is the same answer, well framed", streaming_equivalence),
        needs=_BOTH,
        result_type=ResultType.COMPARISON,
    ),
    Check("context_limit", _THERE, "a prompt that is too long is refused", context_limit, needs=_TEXT),
    Check("stop_sequences", _THERE, "a stop text ends the answer", stop_sequences, needs=_TEXT),
    Check("unicode", _THERE, "all of Unicode comes back unbroken", unicode, needs=_BOTH),
    Check("cancellation", _THERE, "a client that goes frees its place", cancellation, needs=_TEXT),
    Check("unknown_model", _THERE, "an unknown model is refused with 404", unknown_model, needs=_BOTH),
)
CHECKS: tuple[Check[Any], ...] = (*RUNTIME_CHECKS, *OFFLINE_CHECKS)
NAMES = tuple(check.name for check in CHECKS)
# Those that others need: where one failed, these are skipped, and would say nothing.
GATING = frozenset(name for check in CHECKS for name in check.needs)
