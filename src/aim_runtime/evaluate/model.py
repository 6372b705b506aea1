"""What is known of the service that is evaluated, beyond its URL."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any

from aim_runtime.service.target import Service


@dataclass(frozen=True)
class Served:
    """`weights` is the folder with them, where it is on this machine too; `max_length` in tokens."""

    service: Service
    weights: str | None = None
    max_length: int | None = None
    profile_id: str | None = None
    engine: str | None = None
    accelerators: int | None = None
    accelerator_type: str | None = None


def look(service: Service, key: str | None, plan: Mapping[str, Any] | None = None) -> Served:
    """Ask the service what vLLM tells of its model; the rest is in the plan of one that was started."""
    model = _model(service, key)
    root, length = model.get("root"), model.get("max_model_len")
    weights = root if isinstance(root, str) and (Path(root) / "tokenizer_config.json").is_file() else None
    found = Served(service, weights, length if isinstance(length, int) else None)
    if plan is None:
        return found
    accelerators = plan["accelerators"]
    return Served(
        service,
        found.weights,
        found.max_length,
        plan["profile"]["id"],
        f"{plan['engine']['name']} {plan['engine']['version']}",
        accelerators["count"],
        accelerators["type"],
    )


def _model(service: Service, key: str | None) -> dict[str, Any]:
    """The service's own description of the model; empty where it has none."""
    asked = urllib.request.Request(
        f"{service.api}/models", headers={"Authorization": f"Bearer {key}"} if key else {}
    )
    try:
        with urllib.request.urlopen(asked, timeout=30) as answer:
            models: list[dict[str, Any]] = json.load(answer)["data"]
    except (OSError, HTTPException, ValueError, KeyError, TypeError):
        return {}
    return next((each for each in models if each.get("id") == service.model), {})
