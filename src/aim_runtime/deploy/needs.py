"""What a plan needs wherever it is run: accelerators, memory, disk, variables, time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from aim_runtime.deploy.times import Times, times
from aim_runtime.hardware.devices import BY_MODEL
from aim_runtime.models.ref import ModelRef, Scheme
from aim_runtime.plan import Plan
from aim_runtime.profiles.fit import Fit
from aim_runtime.settings import Settings
from aim_runtime.vocabulary import AcceleratorType, Origin

GIB = 1024**3
# As AMD's operator gives to every GPU (aim-engine, defaultResourceRequirementsForGPU).
CPUS_PER_GPU, MEMORY_PER_GPU, MEMORY_LIMIT_PER_GPU = 4, 32 * GIB, 48 * GIB
# Tensor parallel ranks exchange through /dev/shm: the operator's 8 GiB for one, more for several.
SHM_BYTES = {1: 8 * GIB, 2: 16 * GIB, 4: 16 * GIB, 8: 32 * GIB}
CPU_SHM_BYTES = 2 * GIB
# Beside the weights: what is compiled, records, and a second copy of the largest shard while it is checked.
BESIDE_WEIGHTS_BYTES = 10 * GIB
UNKNOWN_WEIGHTS_BYTES = 100 * GIB
# The interpreter, the libraries and the API process of the engine on a CPU. docs/performance.md: 3.9 to
# 4.5 GB at the peak for a model of 0.25 GiB, its KV cache included.
CPU_RUNTIME_BYTES = 4 * GIB
# What fetches from each kind of source; the variables are secrets, by their keys in the secret.
S3_SECRETS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


@dataclass(frozen=True)
class Accelerators:
    """The accelerators of one replica on one machine: `count` GPUs of `model`, or cores of the CPU.

    `pci_ids` are the ids that the model is sold under, as a node's label has them: hexadecimal digits.
    """

    type: AcceleratorType
    model: str
    count: int
    pci_ids: tuple[str, ...] = ()

    @property
    def gpus(self) -> int:
        return self.count if self.type is AcceleratorType.GPU else 0


@dataclass(frozen=True)
class Resources:
    """What one replica is given: CPU cores, memory requested and at most, /dev/shm, disk for the cache."""

    cpus: int
    memory_bytes: int
    memory_limit_bytes: int
    shm_bytes: int
    cache_bytes: int


@dataclass(frozen=True)
class CustomProfile:
    """A profile of the user's own, which the image does not have: its place below `custom/` and its text."""

    place: str
    text: str


@dataclass(frozen=True)
class Needs:
    """All that a platform must provide for a plan.

    `variables` are set in the container, beside what the platform itself makes necessary; `secrets` names
    the variables that a secret gives; `arguments` follow the verb `serve`.
    """

    model_id: str
    aim_id: str | None
    profile_id: str
    source: ModelRef
    accelerators: Accelerators
    resources: Resources
    times: Times
    port: int
    management_port: int
    variables: Mapping[str, str]
    secrets: tuple[str, ...]
    arguments: tuple[str, ...] = ()
    custom_profile: CustomProfile | None = None


def needs(plan: Plan) -> Needs:
    """Work out what `plan` needs; a function of the plan alone, but for the text of a custom profile."""
    settings, accelerators, weights = plan.settings, _accelerators(plan), weights_bytes(plan)
    return Needs(
        model_id=plan.location.model_id,
        aim_id=settings.aim_id,
        profile_id=plan.profile.id,
        source=plan.location.sources[0],
        accelerators=accelerators,
        resources=_resources(plan, accelerators, weights),
        times=times(weights or UNKNOWN_WEIGHTS_BYTES, plan.profile, settings.serving),
        port=settings.port,
        management_port=settings.serving.management_port,
        variables=_variables(settings, plan.profile.id),
        secrets=_secrets(plan),
        arguments=settings.extra_args,
        custom_profile=_custom(plan),
    )


def weights_bytes(plan: Plan) -> int | None:
    """The size of the weights on disk, of all shards together; None when not known."""
    model = plan.selection.verdict.model
    return plan.location.size_bytes or (model.weights_bytes if model else None)


def _accelerators(plan: Plan) -> Accelerators:
    wanted = plan.profile.metadata
    known = BY_MODEL.get(wanted.accelerator_model)
    ids = tuple(sorted(f"{number:04x}" for number in known.pci_ids)) if known else ()
    return Accelerators(wanted.accelerator_type, wanted.accelerator_model, wanted.accelerator_count, ids)


def _resources(plan: Plan, accelerators: Accelerators, weights: int | None) -> Resources:
    cache = _whole_gib(round((weights or UNKNOWN_WEIGHTS_BYTES) * 1.1)) + BESIDE_WEIGHTS_BYTES
    gpus = accelerators.gpus
    if gpus:
        shm = next((SHM_BYTES[count] for count in sorted(SHM_BYTES) if count >= gpus), SHM_BYTES[8])
        # /dev/shm counts against the limit of the container.
        limit = max(MEMORY_LIMIT_PER_GPU * gpus, shm + MEMORY_PER_GPU)
        return Resources(CPUS_PER_GPU * gpus, MEMORY_PER_GPU * gpus, limit, shm, cache)
    found = plan.selection.verdict.fit
    engine = found.needs_bytes if isinstance(found, Fit) else (weights or UNKNOWN_WEIGHTS_BYTES) * 2
    memory = _whole_gib(engine + CPU_RUNTIME_BYTES)
    return Resources(2, memory, memory + CPU_SHM_BYTES, CPU_SHM_BYTES, cache)


def _whole_gib(size: int) -> int:
    return -(-size // GIB) * GIB


def _variables(settings: Settings, profile_id: str) -> dict[str, str]:
    """What the user said that decides what is served, and what was decided from it."""
    said = {
        "AIM_ID": settings.aim_id,
        "AIM_MODEL_ID": str(settings.model_ref) if settings.model_ref else None,
        "AIM_CUSTOM_MODEL_NAME": settings.custom_model_name,
        "AIM_PROFILE_ID": profile_id,
        "AIM_ENGINE_ARGS": json.dumps(dict(settings.engine_args)) if settings.engine_args else None,
        "AIM_ACCELERATOR_TYPE": str(settings.accelerator_type) if settings.accelerator_type else None,
        "AIM_DRAIN_SECONDS": f"{settings.serving.drain_s:g}",
        "AIM_LOG_FORMAT": settings.log_format if settings.log_format != "text" else None,
    }
    return {name: value for name, value in said.items() if value}


def _secrets(plan: Plan) -> tuple[str, ...]:
    scheme = plan.location.sources[0].scheme
    if scheme is Scheme.S3:
        return S3_SECRETS
    return ("HF_TOKEN",) if scheme is Scheme.HF else ()


def _custom(plan: Plan) -> CustomProfile | None:
    profile = plan.profile
    if profile.origin not in (Origin.CUSTOM_MODEL, Origin.CUSTOM_GENERAL):
        return None
    folder = profile.content.aim_id or "general"
    return CustomProfile(f"{folder}/{profile.stem}.yaml", profile.path.read_text(encoding="utf-8"))
