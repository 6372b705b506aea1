"""A rule: what an engine's line looks like, which failure it is, and how that is said."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from aim_runtime.engines.failure import Ending
from aim_runtime.engines.failures import Kind
from aim_runtime.engines.launch import Launch

# What the operator takes for a missing source, whatever it is about (its health_fetchers.go): a quoted
# line must not say it. https://github.com/amd-enterprise-ai/aim-engine
_ITS_WORDS = re.compile(r"(?i)not([ _]?)found")
_QUOTED = 300


@dataclass(frozen=True)
class Case:
    """What a rule may use beside the line: how the engine was started, how it ended, what else is known.

    `after` is the lines that follow the one that was recognized: what pydantic says takes several.
    """

    launch: Launch
    code: int | None
    ending: Ending
    after: tuple[str, ...] = ()


Words = tuple[str, str]
Say = Callable[[re.Match[str], Case], Words]


@dataclass(frozen=True)
class Rule:
    """One kind of failure by the line that gives it away: `say` makes the message and the hint.

    `in_frames`: the line is a frame of a traceback, for an exception that does not say enough itself.
    """

    kind: Kind
    pattern: re.Pattern[str]
    say: Say
    in_frames: bool = False


def rule(kind: Kind, pattern: str, say: Say) -> Rule:
    return Rule(kind, re.compile(pattern), say)


def words(message: str, hint: str) -> Say:
    """Say the same each time, with the pattern's groups in their places."""

    def say(match: re.Match[str], case: Case) -> Words:
        groups = {name: quoted(value or "") for name, value in match.groupdict().items()}
        return message.format_map(groups), hint.format_map(groups)

    return say


def quoted(text: str) -> str:
    """An engine's own words as they can stand in a line of ours: short, and in one line."""
    line = " ".join(_ITS_WORDS.sub(r"missing", text).split())
    return line if len(line) <= _QUOTED else f"{line[: _QUOTED - 1]}…"
