"""v1alpha2: an AIMService of a profile, which the image has or an AIMProfile carries."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from aim_runtime.deploy.aim_engine.asked import Api
from aim_runtime.deploy.aim_engine.objects import (
    ByImage,
    Caching,
    ProfileChoice,
    ProfileSpec,
    Selector,
)
from aim_runtime.deploy.aim_engine.parts import (
    document,
    fetching,
    guards,
    names_weights,
    pull_secrets,
    service_spec,
    sources,
    variables,
)
from aim_runtime.deploy.asked import Asked
from aim_runtime.deploy.kubernetes.labels import metadata
from aim_runtime.deploy.kubernetes.objects import Document
from aim_runtime.deploy.kubernetes.pod import resources, secret_variables
from aim_runtime.deploy.needs import Needs
from aim_runtime.vocabulary import Origin, ProfileType

# A service of an image goes by v1alpha1's templates without it, whatever its own version says.
PIPELINE = {"aim.eai.amd.com/reconciler-pipeline": "profile"}


def render_profiles(wanted: Needs, asked: Asked) -> list[Document]:
    if image_has_it(wanted):
        return [service_of_image(wanted, asked)]
    return [
        document("AIMProfile", Api.PROFILES, metadata(asked), profile(wanted, asked)),
        service_of_profile(wanted, asked),
    ]


def image_has_it(wanted: Needs) -> bool:
    """Whether the operator finds the profile with its weights in the image: in that of the AIM itself."""
    of_the_model = wanted.profile.origin is Origin.MODEL and wanted.accelerators.gpus > 0
    return of_the_model and not names_weights(wanted)


def service_of_image(wanted: Needs, asked: Asked) -> Document:
    env = [*variables(wanted), *secret_variables(wanted, asked)]
    decided = wanted.profile.metadata.type
    # Without a floor, only optimized profiles are looked at.
    floor = None if decided is ProfileType.OPTIMIZED else str(decided)
    chosen = ProfileChoice(selector=Selector(profile_id=wanted.profile_id, minimum_type=floor))
    spec = replace(service_spec(wanted, asked, env), model=ByImage(image=asked.image), profile=chosen)
    return document("AIMService", Api.PROFILES, replace(metadata(asked), annotations=PIPELINE), spec)


def service_of_profile(wanted: Needs, asked: Asked) -> Document:
    """The weights are there before it starts: the token is of the profile, for what fetches them."""
    spec = replace(service_spec(wanted, asked, []), profile=ProfileChoice(name=asked.name))
    return document("AIMService", Api.PROFILES, metadata(asked), spec)


def profile(wanted: Needs, asked: Asked) -> ProfileSpec:
    """The plan's profile. A CPU is no accelerator that nodes are chosen by: it is said as resources."""
    decided, gpus = wanted.profile.metadata, wanted.accelerators.gpus
    return ProfileSpec(
        aim_id=wanted.aim_id or wanted.model_id,
        model_id=wanted.model_id,
        engine=decided.engine,
        metric=str(decided.metric),
        precision=str(decided.precision),
        type=str(decided.type),
        accelerator_model=wanted.accelerators.model if gpus else None,
        accelerator_type=str(wanted.accelerators.type) if gpus else None,
        accelerator_count=gpus or None,
        resources=None if gpus else resources(wanted, asked),
        image=asked.image,
        engine_args={key: _said(value) for key, value in wanted.profile.content.engine_args.items()},
        engine_env=wanted.profile.content.env_vars,
        model_sources=sources(wanted),
        container_env=[*variables(wanted), *guards(wanted, asked)],
        image_pull_secrets=pull_secrets(asked),
        caching=Caching(enabled=True, env=fetching(wanted, asked)),
    )


def _said(value: Any) -> Any:
    """An option without a value is `null` in a profile; the API leaves out what is null."""
    return True if value is None else value
