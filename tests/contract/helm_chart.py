"""Our Helm chart as Helm renders it, plans to render it for, and objects made comparable."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import helm_python as helm
import yaml

from aim_runtime.deploy.asked import Asked
from aim_runtime.deploy.documents import plain, to_yaml
from aim_runtime.deploy.needs import Needs, needs
from aim_runtime.plan import make_plan
from aim_runtime.settings import Settings
from aim_runtime.site import survey
from running import COHERE, SMOLLM2

CHART = Path(__file__).parents[2] / "deploy" / "helm" / "aim"
IMAGE = f"registry.example.com/aim@sha256:{'0' * 64}"
ASKED = Asked("llm", IMAGE, namespace="serving")
MINIMAL = {"image": IMAGE}
MANAGED_BY = "app.kubernetes.io/managed-by"


@cache
def gpus() -> Needs:
    return planned(AIM_ID=COHERE, AIM_ACCELERATOR_MODEL="MI300X")


@cache
def cpu() -> Needs:
    return planned(AIM_ID=SMOLLM2, AIM_ACCELERATOR_TYPE="cpu")


def planned(*arguments: str, **said: str) -> Needs:
    """What a plan needs; nothing is fetched."""
    settings = Settings.from_env({"AIM_CACHE_PATH": "/nonexistent", **said}, arguments)
    return needs(make_plan(settings, survey(settings)))


def rendered(chart: Any, said: Mapping[str, Any], name: str = "llm") -> list[Any]:
    """The objects that Helm makes, from a values file as a user has it."""
    texts = chart.render(helm.values_from_yaml(to_yaml([said])), name=name, namespace="serving")
    manifests = [texts[path] for path in sorted(texts) if path.endswith(".yaml")]
    return [each for text in manifests for each in yaml.safe_load_all(text) if each]


def compared(objects: list[Any]) -> dict[str, Any]:
    """As data, order apart; but for what each of the two knows its objects by."""
    found = {}
    for each in map(plain, objects):
        # A Job's name ends with a digest of its text, as either writes it.
        name = re.sub(r"-download-[0-9a-f]{8}$", "-download", each["metadata"]["name"])
        each["metadata"]["name"] = name
        found[f"{each['kind']} {name}"] = _ordered(each)
    return found


def _ordered(value: Any) -> Any:
    if isinstance(value, dict):
        found = {key: _ordered(each) for key, each in value.items()}
        if found.get("name") == "AIM_ENGINE_ARGS":
            found["value"] = json.loads(found["value"])
        if MANAGED_BY in found:
            assert found.pop(MANAGED_BY) in ("Helm", "aim-runtime")
        return found
    if isinstance(value, list | tuple):
        each = [_ordered(item) for item in value]
        return sorted(each, key=json.dumps) if each and isinstance(each[0], dict) else each
    return value
