"""The ServingRuntime: all of the container that any service of the same plan can share."""

from __future__ import annotations

from msgspec.structs import replace

from aim_runtime.deploy.asked import Asked
from aim_runtime.deploy.kserve.asked import KServe, Runtime
from aim_runtime.deploy.kserve.objects import RuntimeSpec
from aim_runtime.deploy.kserve.service import FORMAT, OWN_VOLUMES, container
from aim_runtime.deploy.kubernetes.labels import metadata
from aim_runtime.deploy.kubernetes.objects import Document
from aim_runtime.deploy.kubernetes.placing import affinity, tolerations
from aim_runtime.deploy.kubernetes.pod import secret_variables
from aim_runtime.deploy.kubernetes.volumes import volumes
from aim_runtime.deploy.needs import Needs


def serving_runtime(wanted: Needs, asked: Asked, kserve: KServe) -> Document:
    """The secret and the volume of the weights are of a namespace: the service says them."""
    serves, secret = container(wanted, asked), secret_variables(wanted, asked)
    of_the_cluster = kserve.runtime is Runtime.CLUSTER
    return Document(
        api_version="serving.kserve.io/v1alpha1",
        kind=str(kserve.runtime),
        metadata=replace(metadata(asked), namespace=None if of_the_cluster else asked.namespace),
        spec=RuntimeSpec(
            supported_model_formats=[FORMAT],
            containers=[
                replace(
                    serves,
                    env=[each for each in serves.env if each not in secret],
                    volume_mounts=[each for each in serves.volume_mounts if each.name not in OWN_VOLUMES],
                )
            ],
            affinity=affinity(wanted, asked),
            tolerations=tolerations(wanted, asked),
            volumes=[each for each in volumes(wanted, asked) if each.name not in OWN_VOLUMES],
        ),
    )
