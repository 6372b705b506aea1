"""What differs between two run records, for a person or a program; docs/records.md has the keys."""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path
from typing import Any

from aim_runtime.cli.environment import inherited, settings_with_warnings
from aim_runtime.plan import make_plan
from aim_runtime.record.describe import Run, describe
from aim_runtime.record.differences import OF_A_RUN, Difference, Fact, differences
from aim_runtime.record.text import read
from aim_runtime.record.values import Outcome, Record, State
from aim_runtime.site import survey

_NOW = "now"


def compared(a: Path, b: Path, *, as_json: bool) -> str:
    """Read both, compare them and return it as text. Raises InvalidRecord; for `now`, what dry-run raises."""
    planned = _NOW in (str(a), str(b))
    found = differences(_record(a), _record(b), OF_A_RUN if planned else ())
    if as_json:
        return json.dumps(_object(a, b, found), indent=2, ensure_ascii=False)
    return _text(a, b, found)


def _record(path: Path) -> Record:
    if str(path) != _NOW:
        return read(path)
    settings, environment = settings_with_warnings(), inherited()
    plan = make_plan(settings, survey(settings, environment=environment))
    return describe(plan, environment, Run("", Outcome(state=State.STARTING, started="")))


def _text(a: Path, b: Path, found: tuple[Difference, ...]) -> str:
    if not found:
        return f"nothing differs between {a} and {b}"
    lines = []
    for group, members in groupby(found, key=lambda each: each.group):
        lines += [group, *(f"  {each}" for each in members)]
    if all(each.group == "timings" for each in found):
        lines.append("nothing else differs")
    return "\n".join(lines)


def _object(a: Path, b: Path, found: tuple[Difference, ...]) -> dict[str, Any]:
    return {
        "a": str(a),
        "b": str(b),
        "differences": [
            {"group": each.group, "name": each.name, "a": _fact(each.a), "b": _fact(each.b)} for each in found
        ],
    }


def _fact(fact: Fact | None) -> dict[str, Any] | None:
    return None if fact is None else {"value": fact.value, "from": fact.source or None}
