"""The InferenceService: a pod that serves, as KServe has it, alone or by a runtime."""

from __future__ import annotations

from typing import Any

from msgspec.structs import asdict, replace

from aim_runtime.deploy.asked import Asked, Autoscaler
from aim_runtime.deploy.kserve.asked import KServe, Runtime
from aim_runtime.deploy.kserve.objects import InferenceServiceSpec, Model, ModelFormat, Predictor
from aim_runtime.deploy.kserve.scaling import scaling
from aim_runtime.deploy.kubernetes.config_map import digest
from aim_runtime.deploy.kubernetes.deployment import BESIDE, IN_PLACE
from aim_runtime.deploy.kubernetes.labels import metadata
from aim_runtime.deploy.kubernetes.objects import Container, Document, Resources
from aim_runtime.deploy.kubernetes.pod import pod_spec, resources, secret_variables, serving
from aim_runtime.deploy.kubernetes.volumes import mounts, volumes
from aim_runtime.deploy.needs import Needs

# The container that KServe takes for the one that serves.
CONTAINER = "kserve-container"
# What a runtime of ours serves: a service names it, and no service that names none is given to ours.
FORMAT = ModelFormat(name="aim")
# A limit of CPU time only slows. KServe puts one where none is said, of one core, which is less than what
# is requested, so that no pod is ever made (inference_service_defaults.go); this one is out of the way.
CPU_LIMIT = 4
# Of one service, and so not in a runtime, which others may use: the weights, and a profile of the user's own.
OWN_VOLUMES = frozenset({"cache", "profiles"})
_ANNOTATION = "serving.kserve.io/"


def inference_service(wanted: Needs, asked: Asked, kserve: KServe) -> Document:
    predictor = by_runtime(wanted, asked) if kserve.runtime is not Runtime.NONE else by_itself(wanted, asked)
    scaled = asked.autoscaler is Autoscaler.KEDA
    annotations = {
        f"{_ANNOTATION}deploymentMode": str(kserve.mode),
        f"{_ANNOTATION}autoscalerClass": "keda" if scaled else "none",
    }
    return Document(
        api_version="serving.kserve.io/v1beta1",
        kind="InferenceService",
        metadata=replace(metadata(asked), annotations={**annotations, **digest(wanted.custom_profile)}),
        spec=InferenceServiceSpec(
            predictor=replace(
                predictor,
                min_replicas=asked.replicas,
                max_replicas=asked.max_replicas if scaled else None,
                auto_scaling=scaling(wanted, asked) if scaled else None,
                deployment_strategy=BESIDE if asked.surge else IN_PLACE,
            )
        ),
    )


def by_itself(wanted: Needs, asked: Asked) -> Predictor:
    return Predictor(**{**_pod(wanted, asked), "containers": [container(wanted, asked)]}, min_replicas=1)


def by_runtime(wanted: Needs, asked: Asked) -> Predictor:
    """What is this service's alone; KServe puts it over what the runtime says.

    The resources are said here again: where a service says none, KServe fills in its own, which win.
    """
    pod = _pod(wanted, asked)
    own = [each for each in volumes(wanted, asked) if each.name in OWN_VOLUMES]
    model = Model(
        model_format=FORMAT,
        runtime=asked.name,
        env=secret_variables(wanted, asked),
        resources=kserve_resources(wanted, asked),
        volume_mounts=[each for each in mounts(wanted) if each.name in OWN_VOLUMES],
    )
    shared = {"containers": [], "affinity": {}, "tolerations": [], "volumes": own}
    return Predictor(**{**pod, **shared}, model=model, min_replicas=1)


def container(wanted: Needs, asked: Asked) -> Container:
    return replace(serving(wanted, asked, name=CONTAINER), resources=kserve_resources(wanted, asked))


def kserve_resources(wanted: Needs, asked: Asked) -> Resources:
    found = resources(wanted, asked)
    return replace(found, limits={"cpu": str(CPU_LIMIT * wanted.resources.cpus), **found.limits})


def _pod(wanted: Needs, asked: Asked) -> dict[str, Any]:
    return asdict(pod_spec(wanted, asked))
