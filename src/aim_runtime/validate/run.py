"""Run checks one after the other: each has a result, also the one that could not be run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from aim_runtime.validate.capabilities import Declarations
from aim_runtime.validate.check import Check, Failed, Passed, Skipped
from aim_runtime.validate.listed import GATING
from aim_runtime.validate.result import CheckResult

_Subject = TypeVar("_Subject")


@dataclass(frozen=True)
class Began:
    """A check runs now."""

    name: str


@dataclass(frozen=True)
class Starting:
    """A service is being started: its phase, and how much of it is done where that is known."""

    phase: str
    percent: float | None


Tell = Callable[[Began | Starting | CheckResult], None]


def run(
    checks: Iterable[Check[_Subject]],
    subject: _Subject,
    before: Sequence[CheckResult],
    declared: Declarations,
    tell: Tell,
) -> list[CheckResult]:
    """Run `checks` on `subject` and return their results; `before` are those of the checks before them."""
    found: list[CheckResult] = []
    for check in checks:
        why = _against(check, [*before, *found], declared)
        if why:
            result = _skipped(check, why)
        else:
            tell(Began(check.name))
            result = _one(check, subject)
        tell(result)
        found.append(result)
    return found


def skip(checks: Iterable[Check[_Subject]], why: str, tell: Tell) -> list[CheckResult]:
    """The results of checks that cannot be run, all for the same reason."""
    results = [_skipped(check, why) for check in checks]
    for result in results:
        tell(result)
    return results


def _skipped(check: Check[_Subject], why: str) -> CheckResult:
    return _result(check, success=True, detail=why, skipped=True)


def failed(check: Check[_Subject], detail: str, fix: str) -> CheckResult:
    """The result of a check that could not even be begun."""
    return _result(check, success=False, detail=detail, fix=fix or check.fix)


def _against(check: Check[_Subject], before: Sequence[CheckResult], declared: Declarations) -> str:
    """Why the check is not run; empty where it is."""
    broken = [each.name for each in before if each.name in check.needs and not each.success]
    if broken:
        return f"says nothing where {broken[0]} failed"
    if check.capability is not None and not declared[check.capability].has:
        return f"{check.capability} is not declared: {declared[check.capability].why}"
    return ""


def _one(check: Check[_Subject], subject: _Subject) -> CheckResult:
    began = time.monotonic()
    try:
        passed: Passed = check.run(subject)
    except Failed as error:
        took_s = time.monotonic() - began
        return _result(
            check,
            success=False,
            detail=error.detail,
            value=error.value,
            fix=error.fix or check.fix,
            seconds=took_s,
        )
    except Skipped as error:
        return _result(
            check, success=True, detail=error.detail, skipped=True, seconds=time.monotonic() - began
        )
    return _result(
        check,
        success=True,
        detail=passed.detail,
        value=passed.value,
        warnings=passed.warnings,
        seconds=time.monotonic() - began,
    )


def _result(
    check: Check[_Subject],
    *,
    success: bool,
    detail: str,
    value: float | str | None = None,
    warnings: tuple[str, ...] = (),
    skipped: bool = False,
    fix: str = "",
    seconds: float = 0.0,
) -> CheckResult:
    gating = check.name in GATING
    return CheckResult(
        check.name,
        check.result_type,
        success,
        value,
        detail,
        warnings=warnings,
        skipped=skipped,
        gating=gating,
        fix=fix,
        seconds=seconds,
    )
