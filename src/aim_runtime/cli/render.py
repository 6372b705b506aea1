"""Values as text: one function for each value and format."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from typing import Any

import yaml
from msgspec import to_builtins

from aim_runtime.choice import Choice, why
from aim_runtime.cli.machine import variables_object
from aim_runtime.engines.launch import Launch
from aim_runtime.engines.shown import shown, shown_command
from aim_runtime.hardware.accelerator import Accelerator
from aim_runtime.hardware.cpulist import written
from aim_runtime.plan import Plan
from aim_runtime.profiles.memory import memory_object
from aim_runtime.profiles.profile import Profile
from aim_runtime.vocabulary import ProfileType

_GIB = 1024**3
_Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Block(str):
    """Text of several lines, which YAML writes as a block."""

    __slots__ = ()


_Dumper.add_representer(
    _Block, lambda dumper, value: dumper.represent_scalar("tag:yaml.org,2002:str", str(value), style="|")
)


def profile_object(profile: Profile) -> dict[str, Any]:
    """A profile as operators read it: metadata in today's and in the 0.9 spelling."""
    content = profile.content
    metadata = to_builtins(profile.metadata)
    metadata |= {
        "accelerator_type": str(profile.metadata.accelerator_type),
        "gpu": profile.metadata.accelerator_model,
        "gpu_count": profile.metadata.accelerator_count,
        "manual_selection_only": profile.metadata.manual_only,
    }
    return {
        "aim_id": content.aim_id,
        "model_id": content.model_id,
        "metadata": metadata,
        "engine_args": _without_secrets(content.engine_args),
        "env_vars": content.env_vars,
    }


def plan_object(plan: Plan) -> dict[str, Any]:
    """The plan as the contract spells it, with where each argument came from."""
    size, level = plan.location.size_bytes, plan.selection.verdict.level
    return {
        "filename": plan.profile.path.name,
        "path": str(plan.profile.path),
        "profile_id": plan.profile.id,
        "profile": _as_discovered(profile_object(plan.profile)),
        "models": [
            {
                "name": plan.location.model_id,
                "source": str(plan.location.sources[0]),
                "size_gb": None if size is None else round(size / _GIB, 2),
                "path": str(plan.location.path),
                "cached": plan.location.present,
                "sources": [str(source) for source in plan.location.sources],
            }
        ],
        "accelerators": {
            "source": plan.site.hardware.source,
            "uses": [_named(device) for device in plan.selection.uses],
            "leaves": [
                {"accelerator": _named(left.device), "reason": left.reason} for left in plan.selection.leaves
            ],
            "hidden": [
                {"accelerator": _named(each.device), "by": each.by} for each in plan.site.hardware.hidden
            ],
        },
        "memory": memory_object(plan.selection.verdict.fit),
        "why": why(Choice.of(plan)),
        "service_level": level.as_object() if level else None,
        "engine": {
            "name": plan.settings.engine,
            "version": plan.engine.version if plan.engine else None,
            "ready": f"{'https' if plan.launch.certificate else 'http'}://127.0.0.1:{plan.launch.port}{plan.launch.ready_path}",
        },
        "loading": _loading(plan.launch),
        "command": shown_command(plan.launch),
        "env": dict(plan.launch.environment),
        "variables": variables_object(plan.launch.variables),
        "numa_node": plan.launch.numa_node.number if plan.launch.numa_node else None,
        "arguments": [
            {"key": argument.key, "value": shown(argument.key, argument.value), "from": str(argument.layer)}
            for argument in plan.launch.arguments
        ],
        "script": plan_shell(plan) + "\n",
    }


def _as_discovered(profile: dict[str, Any]) -> dict[str, Any]:
    """A profile in the words that AMD's operator has for what it discovers: of a general one it has none.

    Its custom resource refuses any other type, and then it never learns what the image serves (aim-engine,
    config/crd/bases/aim.eai.amd.com_aimservicetemplates.yaml). The profile's id says that it is general.
    """
    metadata = profile["metadata"]
    if metadata["type"] == ProfileType.GENERAL:
        metadata = metadata | {"type": str(ProfileType.UNOPTIMIZED)}
    return profile | {"metadata": metadata}


def _loading(launch: Launch) -> dict[str, str] | None:
    loading = launch.loading
    return {"strategy": str(loading.strategy), "reason": loading.reason} if loading else None


def _named(device: Accelerator) -> str:
    return f"{device.model or device.name} #{device.index}"


def plan_json(plan: Plan) -> str:
    return json.dumps([plan_object(plan)], indent=2, ensure_ascii=False)


def plan_yaml(plan: Plan) -> str:
    found = plan_object(plan)
    found["script"] = _Block(found["script"])
    return to_yaml([found])


def plan_shell(plan: Plan) -> str:
    """A script that does what serve does once the weights are there."""
    exports = [f"export {name}={shlex.quote(value)}" for name, value in plan.launch.environment.items()]
    if plan.settings.key_present:
        # Without the key the engine would let everyone in: the script ends instead.
        exports.append(': "${VLLM_API_KEY:?the key that clients must send}"')
    node = plan.launch.numa_node
    bound = f"taskset --cpu-list {written(node.cpus)} " if node else ""
    return "\n".join(["#!/bin/sh", *exports, f"exec {bound}{shlex.join(shown_command(plan.launch))}"])


def to_yaml(value: Any) -> str:
    text: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    return text.rstrip("\n")


def _without_secrets(arguments: dict[str, Any]) -> dict[str, Any]:
    return {key: shown(key, value) for key, value in arguments.items()}


PLAN_FORMATS: dict[str, Callable[[Plan], str]] = {"yaml": plan_yaml, "json": plan_json, "shell": plan_shell}
