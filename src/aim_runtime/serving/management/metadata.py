"""/v1/metadata and /v1/version: what is served, in the shape that NVIDIA's NIM made usual."""

from __future__ import annotations

from typing import Any

from aim_runtime.serving.life import View
from aim_runtime.serving.management.status import attempts
from aim_runtime.version import __version__


def metadata(view: View) -> dict[str, Any]:
    """What is known: before there is a plan, that is the version alone."""
    plan = view.plan
    return {
        "version": __version__,
        "modelInfo": [{"shortName": plan["model_id"], "modelUrl": plan["source"]}] if plan else [],
        "selectedModelProfileId": plan["profile"]["id"] if plan else None,
        "assetInfo": [plan["source"]] if plan else [],
        "licenseInfo": {"name": plan["license"]} if plan and plan["license"] else None,
        "adapters": list(view.adapters),
        # A profile that failed before this one is no secret of the log's.
        "attempts": attempts(view.attempts),
    }


def release(view: View) -> dict[str, Any]:
    """Ours, the engine's, and that of the API which the engine serves."""
    return {"release": __version__, "api": "v1", "engine": view.plan["engine"] if view.plan else None}
