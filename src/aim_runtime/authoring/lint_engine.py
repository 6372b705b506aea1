"""What the engine will make of a profile's arguments and variables: the rules that need its version."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from shlex import quote
from typing import Any

from aim_runtime.authoring.engine_version import EngineVersion
from aim_runtime.authoring.finding import Remark, error, warning
from aim_runtime.engines.options import Against, Objection, unlisted_objections
from aim_runtime.engines.vllm import OWNED
from aim_runtime.engines.vllm_changes import change_of
from aim_runtime.errors import did_you_mean
from aim_runtime.profiles.profile import ProfileFile
from aim_runtime.variables import SECRET_ARGUMENTS
from aim_runtime.vocabulary import AcceleratorType

_SECRET_ENDINGS = ("_API_KEY", "_TOKEN", "_SECRET", "_PASSWORD", "_ACCESS_KEY", "_ACCESS_KEY_ID")
# What is set for AWS and is no secret.
_AWS_OPEN = ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL")
_TENSOR_PARALLEL = "tensor-parallel-size"
_VISIBLE = "the plan decides which accelerators the engine sees"
# Variables that the runtime or its user decides, and why a profile should not.
_OWNED_VARIABLES = {
    **dict.fromkeys(("HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES"), _VISIBLE),
    "HF_HUB_OFFLINE": "the runtime sets it to 1: the weights are on disk before the engine starts",
    "VLLM_LOGGING_LEVEL": "users set it with AIM_LOG_LEVEL_ROOT, which the profile would overrule",
}


def of_engine(path: Path, content: ProfileFile, engine: EngineVersion) -> Iterator[Remark]:
    """Yield what `engine` and the runtime hold against the arguments and the variables of a profile."""
    spelled: dict[str, str] = {}
    arguments: dict[str, Any] = {}
    for name, value in content.engine_args.items():
        key, arguments_value = engine.options.normal(name, value)
        if key in spelled:
            text = f"{name} and {spelled[key]} are one option; the last one counts"
            yield warning("given-twice", ("engine_args", name), text, f"remove {name} or {spelled[key]}")
        spelled[key], arguments[key] = name, arguments_value
    migrate = f"aim-runtime profiles migrate {quote(str(path))} --engine-version {engine.version}"
    for objection in _objections(arguments, engine):
        name = spelled.get(objection.key, objection.key)
        yield _refused(objection, name, engine.version, migrate)
    yield from _owned(arguments, spelled)
    yield from _parallel(arguments, spelled, content)
    for name in content.env_vars:
        yield from _variable(name, engine, migrate)


def _objections(arguments: Mapping[str, Any], engine: EngineVersion) -> Iterator[Objection]:
    if engine.listed:
        yield from engine.options.objections(arguments)
        return
    for key in arguments:
        if change_of(key, engine.version):
            yield Objection(key, Against.OPTION, "")
    yield from unlisted_objections(arguments)


def _refused(objection: Objection, name: str, version: str, migrate: str) -> Remark:
    location, text = ("engine_args", name), objection.text
    if objection.against is Against.VALUE:
        fix = f"give {name} a value that vLLM takes, or remove it"
        return error("argument-value", location, text, fix)
    if objection.against is Against.TOGETHER:
        return error("arguments-together", location, text, "change one of them, or remove one")
    change = change_of(objection.key, version)
    if change:
        return error("gone-argument", location, f"{name}: {change.reason}", migrate)
    fix = "mend the name, or remove it; vllm serve --help=all lists the options"
    return error("unknown-argument", location, text, fix)


def _owned(arguments: Mapping[str, Any], spelled: Mapping[str, str]) -> Iterator[Remark]:
    for key, setting in OWNED.items():
        if key in arguments:
            name = spelled[key]
            text = f"{name}: ignored in a profile: the runtime sets it"
            yield warning("owned-argument", ("engine_args", name), text, f"remove it; users set {setting}")
    for key in SECRET_ARGUMENTS:
        if arguments.get(key) is not None:
            yield _secret(("engine_args", spelled[key]), spelled[key])


def _parallel(
    arguments: Mapping[str, Any], spelled: Mapping[str, str], content: ProfileFile
) -> Iterator[Remark]:
    count = content.metadata.accelerator_count
    given = arguments.get(_TENSOR_PARALLEL, count)
    if content.metadata.accelerator_type is AcceleratorType.GPU and given != count:
        text = f"{_TENSOR_PARALLEL} {given} differs from accelerator_count {count}"
        fix = "remove it: the runtime sets it to accelerator_count"
        yield error("tensor-parallel", ("engine_args", spelled[_TENSOR_PARALLEL]), text, fix)


def _variable(name: str, engine: EngineVersion, migrate: str) -> Iterator[Remark]:
    location = ("env_vars", name)
    if _is_secret(name):
        yield _secret(location, name)
    elif name.startswith("AIM_"):
        text = f"{name}: a setting of the runtime, which was read before the profile: no effect here"
        yield warning("owned-variable", location, text, "remove it; users set it in the environment")
    elif name in _OWNED_VARIABLES:
        yield warning("owned-variable", location, f"{name}: {_OWNED_VARIABLES[name]}", "remove it")
    elif name.startswith("VLLM_"):
        yield from _engines_variable(name, engine, migrate)


def _engines_variable(name: str, engine: EngineVersion, migrate: str) -> Iterator[Remark]:
    """The engine only logs a variable of its own that it does not know: the setting is lost in silence."""
    location = ("env_vars", name)
    known = engine.options.env_vars
    if engine.listed and name in known:
        return
    change = change_of(name, engine.version)
    if change:
        yield warning("gone-variable", location, f"{name}: {change.reason}", migrate)
    elif engine.listed:
        text = f"vLLM {engine.version} has no variable {name} and ignores it{did_you_mean(name, known)}"
        yield warning("unknown-variable", location, text, "mend the name, or remove it")


def _is_secret(name: str) -> bool:
    upper = name.upper()
    return upper.endswith(_SECRET_ENDINGS) or (upper.startswith("AWS_") and upper not in _AWS_OPEN)


def _secret(location: tuple[str, str], name: str) -> Remark:
    text = f"{name}: a secret has no place in a profile"
    fix = "remove it, replace the secret if the file was shared, and give it in the environment"
    return error("secret", location, text, fix)
