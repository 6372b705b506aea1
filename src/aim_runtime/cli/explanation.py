"""The explanation as one object; docs/reference/explain.md has every key."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from aim_runtime.choice import Choice, counted, why
from aim_runtime.cli.machine import variables_object
from aim_runtime.profiles.catalog import Problem
from aim_runtime.profiles.memory import memory_object
from aim_runtime.profiles.selection import Objection, Verdict
from aim_runtime.settings import Settings


def explanation_json(choice: Choice, only: Verdict | Problem | None = None) -> str:
    """The object as text, with one of the profiles only or with all."""
    return json.dumps(explanation_object(choice, only), indent=2, ensure_ascii=False)


def explanation_object(choice: Choice, only: Verdict | Problem | None = None) -> dict[str, Any]:
    """Plain values: bytes, tokens, words; None where something is not known or there is none."""
    hardware, chosen = choice.site.hardware, choice.chosen
    ranks = {verdict.profile.id: rank for rank, verdict in enumerate(choice.ranked(), 1)}
    order = choice.in_order()
    shown = order if only is None else [only] if isinstance(only, Verdict) else []
    problems = choice.site.catalog.problems if only is None else (only,) if isinstance(only, Problem) else ()
    model = shown[0].model if shown else None
    return {
        "request": _request(choice.settings),
        "hardware": {
            "source": hardware.source,
            "accelerators": [
                {
                    "index": device.index,
                    "type": str(device.type),
                    "model": device.model,
                    "name": device.name,
                    "memory_bytes": device.memory_bytes,
                    "free_bytes": device.free_bytes,
                    "partition": device.partition.mode if device.partition else None,
                }
                for device in (*hardware.gpus, hardware.cpu)
            ],
            "hidden": [
                {"model": each.device.model, "name": each.device.name, "by": each.by}
                for each in hardware.hidden
            ],
            "problems": list(hardware.problems),
        },
        "model": asdict(model) | {"source": model.source or None} if model else None,
        "chosen": chosen.profile.id if chosen else None,
        "why": why(choice),
        "profiles": [_profile(verdict, ranks.get(verdict.profile.id), choice) for verdict in shown],
        "problems": [{"path": str(problem.path), "reason": problem.reason} for problem in problems],
    }


def _request(settings: Settings) -> dict[str, Any]:
    return {
        "aim_id": settings.aim,
        "model_id": str(settings.model_ref) if settings.model_ref else None,
        "profile_id": settings.profile_id,
        "engine": settings.engine,
        "metric": str(settings.metric),
        "any_metric": settings.any_metric,
        "slo": settings.slo.text if settings.slo else None,
        "precision": settings.precision,
        "accelerator_type": settings.accelerator_type,
        "accelerator_model": settings.accelerator_model,
        "accelerator_count": settings.accelerator_count,
        "allow_general_profile_fallback": settings.allow_general_profile_fallback,
        "allow_unoptimized": settings.allow_unoptimized,
    }


def _profile(verdict: Verdict, rank: int | None, choice: Choice) -> dict[str, Any]:
    metadata = verdict.profile.metadata
    barrier = verdict.barrier
    return {
        "profile_id": verdict.profile.id,
        "state": str(verdict.state),
        "automatic": verdict.automatic,
        "rank": rank,
        "score": {
            "accelerator_count": counted(verdict.profile),
            "layer": str(verdict.profile.origin),
            "precision": str(metadata.precision),
            "type": str(metadata.type),
        },
        "reasons": [{"state": str(each.state), **_texts(each)} for each in verdict.objections],
        "barrier": _texts(barrier) if barrier else None,
        "change": verdict.change or None,
        "uses": [device.index for device in verdict.uses],
        "environment": variables_object(choice.environment(verdict)),
        "memory": memory_object(verdict.fit),
        "service_level": verdict.level.as_object() if verdict.level else None,
    }


def _texts(objection: Objection) -> dict[str, Any]:
    return {"text": objection.text, "change": objection.change or None}
