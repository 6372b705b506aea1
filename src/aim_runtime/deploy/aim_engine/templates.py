"""v1alpha1: an AIMModel has the image, an AIMServiceTemplate the plan, and an AIMService serves both."""

from __future__ import annotations

from msgspec.structs import replace

from aim_runtime.deploy.aim_engine.asked import Api
from aim_runtime.deploy.aim_engine.objects import (
    ByName,
    CpuNeeds,
    CustomModel,
    Discovery,
    GpuNeeds,
    Hardware,
    ModelSpec,
    TemplateSpec,
)
from aim_runtime.deploy.aim_engine.parts import (
    document,
    names_weights,
    pull_secrets,
    service_spec,
    sources,
    variables,
)
from aim_runtime.deploy.asked import Asked
from aim_runtime.deploy.kubernetes.labels import metadata
from aim_runtime.deploy.kubernetes.objects import Document, Env
from aim_runtime.deploy.kubernetes.pod import resources, secret_variables
from aim_runtime.deploy.needs import Needs
from aim_runtime.vocabulary import ProfileType


def render_templates(wanted: Needs, asked: Asked) -> list[Document]:
    env = [*_identity(wanted), *variables(wanted), *secret_variables(wanted, asked)]
    service = replace(
        service_spec(wanted, asked, env), model=ByName(name=asked.name), template=ByName(name=asked.name)
    )
    specs = {"AIMModel": model(wanted, asked), "AIMServiceTemplate": template(wanted, asked, env)}
    return [
        document(kind, Api.TEMPLATES, metadata(asked), spec)
        for kind, spec in {**specs, "AIMService": service}.items()
    ]


def model(wanted: Needs, asked: Asked) -> ModelSpec:
    """The image. Its other profiles need no templates: the plan has decided."""
    named = names_weights(wanted)
    return ModelSpec(
        image=asked.image,
        discovery=Discovery(create_service_templates=False),
        model_sources=sources(wanted) if named else [],
        custom=CustomModel(hardware=_hardware(wanted, asked)) if named else None,
        image_pull_secrets=pull_secrets(asked),
    )


def template(wanted: Needs, asked: Asked, env: list[Env]) -> TemplateSpec:
    """What the plan decided.

    With the weights said, the operator asks the image nothing. It must not where the profile is a general
    one: it would answer with that type, for which the status of a template has no word.
    """
    decided = wanted.profile.metadata
    general = decided.type is ProfileType.GENERAL
    return TemplateSpec(
        model_name=asked.name,
        profile_id=wanted.profile_id,
        metric=str(decided.metric),
        precision=str(decided.precision),
        type=None if general else str(decided.type),
        hardware=_hardware(wanted, asked),
        model_sources=sources(wanted) if general or _asks_in_vain(wanted) else [],
        env=env,
        resources=None if wanted.accelerators.gpus else resources(wanted, asked),
        image_pull_secrets=pull_secrets(asked),
    )


def _asks_in_vain(wanted: Needs) -> bool:
    """Whether the image alone does not know the weights: they are named, or it is one for any model."""
    return names_weights(wanted) or not wanted.accelerators.gpus


def _identity(wanted: Needs) -> list[Env]:
    """The image of an AIM says which it is; one for any model must be told."""
    said = wanted.aim_id and not wanted.accelerators.gpus
    return [Env(name="AIM_ID", value=wanted.aim_id)] if said else []


def _hardware(wanted: Needs, asked: Asked) -> Hardware:
    needed = wanted.accelerators
    if not needed.gpus:
        return Hardware(cpu=CpuNeeds(requests=str(wanted.resources.cpus)))
    return Hardware(gpu=GpuNeeds(requests=needed.gpus, model=needed.model, resource_name=asked.gpu_resource))
