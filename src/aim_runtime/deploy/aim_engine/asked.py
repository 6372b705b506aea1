"""What the operator cannot be asked, said before it would refuse or silently leave it out."""

from __future__ import annotations

from enum import StrEnum

from aim_runtime.deploy.asked import Asked, usual_gpu_resource
from aim_runtime.deploy.kubernetes.elsewhere import refuse_what_is_here
from aim_runtime.deploy.needs import Needs
from aim_runtime.errors import InvalidValue, NotDeployable
from aim_runtime.variables import DEFAULT_PORT
from aim_runtime.vocabulary import Vendor

# Of the names together (a rule of AIMService), and of the namespace alone (GenerateInferenceServiceName).
BOTH_LENGTH, NAMESPACE_LENGTH = 62, 42


class Api(StrEnum):
    """The version of the operator's API: services by templates, or by profiles."""

    TEMPLATES = "v1alpha1"
    PROFILES = "v1alpha2"


def namespace_room(asked: Asked) -> int:
    """How long the namespace may be."""
    return min(NAMESPACE_LENGTH, BOTH_LENGTH - len(asked.name))


def checked(wanted: Needs, asked: Asked, api: Api) -> Asked:
    """Return `asked`, or raise InvalidValue or NotDeployable for what this API has no place for."""
    if len(asked.namespace or "") > namespace_room(asked):
        raise InvalidValue(
            f"--namespace {asked.namespace} is too long for a service named {asked.name}",
            hint=f"the operator takes at most {NAMESPACE_LENGTH} characters for the namespace, "
            f"and {BOTH_LENGTH} for both names: use shorter ones",
        )
    if wanted.port != DEFAULT_PORT:
        raise InvalidValue(
            f"AIM_PORT={wanted.port}: the operator sends requests to port {DEFAULT_PORT}",
            hint="unset AIM_PORT",
        )
    _check_engine_arguments(wanted, api)
    if api is Api.TEMPLATES and wanted.custom_profile:
        raise InvalidValue(
            f"{wanted.profile_id} is a profile of your own: no object of {api} carries one",
            hint=f"use --api {Api.PROFILES}, or an image that has the profile and --api {api}",
        )
    if api is Api.PROFILES and asked.gpu_resource != usual_gpu_resource(wanted):
        raise InvalidValue(
            f"--gpu-resource {asked.gpu_resource}: {api} has no name for what the GPUs are called",
            hint=f"use --api {Api.TEMPLATES}",
        )
    if wanted.accelerators.gpus and wanted.accelerators.vendor is not Vendor.AMD:
        raise NotDeployable(
            f"{wanted.accelerators.model} is no GPU of AMD's, for which the operator makes services of AIMs",
            hint="use generate kubernetes, or generate kserve",
        )
    refuse_what_is_here(wanted, asked)
    return asked


def _check_engine_arguments(wanted: Needs, api: Api) -> None:
    where = "AIM_ENGINE_ARGS, as JSON" if api is Api.TEMPLATES else "a profile of your own"
    if wanted.arguments:
        raise InvalidValue(
            f"-- {' '.join(wanted.arguments)}: the operator passes no arguments to the container",
            hint=f"say them in {where}",
        )
    if api is Api.PROFILES and "AIM_ENGINE_ARGS" in wanted.variables:
        raise InvalidValue(
            f"AIM_ENGINE_ARGS: {api} has the engine's arguments in the profile alone",
            hint=f"write them in {where} (aim-runtime profiles new), or use --api {Api.TEMPLATES}",
        )
