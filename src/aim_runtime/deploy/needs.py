"""What a plan needs wherever it is run: accelerators, memory, disk, variables, time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from aim_runtime.deploy import origins
from aim_runtime.deploy.resources import GIB, UNKNOWN_WEIGHTS_BYTES, Resources, resources, weights_bytes
from aim_runtime.deploy.times import Times, times
from aim_runtime.hardware.devices import BY_MODEL
from aim_runtime.hardware.visibility import CUDA_ORDER, VARIABLES
from aim_runtime.models.ref import ModelRef, Scheme
from aim_runtime.plan import Plan
from aim_runtime.profiles.fit import Fit, NotKnown
from aim_runtime.profiles.profile import Profile
from aim_runtime.settings import Serving, Settings
from aim_runtime.variables import DEFAULT_CACHE_PATH, DEFAULT_HUB_ENDPOINT
from aim_runtime.vocabulary import AcceleratorType, Origin, Vendor

__all__ = ["GIB", "Accelerators", "CustomProfile", "LocalPath", "Needs", "Resources", "needs", "secret_key"]

API_KEY = "VLLM_API_KEY"
# What to listen on for what is asked from outside a container.
EVERYWHERE = "0.0.0.0"


@dataclass(frozen=True)
class Accelerators:
    """The accelerators of one replica on one machine: `count` GPUs of `model`, or cores of the CPU.

    `pci_ids` are the ids that the model is sold under, as a node's label has them: hexadecimal digits;
    `vendor` is None for a CPU, and for what is in no table.
    """

    type: AcceleratorType
    model: str
    count: int
    pci_ids: tuple[str, ...] = ()
    vendor: Vendor | None = None

    @property
    def gpus(self) -> int:
        return self.count if self.type is AcceleratorType.GPU else 0


@dataclass(frozen=True)
class CustomProfile:
    """A profile of the user's own, which the image does not have: its place below `custom/` and its text."""

    place: str
    text: str


@dataclass(frozen=True)
class LocalPath:
    """A file or folder of this machine that the plan uses, and what named it."""

    named_by: str
    path: Path


@dataclass(frozen=True)
class Needs:
    """All that a platform must provide for a plan.

    `variables` are set in the container, beside what the platform itself makes necessary; `secrets` names
    the variables that a secret gives; those in `guards` must be there, or the service would be open to
    anybody. `arguments` follow the verb `serve`. `sources` are all places that the weights may come from,
    on `source_ports`. `requests_at_once` is how many the engine works on at most, None where not known;
    `memory_summary` says in a line what a GPU will hold. `gated` is whether the weights are only
    for those with a token; `local` what a container must be given of this machine.
    """

    model_id: str
    aim_id: str | None
    profile_id: str
    profile: Profile
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
    sources: tuple[ModelRef, ...] = ()
    source_ports: tuple[int, ...] = (443,)
    guards: tuple[str, ...] = ()
    requests_at_once: int | None = None
    memory_summary: str = ""
    gated: bool = False
    local: tuple[LocalPath, ...] = ()

    @property
    def command(self) -> tuple[str, ...]:
        """What the image is told to do."""
        return ("serve", *(("--", *self.arguments) if self.arguments else ()))

    @property
    def environment(self) -> dict[str, str]:
        """The plan's variables, with where a container of ours has its cache and answers."""
        return {
            **self.variables,
            "AIM_CACHE_PATH": DEFAULT_CACHE_PATH,
            "AIM_PORT": str(self.port),
            "AIM_MANAGEMENT_PORT": str(self.management_port or ""),
        }


def needs(plan: Plan, environment: Mapping[str, str] | None = None) -> Needs:
    """Work out what `plan` needs; a function of the plan alone, but for the text of a custom profile.

    `environment` says where sources are that are not where they usually are: `AWS_ENDPOINT_URL` and the like.
    """
    settings, accelerators, weights = plan.settings, _accelerators(plan), weights_bytes(plan)
    sources, fit = plan.location.sources, plan.selection.verdict.fit
    said = {**(environment or {}), **_hub(settings)}
    guards = (API_KEY,) if settings.key_present else ()
    return Needs(
        model_id=plan.location.model_id,
        aim_id=settings.aim_id,
        profile_id=plan.profile.id,
        profile=plan.profile,
        source=sources[0],
        accelerators=accelerators,
        resources=resources(plan, accelerators.gpus),
        times=times(
            weights or UNKNOWN_WEIGHTS_BYTES,
            plan.profile,
            settings.serving,
            converted=origins.converted(sources),
        ),
        port=settings.port,
        management_port=settings.serving.management_port,
        variables={**_variables(settings, plan.profile.id), **origins.addresses(sources, said)},
        secrets=(*origins.secrets(sources), *guards),
        arguments=settings.extra_args,
        custom_profile=_custom(plan),
        sources=sources,
        source_ports=origins.ports(sources, said),
        guards=guards,
        requests_at_once=fit.demand.max_num_seqs if isinstance(fit, Fit) else None,
        memory_summary=_memory_summary(fit) if accelerators.gpus else "",
        gated=plan.location.token_required,
        local=tuple(_local(plan)),
    )


def _memory_summary(fit: Fit | NotKnown | None) -> str:
    """Of a GPU, whose memory is the same everywhere: what this machine has free is nobody's there."""
    return fit.summary if isinstance(fit, Fit) else fit.reason if fit else ""


def _accelerators(plan: Plan) -> Accelerators:
    wanted = plan.profile.metadata
    known = BY_MODEL.get(wanted.accelerator_model)
    ids = tuple(sorted(f"{number:04x}" for number in known.pci_ids)) if known else ()
    vendor = known.vendor if known else None
    return Accelerators(
        wanted.accelerator_type, wanted.accelerator_model, wanted.accelerator_count, ids, vendor
    )


def _hub(settings: Settings) -> dict[str, str]:
    usual = settings.hub_endpoint == DEFAULT_HUB_ENDPOINT
    return {} if usual else {"HF_ENDPOINT": settings.hub_endpoint}


def _variables(settings: Settings, profile_id: str) -> dict[str, str]:
    """What the user said that decides what is served and how, and what was decided from it."""
    serving, usual = settings.serving, Serving()
    said = {
        "AIM_ID": settings.aim_id,
        "AIM_MODEL_ID": str(settings.model_ref) if settings.model_ref else None,
        "AIM_CUSTOM_MODEL_NAME": settings.custom_model_name,
        "AIM_PROFILE_ID": profile_id,
        "AIM_ENGINE_ARGS": json.dumps(dict(settings.engine_args)) if settings.engine_args else None,
        "AIM_ACCELERATOR_TYPE": settings.accelerator_type,
        "AIM_LOAD_STRATEGY": settings.load_strategy,
        "AIM_DRAIN_SECONDS": f"{serving.drain_s:g}",
        "AIM_STALL_SECONDS": f"{serving.stall_s:g}" if serving.stall_s != usual.stall_s else None,
        "AIM_READY_SECONDS": f"{serving.ready_s:g}" if serving.ready_s else None,
        "AIM_ON_FAILURE": serving.on_failure if serving.on_failure != usual.on_failure else None,
        "AIM_LOG_LEVEL": settings.log_level if settings.log_level != "INFO" else None,
        "AIM_LOG_LEVEL_ROOT": settings.log_level_root,
        "AIM_LOG_FORMAT": settings.log_format if settings.log_format != "text" else None,
        **_of_the_engine(settings),
    }
    return {name: str(value) for name, value in said.items() if value}


def _of_the_engine(settings: Settings) -> dict[str, str]:
    """What the engine is told by its own variables; which devices it sees is another machine's business."""
    here = {*VARIABLES, CUDA_ORDER}
    return {name: value for name, value in settings.engine_environment.items() if name not in here}


def _local(plan: Plan) -> Iterator[LocalPath]:
    for ref in plan.location.sources:
        if ref.scheme is Scheme.FILE:
            yield LocalPath(str(ref), Path(ref.name))
    adapters, certificate = plan.settings.adapters, plan.launch.certificate
    if adapters.asked:
        yield LocalPath(f"AIM_ADAPTER_SOURCE={adapters.source}", adapters.source)
    for file in (certificate.file, certificate.key) if certificate else ():
        if file:
            yield LocalPath(f"ssl-certfile or ssl-keyfile {file}", Path(file))


def _custom(plan: Plan) -> CustomProfile | None:
    profile = plan.profile
    if profile.origin not in (Origin.CUSTOM_MODEL, Origin.CUSTOM_GENERAL):
        return None
    folder = profile.content.aim_id or "general"
    return CustomProfile(f"{folder}/{profile.stem}.yaml", profile.path.read_text(encoding="utf-8"))


def secret_key(variable: str) -> str:
    """The name of the secret that has a variable's value: `hf-token` has HF_TOKEN."""
    return variable.lower().replace("_", "-")
