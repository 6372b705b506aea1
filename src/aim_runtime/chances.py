"""CHANCES: what follows when the engine fails to start: nothing, the same once more, or the next profile."""

from __future__ import annotations

from dataclasses import replace

from aim_runtime.errors import AimError, EngineError, EngineExited, EngineNeverReady
from aim_runtime.plan import Plan, make_plan
from aim_runtime.profiles.ranking import ranked
from aim_runtime.serving.life import Attempt, Life
from aim_runtime.serving.supervisor import EngineFailed
from aim_runtime.vocabulary import OnFailure

# So many profiles after the first: each of them may have loaded for a quarter of an hour.
MOST_STEPS = 2
LAST = "stop"
# What is in the way of every profile alike: the machine, a source, the files. Another one would only take
# as long again to fail.
_NOT_THE_PROFILES = frozenset(
    f"engine.{name}"
    for name in (
        *("port_taken", "no_gpu", "device_closed", "driver_too_old", "shared_memory", "open_files"),
        *("pinned_memory", "disk_full", "cache_not_writable", "permission_denied", "module_missing"),
        *("repository_gated", "repository_missing", "hub_unreachable", "adapter_rank", "adapter_unusable"),
        *("nameless_user", "too_many_threads", "illegal_instruction"),
    )
)


class Chances:
    """The plans that may still be tried after `plan`, the first."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._policy = plan.settings.serving.on_failure
        self._attempts: list[Attempt] = []

    def after(self, failed: EngineFailed, life: Life) -> tuple[Attempt, Plan]:
        """What failed, for people to see, and the plan to try now; raises the failure's error for none.

        That an engine ends which was ready is no failed start: whoever started this program starts it again.
        """
        tried = self._plan.profile.id
        following = None if failed.was_ready else self._following(failed)
        step = LAST
        if following:
            again = following.profile.id == tried
            step = "the same once more" if again else f"profile {following.profile.id}"
        attempt = Attempt(tried, failed.failure, step)
        self._attempts.append(attempt)
        if not failed.was_ready:
            life.change(attempts=tuple(self._attempts))
        if following is None:
            life.change(failure=failed.failure)
            raise self._error(failed) from failed
        self._plan = following
        return attempt, following

    def _following(self, failed: EngineFailed) -> Plan | None:
        if self._policy is OnFailure.RETRY:
            return self._plan if failed.failure.transient and not self._attempts else None
        hopeless = failed.failure.code in _NOT_THE_PROFILES
        if self._policy is OnFailure.NEXT_PROFILE and len(self._attempts) < MOST_STEPS and not hopeless:
            return self._next_profile()
        return None

    def _next_profile(self) -> Plan | None:
        """The plan for the next profile in rank that can be planned, pinned as a user would pin it."""
        settings, site = self._plan.settings, self._plan.site
        ids = [
            each.profile.id
            for each in ranked(self._plan.selection.verdicts, site.hardware)
            if each.automatic or each.profile is self._plan.profile
        ]
        for profile_id in (
            ids[ids.index(self._plan.profile.id) + 1 :] if self._plan.profile.id in ids else ids
        ):
            if profile_id in {attempt.profile for attempt in self._attempts}:
                continue
            try:
                return make_plan(replace(settings, profile_id=profile_id), site)
            except AimError:
                continue  # it would not start for another reason
        return None

    def _error(self, failed: EngineFailed) -> EngineError:
        """The last failure, with all that was tried."""
        failure = failed.failure
        kind = EngineNeverReady if failed.code is None else EngineExited
        before = [f"{each.profile} ({each.failure.code})" for each in self._attempts]
        all_tried = f"; tried: {', '.join(before)}" if len(before) > 1 else ""
        return kind(
            f"{failure.message}{all_tried}", hint=failure.hint, code=failure.code, details=failed.lines
        )
