"""The whole of a validation: the plan of this machine, then a service, started for it or given by its URL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from aim_runtime.errors import AimError, InvalidValue
from aim_runtime.plan import Plan
from aim_runtime.service.started import started
from aim_runtime.service.target import base_url
from aim_runtime.settings import Settings
from aim_runtime.validate.capabilities import Declarations, of_plan, undeclared, with_config
from aim_runtime.validate.check import Check
from aim_runtime.validate.client import Client
from aim_runtime.validate.config import Config
from aim_runtime.validate.listed import OFFLINE_CHECKS, RUNTIME_CHECKS
from aim_runtime.validate.planning import look
from aim_runtime.validate.result import CheckResult, Scope, Validation
from aim_runtime.validate.run import Starting, Tell, failed, run, skip
from aim_runtime.validate.subject import Answering

LOG = "service.log"
_Subject = TypeVar("_Subject")


@dataclass(frozen=True)
class Asked:
    """What is to be validated, and how.

    `url` is None for a service that is started from the plan. `only` names the checks that are wanted,
    none for all; what they need runs too. `wait_s` is how long a start, or the first answer of a service
    that runs, may take; `timeout_s` how long one answer may. `folder` gets the log of a service.
    """

    scopes: frozenset[Scope]
    config: Config
    url: str | None = None
    model: str | None = None
    key: str | None = field(default=None, repr=False)
    wait_s: float = 0.0
    timeout_s: float = 300.0
    only: frozenset[str] = frozenset()
    folder: Path | None = None


def validate(asked: Asked, settings: Settings, environment: Mapping[str, str], tell: Tell) -> Validation:
    """Run the checks of the scopes. What is wrong with the service is in the result, and raises nothing.

    Raises ConfigError for settings that are wrong, and where a plan is needed what `make_plan` raises.
    """
    url = base_url(asked.url) if asked.url else None
    planned = look(settings, environment, required=url is None or Scope.OFFLINE not in asked.scopes)
    plan = None if isinstance(planned, str) else planned.plan
    if plan is not None and plan.launch.embeds and url is None and Scope.OFFLINE in asked.scopes:
        raise InvalidValue(
            f"{plan.location.model_id} is served for embeddings, and the checks of a service ask for text",
            hint="validate its plan alone: --scope runtime",
        )
    results: list[CheckResult] = []
    if Scope.RUNTIME in asked.scopes:
        here = _wanted(RUNTIME_CHECKS, asked.only)
        if isinstance(planned, str):
            results = skip(here, planned, tell)
        else:
            results = run(here, planned, (), undeclared(), tell)
    there = _wanted(OFFLINE_CHECKS, asked.only) if Scope.OFFLINE in asked.scopes else []
    service = Answering(
        Client(url or "", asked.key, asked.timeout_s), asked.config, asked.model or "", asked.wait_s
    )
    if there and url:
        results += _ask(there, service, plan, tell)
    elif there and (plan is None or any(not each.success for each in results)):
        results += skip(there, "no service is started from a plan that is wrong", tell)
    elif there:
        results += _start(there, service, asked, environment, plan, tell)
    subject = {
        "model": service.model or None,
        "profile": plan.profile.id if plan else None,
        "service_url": service.client.url or None,
    }
    return Validation(tuple(results), service.times, subject=subject)


def declarations(plan: Plan | None, config: Config, served: Sequence[str] | None = None) -> Declarations:
    """What is declared: by the plan, where what is `served` has its model, and by the --config file."""
    found = undeclared()
    if plan is not None:
        model = plan.location.model_id
        ours = served is None or model in served
        found = (
            of_plan(plan) if ours else undeclared(f"the plan here is of {model}, which is not served there")
        )
    return with_config(found, config.declared)


def _wanted(checks: Sequence[Check[_Subject]], only: frozenset[str]) -> list[Check[_Subject]]:
    """Those that are wanted, with those that they need."""
    needed = only | {name for check in checks if check.name in only for name in check.needs}
    return [check for check in checks if not only or check.name in needed]


def _start(
    checks: Sequence[Check[Answering]],
    service: Answering,
    asked: Asked,
    environment: Mapping[str, str],
    plan: Plan | None,
    tell: Tell,
) -> list[CheckResult]:
    """Start the plan's service and check it; a start that fails is a failed check, in the words of serve."""
    with _folder(asked.folder) as folder:
        try:
            with started(
                environment,
                folder / LOG,
                ready_s=asked.wait_s,
                tell=lambda phase, percent: tell(Starting(phase, percent)),
                port=asked.config.port,
            ) as run_:
                service.times.ready_time_seconds = round(run_.seconds, 3)
                service.client = Client(run_.service.url, asked.key, asked.timeout_s)
                service.wait_s = 0
                return _ask(checks, service, plan, tell)
        except AimError as error:
            result = failed(checks[0], f"the service did not start: {error.line} ({error.code})", error.hint)
            tell(result)
            return [result, *run(checks[1:], service, [result], undeclared(), tell)]


def _ask(
    checks: Sequence[Check[Answering]], service: Answering, plan: Plan | None, tell: Tell
) -> list[CheckResult]:
    """Check a service that runs: what is declared can be told once it is known what it serves."""
    if plan is not None and not service.model:
        service.prefers = plan.location.model_id
    first = run(checks[:1], service, (), service.declared, tell)
    service.declared = declarations(plan, service.config, service.served)
    return [*first, *run(checks[1:], service, first, service.declared, tell)]


@contextmanager
def _folder(given: Path | None) -> Iterator[Path]:
    """The folder for the log of a service that is started: one that goes with it where none is given."""
    if given is not None:
        yield given
        return
    with TemporaryDirectory(prefix="aim-validate-") as folder:
        yield Path(folder)
