"""Run single checks of the doctor on a machine, for a model or none."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from aim_runtime.doctor import admit
from aim_runtime.doctor.finding import Finding
from aim_runtime.doctor.patient import Check, Patient
from aim_runtime.settings import Settings


def patient(root: Path, environment: Mapping[str, str]) -> Patient:
    """The machine below `root`, with these settings and variables."""
    return admit(Settings.from_env({"AIM_HOST_ROOT": str(root.absolute()), **environment}), environment)


def found(root: Path, *checks: Check, **environment: str) -> list[Finding]:
    """The findings of these checks, in order."""
    examined = patient(root, environment)
    return [finding for check in checks for finding in check(examined)]


def by_code(root: Path, *checks: Check, **environment: str) -> dict[str, Finding]:
    """The same by their codes."""
    return {finding.code: finding for finding in found(root, *checks, **environment)}
