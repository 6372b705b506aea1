"""What a check is, and how it says what it found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from aim_runtime.validate.capabilities import Capability
from aim_runtime.validate.result import ResultType, Scope

_Subject = TypeVar("_Subject")


@dataclass(frozen=True)
class Passed:
    """Nothing is wrong: what was seen, and what is worth a look all the same."""

    detail: str
    warnings: tuple[str, ...] = ()
    value: float | str | None = None


class Failed(Exception):
    """Something is wrong: what was seen, with the values, and what to do about it."""

    def __init__(self, detail: str, fix: str = "", value: float | str | None = None) -> None:
        super().__init__(detail)
        self.detail, self.fix, self.value = detail, fix, value


class Skipped(Exception):
    """It cannot be told here, and why."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


@dataclass(frozen=True)
class Check(Generic[_Subject]):
    """One check: `run` returns Passed or raises Failed or Skipped.

    `description` is a line for a person; `capability` what the service must be declared to have; `needs`
    the checks without whose success this one says nothing; `fix` what to do where `run` does not know better.
    """

    name: str
    scope: Scope
    description: str
    run: Callable[[_Subject], Passed]
    capability: Capability | None = None
    needs: tuple[str, ...] = ()
    result_type: ResultType = ResultType.PASS_FAIL
    fix: str = field(default="see docs/validate.md for what it asks of a service")
