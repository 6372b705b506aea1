"""Plans that are told apart by what they need, and the manifests of each."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import yaml

from aim_runtime.deploy.asked import Asked, usual_gpu_resource, usual_image, usual_name
from aim_runtime.deploy.documents import to_yaml
from aim_runtime.deploy.kubernetes.objects import Document
from aim_runtime.deploy.kubernetes.render import render
from aim_runtime.deploy.needs import Needs, needs
from aim_runtime.plan import make_plan
from aim_runtime.settings import Settings
from aim_runtime.site import survey
from running import COHERE, SMOLLM2
from unit.profiles import build

QWEN = "Qwen/Qwen3-32B"
# Where nothing listens: a look at the store fails at once, and the plan is made without.
_S3 = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_DEFAULT_REGION": "eu-west-1"}
PLANS: Mapping[str, Mapping[str, str]] = {
    "cohere-mi300x": {"AIM_ID": COHERE, "AIM_ACCELERATOR_MODEL": "MI300X"},
    "cohere-mi300x-2": {
        "AIM_ID": COHERE,
        "AIM_ACCELERATOR_MODEL": "MI300X",
        "AIM_ACCELERATOR_COUNT": "2",
    },
    "qwen-mi325x": {"AIM_ID": QWEN, "AIM_ACCELERATOR_MODEL": "MI325X"},
    "smollm2-cpu": {"AIM_ID": SMOLLM2, "AIM_ACCELERATOR_TYPE": "cpu"},
    "custom": {
        "AIM_ID": COHERE,
        "AIM_ACCELERATOR_MODEL": "MI300X",
        "AIM_PROFILE_ID": f"custom/{COHERE}/mine",
    },
    "s3": {"AIM_ID": QWEN, "AIM_MODEL_ID": "s3://models/qwen3", "AIM_ACCELERATOR_MODEL": "MI325X", **_S3},
    "guarded": {
        **{"AIM_ID": QWEN, "AIM_ACCELERATOR_MODEL": "MI300X", "AIM_MANAGEMENT_PORT": ""},
        **{"VLLM_API_KEY": "planted-secret-of-the-service", "AIM_DRAIN_SECONDS": "300"},
    },
}


def planned(name: str, home: Path) -> Needs:
    """What the plan of a name needs."""
    said = {"HOME": str(home), "AIM_CACHE_PATH": str(home / "models"), **PLANS[name]}
    if name == "custom":
        profiles = home / "profiles"
        build.write(profiles / "custom" / COHERE / "mine.yaml", build.content(COHERE))
        said["AIM_PROFILES_PATH"] = str(profiles)
    return needed(said)


def needed(environment: Mapping[str, str]) -> Needs:
    """What the plan that an environment makes needs."""
    settings = Settings.from_env(environment)
    return needs(make_plan(settings, survey(settings, environment=environment)), environment)


def manifests(wanted: Needs, **said: Any) -> list[dict[str, Any]]:
    """The objects as the API gets them."""
    return [msgspec.json.decode(msgspec.json.encode(each)) for each in _rendered(wanted, **said)]


def written(wanted: Needs, **said: Any) -> list[dict[str, Any]]:
    """The same, read back from the YAML that they are written as."""
    return list(yaml.safe_load_all(to_yaml(_rendered(wanted, **said))))


def _rendered(wanted: Needs, **said: Any) -> list[Document]:
    usual = {
        "name": usual_name(wanted),
        "image": usual_image(wanted),
        "gpu_resource": usual_gpu_resource(wanted),
    }
    return render(wanted, Asked(**{**usual, **said}))
