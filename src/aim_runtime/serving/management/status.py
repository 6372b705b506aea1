"""/status: everything that is known of a service at the moment. docs/reference/status.md has every key."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from aim_runtime.engines.load import Load
from aim_runtime.models.status import Status
from aim_runtime.serving.health import live, ready
from aim_runtime.serving.life import Attempt, Stage, View
from aim_runtime.version import __version__


def status(view: View, stall_s: float) -> dict[str, Any]:
    """Plain values: seconds, bytes, tokens, words; None where something is not known or not there."""
    is_live, is_ready = live(view, stall_s), ready(view, stall_s)
    return {
        "phase": str(view.phase),
        "percent": _percent(view),
        "live": is_live.ok,
        "ready": is_ready.ok,
        "reason": is_ready.reason or None,
        "began_at_s": view.began_at_s,
        "elapsed_s": round(view.seconds, 3),
        "stages": [_stage(each) for each in view.stages],
        "transfer": _transfer(view.transfer) if view.transfer else None,
        "weights": {"bytes_fetched": view.bytes_fetched, "cache_hit": view.cache_hit},
        "plan": view.plan,
        "engine": {
            "pid": view.engine_pid,
            "alive": view.engine_alive,
            "answers": view.answers,
            "stalled_s": round(view.stalled_s, 3),
            "kv_tokens": view.kv_tokens,
        },
        "load": _load(view.load) if view.load else None,
        "load_at_s": view.load_at_s,
        "adapters": list(view.adapters),
        "failure": asdict(view.failure) if view.failure else None,
        "attempts": attempts(view.attempts),
        "version": __version__,
    }


def attempts(failed: Sequence[Attempt]) -> list[dict[str, Any]]:
    """The starts that failed, the first one first."""
    return [
        {"profile": each.profile, "failure": asdict(each.failure), "next_step": each.next_step}
        for each in failed
    ]


def _load(load: Load) -> dict[str, Any]:
    """All of it but what is told of the engine already."""
    return {name: value for name, value in asdict(load).items() if name != "kv_tokens"}


def _percent(view: View) -> float | None:
    found = view.percent
    if found is None and view.transfer:
        found = view.transfer.percent
    # Down: what is not over yet is not 100 %.
    return None if found is None else math.floor(found * 10) / 10


def _stage(stage: Stage) -> dict[str, Any]:
    return {
        "phase": str(stage.phase),
        "began_at_s": stage.began_at_s,
        "seconds": round(stage.seconds, 3),
    }


def _transfer(moving: Status) -> dict[str, Any]:
    return {
        "what": moving.phase,
        "done_bytes": moving.done_bytes,
        "total_bytes": moving.total_bytes,
        "bytes_per_s": moving.bytes_per_s,
        "eta_s": moving.eta_s,
        "percent": moving.percent,
    }
