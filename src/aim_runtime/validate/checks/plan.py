"""Scope `runtime`: the profile's file, and whether the engine takes what it says."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from aim_runtime.authoring.engine_version import engine_version
from aim_runtime.authoring.finding import Severity
from aim_runtime.authoring.lint import lint
from aim_runtime.engines import ENGINES
from aim_runtime.validate import engine_parser
from aim_runtime.validate.check import Failed, Passed, Skipped
from aim_runtime.validate.subject import Planned

# Importing vLLM takes 10 s of a quiet machine.
_PARSED_WITHIN_S = 300
_SHOWN = 3
_MEND = "mend the profile; aim-runtime profiles lint names each line"


def profile_schema(planned: Planned) -> Passed:
    """The file follows the schema, and `profiles lint` has no error against it."""
    asked = planned.plan.settings.engine_python if planned.plan else None
    found = list(lint([planned.profile], engine_version(None, asked)))
    errors = [each for each in found if each.severity is Severity.ERROR]
    texts = [f"line {each.line}: {each.text}" for each in found]
    if errors:
        shown = [f"line {each.line}: {each.text}" for each in errors]
        more = f"; and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
        raise Failed(
            f"{planned.profile}: {'; '.join(shown[:_SHOWN])}{more}",
            f"aim-runtime profiles lint {quote(str(planned.profile))}   # each with its fix",
        )
    return Passed(f"{planned.profile} follows the schema", tuple(texts))


def engine_validation(planned: Planned) -> Passed:
    """The engine's own parser takes the plan's arguments; our list of its options, where it is not here."""
    plan, engine = planned.plan, planned.engine
    if planned.refused:
        raise Failed(planned.refused, _MEND)
    if plan is None:
        raise Skipped("a broken profile has no arguments")
    count = f"{len(plan.launch.arguments)} arguments"
    if engine is None:
        _by_list(planned)
        return Passed(
            f"our list of the engine's options has nothing against the {count}",
            ("no engine is installed here: its own parser was not asked",),
        )
    argv = plan.launch.command[len(engine.command) :]
    asked = _ask(planned, list(argv))
    name = f"{engine.engine} {engine.version}"
    if isinstance(asked, _Unasked):
        _by_list(planned)
        return Passed(
            f"our list of the options of {name} has nothing against the {count}",
            (f"the parser of {name} was not asked: {asked.why}",),
        )
    if asked.complaint is not None:
        raise Failed(
            f"{name} refuses the arguments: {' '.join(asked.complaint.split())}",
            "mend the profile or AIM_ENGINE_ARGS; aim-runtime dry-run --format shell shows who gave which",
        )
    return Passed(f"{name} takes the {count}, by its own parser")


@dataclass(frozen=True)
class _Unasked:
    why: str


@dataclass(frozen=True)
class _Answer:
    complaint: str | None


def _ask(planned: Planned, argv: list[str]) -> _Answer | _Unasked:
    assert planned.engine is not None
    assert planned.plan is not None
    environment = {**planned.environment, **planned.plan.launch.environment}
    try:
        done = subprocess.run(
            [planned.engine.python, Path(engine_parser.__file__)],
            input=json.dumps(argv),
            capture_output=True,
            text=True,
            env=environment,
            timeout=_PARSED_WITHIN_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return _Unasked(str(error))
    last = (done.stderr.strip().splitlines() or ["it says nothing"])[-1]
    if done.returncode:
        return _Unasked(f"it ended with {done.returncode}: {last}")
    found = json.loads(done.stdout)
    return _Unasked(found["unasked"]) if "unasked" in found else _Answer(found["complaint"])


def _by_list(planned: Planned) -> None:
    """Raise Failed for what the list of options that is on file has against the profile."""
    assert planned.plan is not None
    plan = planned.plan
    problems = ENGINES[plan.settings.engine].problems(plan.profile, planned.engine)
    if problems:
        raise Failed("; ".join(problems), _MEND)
