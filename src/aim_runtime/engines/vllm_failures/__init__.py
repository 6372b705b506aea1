"""Why vLLM ended, in words: a table of rules over its last lines, and what its exit says.

The rules are asked in their order, each for the first line that it knows: a cause before what follows
from it. What no rule knows is told in the engine's own words, those of the root cause.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aim_runtime.engines.failure import NOTHING_KNOWN, Ending, Failure
from aim_runtime.engines.launch import Launch
from aim_runtime.engines.output_line import OutputLine
from aim_runtime.engines.vllm_failures import arguments, machine, memory, model, processes
from aim_runtime.engines.vllm_failures.output import Said, last_complaint, root_cause, said
from aim_runtime.engines.vllm_failures.rule import Case, Rule

# What may follow from something else comes after it.
CAUSES: tuple[Rule, ...] = (
    *model.FIRST,
    *memory.RULES,
    *arguments.RULES,
    *model.RULES,
    *machine.RULES,
    *arguments.GENERAL,
    *processes.COLLECTIVES,
    *processes.NATIVE,
)
# How many of the lines that follow a rule may look at.
_AFTER = 24


def failure(
    lines: Sequence[OutputLine], code: int | None, launch: Launch, ending: Ending = NOTHING_KNOWN
) -> Failure:
    """Say why the engine ended or was never ready (`code` None); see Engine.failure."""
    told = said(lines)
    case = Case(launch, code, ending)
    found = processes.killed_for_memory(case) or _by_rule(CAUSES, told, case) or processes.by_exit(told, case)
    if found:
        return found
    cause = root_cause(told)
    if code is None:
        return processes.never_ready(cause or last_complaint(told))
    # Only where nothing says more: what they look for is said after every other failure as well.
    found = None if cause else _by_rule(processes.ENDS, told, case)
    return found or processes.unknown(cause or last_complaint(told), case)


def _by_rule(rules: Sequence[Rule], told: Sequence[Said], case: Case) -> Failure | None:
    matter = [line for line in told if line.matters]
    frames = [line for line in told if line.is_frame]
    for each in rules:
        for number, line in enumerate(frames if each.in_frames else matter):
            if match := each.pattern.search(line.text):
                following = () if each.in_frames else matter[number + 1 : number + 1 + _AFTER]
                after = tuple(next_.text.strip() for next_ in following)
                message, hint = each.say(match, replace(case, after=after))
                return Failure(each.kind.code, message, hint, line.raw, each.kind.transient)
    return None
