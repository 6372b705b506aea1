"""The pod: one container that serves, where its accelerators are, with nothing it does not need."""

from __future__ import annotations

from aim_runtime.deploy.asked import Access, Asked
from aim_runtime.deploy.identity import GPU_GROUPS, GROUP, USER
from aim_runtime.deploy.kubernetes.elsewhere import refuse_what_is_here
from aim_runtime.deploy.kubernetes.objects import (
    Capabilities,
    Container,
    ContainerPort,
    ContainerSecurity,
    Env,
    EnvSource,
    KeyRef,
    LocalReference,
    PodSecurity,
    PodSpec,
    Resources,
    Seccomp,
)
from aim_runtime.deploy.kubernetes.placing import affinity, tolerations
from aim_runtime.deploy.kubernetes.probes import probes
from aim_runtime.deploy.kubernetes.volumes import TMP, ephemeral, mounts, volumes
from aim_runtime.deploy.needs import EVERYWHERE, Needs, secret_key
from aim_runtime.deploy.quantity import memory
from aim_runtime.vocabulary import Vendor

CONTAINER = "aim"
# Where records go when the cache cannot be written.
_RECORDS = f"{TMP}/records"


def pod_spec(wanted: Needs, asked: Asked, *, container: str = CONTAINER) -> PodSpec:
    """A pod that serves, whatever makes it; raises NotDeployable where it would lack what is only here."""
    refuse_what_is_here(wanted, asked)
    return PodSpec(
        containers=[serving(wanted, asked, name=container)],
        automount_service_account_token=False,
        # A service named `aim` in the same namespace would set AIM_PORT=tcp://….
        enable_service_links=False,
        termination_grace_period_seconds=wanted.times.grace_s,
        security_context=pod_security(wanted),
        affinity=affinity(wanted, asked),
        tolerations=tolerations(wanted, asked),
        image_pull_secrets=[LocalReference(name=asked.pull_secret)] if asked.pull_secret else [],
        volumes=volumes(wanted, asked),
    )


def serving(wanted: Needs, asked: Asked, *, name: str = CONTAINER) -> Container:
    """The container that serves."""
    return Container(
        name=name,
        image=asked.image,
        image_pull_policy="IfNotPresent",
        args=list(wanted.command),
        ports=ports(wanted),
        env=environment(wanted, asked),
        resources=resources(wanted, asked),
        **probes(wanted),
        # The program writes why it ended; where it could not, the end of its log says so.
        termination_message_policy="FallbackToLogsOnError",
        security_context=container_security(),
        volume_mounts=mounts(wanted),
    )


def ports(wanted: Needs) -> list[ContainerPort]:
    management = [ContainerPort(name="management", container_port=wanted.management_port)]
    return [
        ContainerPort(name="http", container_port=wanted.port),
        *(management if wanted.management_port else []),
    ]


def environment(wanted: Needs, asked: Asked) -> list[Env]:
    """The plan's variables, what the pod makes necessary, and secrets, which need not be there."""
    said = {**wanted.environment, "AIM_MANAGEMENT_HOST": EVERYWHERE}
    if asked.access is Access.READ_MANY:
        said["AIM_RECORD_PATH"] = _RECORDS
    return [*(Env(name=name, value=value) for name, value in said.items()), *secret_variables(wanted, asked)]


def secret_variables(wanted: Needs, asked: Asked) -> list[Env]:
    """One key of the secret for each variable; the key is as AMD's documents have it: `hf-token`.

    A missing one is no hindrance, because the weights may be there; but for what keeps strangers out.
    """
    return [
        Env(
            name=name,
            value_from=EnvSource(
                secret_key_ref=KeyRef(
                    name=asked.token_secret, key=secret_key(name), optional=name not in wanted.guards
                )
            ),
        )
        for name in wanted.secrets
    ]


def resources(wanted: Needs, asked: Asked) -> Resources:
    """GPUs in requests and limits alike, as Kubernetes demands; no limit of CPU time, which only slows."""
    given = wanted.resources
    gpus = {asked.gpu_resource: str(wanted.accelerators.gpus)} if wanted.accelerators.gpus else {}
    least, most = ephemeral(wanted, asked)
    return Resources(
        requests={
            "cpu": str(given.cpus),
            "memory": memory(given.memory_bytes),
            "ephemeral-storage": memory(least),
            **gpus,
        },
        limits={
            "memory": memory(given.memory_limit_bytes),
            "ephemeral-storage": memory(most),
            **gpus,
        },
    )


def container_security() -> ContainerSecurity:
    return ContainerSecurity(
        allow_privilege_escalation=False,
        read_only_root_filesystem=True,
        run_as_non_root=True,
        run_as_user=USER,
        capabilities=Capabilities(drop=["ALL"]),
        seccomp_profile=Seccomp(type="RuntimeDefault"),
    )


def pod_security(wanted: Needs) -> PodSecurity:
    gpus = wanted.accelerators.gpus and wanted.accelerators.vendor is not Vendor.NVIDIA
    return PodSecurity(
        run_as_non_root=True,
        run_as_user=USER,
        run_as_group=GROUP,
        fs_group=USER,
        # Else the owner of every file of the weights is set anew at every start.
        fs_group_change_policy="OnRootMismatch",
        supplemental_groups=GPU_GROUPS if gpus else [],
        seccomp_profile=Seccomp(type="RuntimeDefault"),
    )
