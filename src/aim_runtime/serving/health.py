"""Whether a service lives and whether it can take requests: judged here and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass

from aim_runtime.serving.life import View
from aim_runtime.vocabulary import Phase

# A stall of this many times the time after which a service is not ready any more is its end.
_DEAD_AFTER = 2


@dataclass(frozen=True)
class Verdict:
    """One answer to a probe, and why it is no; empty where it is yes."""

    ok: bool
    reason: str = ""


def live(view: View, stall_s: float) -> Verdict:
    """Whether a restart would be wrong: a start under way is life, and so is saturation."""
    if view.phase in (Phase.FAILED, Phase.STOPPED):
        return Verdict(False, _ended(view))
    # While it starts, who started it says what follows: another start, which is life, or the end.
    if view.phase in (Phase.READY, Phase.DRAINING) and not view.engine_alive:
        return Verdict(False, f"the engine's process {view.engine_pid} has ended")
    if view.stalled_s >= _DEAD_AFTER * stall_s:
        return Verdict(False, _stalled(view))
    return Verdict(True)


def ready(view: View, stall_s: float) -> Verdict:
    """Whether requests should be sent here."""
    alive = live(view, stall_s)
    if not alive.ok:
        return alive
    if view.phase is Phase.DRAINING:
        return Verdict(False, "draining: requests under way are finished, no new ones are taken")
    if view.phase is not Phase.READY:
        return Verdict(False, f"not ready yet: {view.phase}")
    if not view.answers:
        return Verdict(False, "the engine does not answer")
    if view.stalled_s >= stall_s:
        return Verdict(False, _stalled(view))
    return Verdict(True)


def _ended(view: View) -> str:
    return f"{view.phase}: {view.failure.message}" if view.failure else str(view.phase)


def _stalled(view: View) -> str:
    return f"the engine has made no progress for {view.stalled_s:.0f} s, and requests wait for it"
