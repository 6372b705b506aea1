"""/metrics: the service itself. What the engine does is in the metrics of its own port."""

from __future__ import annotations

from collections.abc import Iterator

from aim_runtime.serving.health import live, ready
from aim_runtime.serving.life import View
from aim_runtime.serving.management.exposition import Metric, Sample
from aim_runtime.version import __version__
from aim_runtime.vocabulary import OnFailure, Phase

_AFTER_START = (Phase.READY, Phase.DRAINING, Phase.STOPPED, Phase.FAILED)


def metrics(view: View, stall_s: float) -> Iterator[Metric]:
    """What is not known is left out, but for the labels of `aim_info`, which are empty then."""
    yield Metric("aim_info", "gauge", "What is served, and by what", (Sample(1, _info(view)),))
    yield _gauge("aim_live", "Whether the service lives", live(view, stall_s).ok)
    yield _gauge("aim_ready", "Whether the service can take requests", ready(view, stall_s).ok)
    phases = tuple(Sample(int(each is view.phase), {"phase": str(each)}) for each in Phase)
    yield Metric("aim_phase", "gauge", "1 for the phase that the service is in", phases)
    yield Metric("aim_startup_phase_seconds", "gauge", "Time that a phase of the start took", _startup(view))
    yield _counter("aim_bytes_fetched_total", "Bytes of weights that were fetched", view.bytes_fetched)
    yield _gauge("aim_cache_hit", "Whether the weights were there already", view.cache_hit)
    restarts = "Starts of the engine that failed and were followed by another"
    followed = [each for each in view.attempts if each.next_step != OnFailure.STOP]
    yield _counter("aim_restarts_total", restarts, len(followed))
    failed = (Sample(1, {"code": view.failure.code}),) if view.failure else ()
    yield Metric("aim_failure", "gauge", "Why the service failed", failed)
    yield _gauge("aim_stalled_seconds", "How long queued work has made no progress", view.stalled_s)
    memory = (view.plan or {}).get("memory") or {}
    predicted = "Tokens that the KV cache was predicted to hold"
    yield _gauge("aim_fit_predicted_kv_tokens", predicted, memory.get("kv_cache_tokens"))
    yield _gauge("aim_engine_kv_tokens", "Tokens that the engine's KV cache holds", view.kv_tokens)
    yield _gauge("aim_adapters", "LoRA adapters that are served", len(view.adapters))


def _gauge(name: str, text: str, value: float | None) -> Metric:
    return Metric(name, "gauge", text, () if value is None else (Sample(float(value), {}),))


def _counter(name: str, text: str, value: int) -> Metric:
    return Metric(name, "counter", text, (Sample(value, {}),))


def _startup(view: View) -> tuple[Sample, ...]:
    """Each phase once: a second start adds to the time of the first."""
    spent: dict[Phase, float] = {}
    for stage in view.stages:
        if stage.phase not in _AFTER_START:
            spent[stage.phase] = spent.get(stage.phase, 0.0) + stage.seconds
    return tuple(Sample(seconds, {"phase": str(phase)}) for phase, seconds in spent.items())


def _info(view: View) -> dict[str, str]:
    plan = view.plan or {}
    profile, engine, devices = (plan.get(part) or {} for part in ("profile", "engine", "accelerators"))
    known = {
        "aim_id": plan.get("aim_id"),
        "model_id": plan.get("model_id"),
        "profile": profile.get("id"),
        "engine": engine.get("name"),
        "engine_version": engine.get("version"),
        "version": __version__,
        "accelerator": devices.get("model") or devices.get("name"),
        "count": devices.get("count"),
    }
    return {name: "" if value is None else str(value) for name, value in known.items()}
