"""What a probe is told, for every state that a service can be in."""

from __future__ import annotations

import pytest

from aim_runtime.serving.health import live, ready
from aim_runtime.serving.life import View
from aim_runtime.vocabulary import Phase
from unit.serving.views import KV, view

STALL_S = 60.0
_ENDED = "the engine's process 7 has ended"
_STALLED = "the engine has made no progress for {} s, and requests wait for it"

# The view, why it is not live, why it is not ready; empty: it is.
CASES: dict[str, tuple[View, str, str]] = {
    "surveying": (view(Phase.SURVEYING), "", "not ready yet: surveying"),
    "downloading": (view(Phase.DOWNLOADING), "", "not ready yet: downloading"),
    "the engine is about to start": (view(Phase.STARTING), "", "not ready yet: starting the engine"),
    "loading": (
        view(Phase.LOADING, engine_pid=7, engine_alive=True),
        "",
        "not ready yet: loading weights",
    ),
    "the engine ended while it loaded": (
        view(Phase.LOADING, engine_pid=7),
        "",
        "not ready yet: loading weights",
    ),
    "ready": (view(), "", ""),
    "ready and the engine ended": (view(engine_alive=False), _ENDED, _ENDED),
    "ready and no answer": (view(answers=False), "", "the engine does not answer"),
    "a short stall": (view(stalled_s=59.9), "", ""),
    "a stall": (view(stalled_s=60.0), "", _STALLED.format(60)),
    "almost twice the stall": (view(stalled_s=119.9), "", _STALLED.format(120)),
    "twice the stall": (view(stalled_s=120.0), _STALLED.format(120), _STALLED.format(120)),
    "draining": (
        view(Phase.DRAINING),
        "",
        "draining: requests under way are finished, no new ones are taken",
    ),
    "draining and the engine ended": (view(Phase.DRAINING, engine_alive=False), _ENDED, _ENDED),
    "stopped": (view(Phase.STOPPED), "stopped", "stopped"),
    "failed": (view(Phase.FAILED), "failed", "failed"),
    "failed, and why is known": (
        view(Phase.FAILED, failure=KV),
        "failed: no room for one request",
        "failed: no room for one request",
    ),
    "started again after a failure": (
        view(Phase.STARTING, failure=KV),
        "",
        "not ready yet: starting the engine",
    ),
}


@pytest.mark.parametrize(("seen", "against_life", "against_asking"), CASES.values(), ids=CASES)
def test_what_is_answered(seen: View, against_life: str, against_asking: str) -> None:
    assert (live(seen, STALL_S).ok, live(seen, STALL_S).reason) == (not against_life, against_life)
    assert (ready(seen, STALL_S).ok, ready(seen, STALL_S).reason) == (not against_asking, against_asking)
