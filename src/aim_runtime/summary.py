"""What a plan comes to, as JSON has it: what is served, how and why, with no secret in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aim_runtime.choice import Choice, why
from aim_runtime.engines import ENGINES
from aim_runtime.engines.launch import Launch
from aim_runtime.engines.shown import shown, shown_command, shown_variable
from aim_runtime.models import manifest
from aim_runtime.plan import Plan
from aim_runtime.profiles.fit import Fit, NotKnown
from aim_runtime.profiles.memory import memory_object


def summary(plan: Plan, folder: Path | None = None) -> dict[str, Any]:
    """Plain values; None where something is not known. docs/reference/status.md has every key.

    `folder` has the weights, once they are there: it knows which of the sources they came from.
    """
    written = manifest.read(folder) if folder else None
    metadata, level = plan.profile.metadata, plan.selection.verdict.level
    aim = plan.site.catalog.aim
    return {
        "model_id": plan.location.model_id,
        "aim_id": plan.profile.content.aim_id,
        "source": written.source if written else str(plan.location.sources[0]),
        "license": aim.licenses if aim else None,
        "profile": {
            "id": plan.profile.id,
            "precision": str(metadata.precision),
            "metric": str(metadata.metric),
            "type": str(metadata.type),
        },
        "why": why(Choice.of(plan)),
        "slo": plan.settings.slo.text if plan.settings.slo else None,
        "service_level": level.text if level else None,
        "warnings": list(plan.warnings),
        "accelerators": _accelerators(plan),
        "memory": memory_object(plan.selection.verdict.fit),
        "fit": _fit(plan.selection.verdict.fit),
        "engine": {"name": plan.settings.engine, "version": plan.engine.version if plan.engine else None},
        "url": _url(plan),
        "command": shown_command(plan.launch),
        **_layered(plan.launch),
    }


def _accelerators(plan: Plan) -> dict[str, Any]:
    first = plan.selection.uses[0]
    return {
        "type": str(first.type),
        "model": first.model,
        "name": first.name,
        "count": len(plan.selection.uses),
        "cores": first.cores,
        "source": plan.site.hardware.source,
    }


def _fit(found: Fit | NotKnown | None) -> str | None:
    if isinstance(found, Fit):
        return found.summary
    return f"not checked: {found.reason}" if found else None


def _url(plan: Plan) -> str:
    tls = ENGINES[plan.settings.engine].endpoint(plan.launch, {}).tls
    nodes = plan.settings.nodes
    host = nodes.master if nodes and not nodes.leads else "localhost"
    return f"http{'s' if tls else ''}://{host}:{plan.launch.port}/v1"


def _layered(launch: Launch) -> dict[str, Any]:
    """Every argument and variable with who gave it."""
    return {
        "arguments": [
            {"key": each.key, "value": shown(each.key, each.value), "from": str(each.layer)}
            for each in launch.arguments
        ],
        "variables": [
            {
                "name": each.name,
                "value": shown_variable(each),
                "from": str(each.layer),
                "reason": each.reason or None,
            }
            for each in launch.variables
        ],
    }
