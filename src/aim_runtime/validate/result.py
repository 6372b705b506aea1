"""What a validation found, as AIM 0.12 writes it: the value that `validate` prints and keeps."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

FILE = "validate_results.json"


class Scope(StrEnum):
    """What a check looks at: the plan and the engine on this machine, or a service that answers."""

    RUNTIME = "runtime"
    OFFLINE = "offline"


class ResultType(StrEnum):
    """What `value` is: nothing, a score, or two things that were compared."""

    PASS_FAIL = "pass_fail"
    SCORE = "score"
    COMPARISON = "comparison"


@dataclass(frozen=True)
class CheckResult:
    """What one check found. One that was skipped has `success`: it says nothing against the service.

    `gating`: other checks need this one, and are skipped where it failed. `fix`, of one that failed, is
    what to do.
    """

    name: str
    result_type: ResultType
    success: bool
    value: float | str | None
    detail: str
    warnings: tuple[str, ...] = ()
    skipped: bool = False
    gating: bool = False
    fix: str = ""
    seconds: float = 0.0


@dataclass
class Times:
    """The metrics of a validation; None is what was not measured."""

    ready_time_seconds: float | None = None
    warmup_time_seconds: float | None = None
    warmup_attempts: int | None = None
    warmup_succeeded: bool | None = None
    jit_suspected: bool | None = None


@dataclass(frozen=True)
class Validation:
    """All checks in their order, what was timed on the way, and the files that were written."""

    checks: tuple[CheckResult, ...]
    metrics: Times
    artifacts: tuple[str, ...] = ()
    subject: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def failed(self) -> tuple[CheckResult, ...]:
        return tuple(check for check in self.checks if not check.success)

    @property
    def success(self) -> bool:
        """Whether nothing failed, and something was looked at."""
        return not self.failed and any(not check.skipped for check in self.checks)

    @property
    def summary(self) -> str:
        skipped = sum(check.skipped for check in self.checks)
        passed = len(self.checks) - skipped - len(self.failed)
        words = [f"{passed} passed", f"{len(self.failed)} failed", f"{skipped} skipped"]
        warned = sum(bool(check.warnings) for check in self.checks)
        return ", ".join([*words, *([f"{warned} with warnings"] if warned else [])])


def to_object(validation: Validation) -> dict[str, Any]:
    """The validation as JSON has it."""
    return {
        "success": validation.success,
        "summary": validation.summary,
        "subject": dict(validation.subject),
        "checks": [
            {**asdict(check), "warnings": list(check.warnings), "seconds": round(check.seconds, 3)}
            for check in validation.checks
        ],
        "metrics": asdict(validation.metrics),
        "artifacts": list(validation.artifacts),
    }


def write(validation: Validation, folder: Path, redact: Callable[[str], str]) -> None:
    """Write `validate_results.json` into a folder, without its secrets. Raises OSError."""
    text = json.dumps(to_object(validation), indent=2, ensure_ascii=False)
    (folder / FILE).write_text(redact(f"{text}\n"), encoding="utf-8")
