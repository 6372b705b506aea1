"""The pod: one container that serves, where its accelerators are, with nothing it does not need."""

from __future__ import annotations

from math import ceil
from typing import Any

from aim_runtime.deploy.asked import Asked
from aim_runtime.deploy.kubernetes.objects import (
    Capabilities,
    ClaimSource,
    ConfigMapSource,
    Container,
    ContainerPort,
    ContainerSecurity,
    EmptyDir,
    Env,
    EnvSource,
    HttpGet,
    KeyRef,
    KeyToPath,
    LocalReference,
    PodSecurity,
    PodSpec,
    Probe,
    Resources,
    Seccomp,
    Toleration,
    Volume,
    VolumeMount,
)
from aim_runtime.deploy.needs import GIB, Needs
from aim_runtime.deploy.quantity import memory
from aim_runtime.variables import DEFAULT_CACHE_PATH, DEFAULT_PROFILES_PATH

CONTAINER = "aim"
# The image's own user; gid 0 owns what it writes, so that any other uid can as well.
USER, GROUP = 1000, 0
# Who may open /dev/kfd and /dev/dri/renderD*: `video`, and the numbers that distributions give to `render`.
GPU_GROUPS = [44, 104, 105, 106, 107, 108, 109, 110, 992, 993]
# The label that AMD's node labeller gives a node for the GPUs in it (k8s-device-plugin, node-labeller).
DEVICE_ID = "amd.com/gpu.device-id"
TMP_BYTES = 20 * GIB
_PERIOD_S, _LIVE_FAILURES = 10, 6


def pod_spec(wanted: Needs, asked: Asked, *, container: str = CONTAINER) -> PodSpec:
    """A pod that serves, whatever makes it."""
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
        args=["serve", *(["--", *wanted.arguments] if wanted.arguments else [])],
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
    said = {
        **wanted.variables,
        "AIM_CACHE_PATH": DEFAULT_CACHE_PATH,
        "AIM_PORT": str(wanted.port),
        "AIM_MANAGEMENT_PORT": str(wanted.management_port or ""),
        "AIM_MANAGEMENT_HOST": "0.0.0.0",
    }
    return [*(Env(name=name, value=value) for name, value in said.items()), *secret_variables(wanted, asked)]


def secret_variables(wanted: Needs, asked: Asked) -> list[Env]:
    """One key of the secret for each variable; the key is as AMD's documents have it: `hf-token`."""
    return [
        Env(
            name=name,
            value_from=EnvSource(
                secret_key_ref=KeyRef(
                    name=asked.token_secret, key=name.lower().replace("_", "-"), optional=True
                )
            ),
        )
        for name in wanted.secrets
    ]


def resources(wanted: Needs, asked: Asked) -> Resources:
    """GPUs in requests and limits alike, as Kubernetes demands; no limit of CPU time, which only slows."""
    given = wanted.resources
    gpus = {asked.gpu_resource: str(wanted.accelerators.gpus)} if wanted.accelerators.gpus else {}
    return Resources(
        requests={
            "cpu": str(given.cpus),
            "memory": memory(given.memory_bytes),
            "ephemeral-storage": memory(GIB),
            **gpus,
        },
        limits={
            "memory": memory(given.memory_limit_bytes),
            "ephemeral-storage": memory(_ephemeral_bytes(wanted, asked)),
            **gpus,
        },
    )


def _ephemeral_bytes(wanted: Needs, asked: Asked) -> int:
    return TMP_BYTES + (0 if asked.cache or asked.claim else wanted.resources.cache_bytes) + 10 * GIB


def probes(wanted: Needs) -> dict[str, Probe]:
    """Started within the budget; then ready when the engine answers, and live unless it hangs.

    They ask the management port, which tells a start that goes on from one that hangs.
    """
    port = "management" if wanted.management_port else "http"
    ready = HttpGet(path="/health/ready" if wanted.management_port else "/health", port=port)
    live = HttpGet(path="/health/live" if wanted.management_port else "/health", port=port)
    return {
        "startup_probe": Probe(
            http_get=ready,
            period_seconds=_PERIOD_S,
            timeout_seconds=5,
            failure_threshold=ceil(wanted.times.start_s / _PERIOD_S),
        ),
        "readiness_probe": Probe(http_get=ready, period_seconds=5, timeout_seconds=5, failure_threshold=2),
        "liveness_probe": Probe(
            http_get=live, period_seconds=_PERIOD_S, timeout_seconds=5, failure_threshold=_LIVE_FAILURES
        ),
    }


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
    return PodSecurity(
        run_as_non_root=True,
        run_as_user=USER,
        run_as_group=GROUP,
        fs_group=USER,
        # Else the owner of every file of the weights is set anew at every start.
        fs_group_change_policy="OnRootMismatch",
        supplemental_groups=GPU_GROUPS if wanted.accelerators.gpus else [],
        seccomp_profile=Seccomp(type="RuntimeDefault"),
    )


def affinity(wanted: Needs, asked: Asked) -> dict[str, Any]:
    """Nodes that have the accelerator, by the ids under which it is sold, as AMD's operator chooses."""
    wants = [{"key": key, "operator": "In", "values": [value]} for key, value in asked.node_labels]
    if wanted.accelerators.pci_ids and wanted.accelerators.gpus and asked.gpu_resource.startswith("amd.com/"):
        wants.insert(0, {"key": DEVICE_ID, "operator": "In", "values": list(wanted.accelerators.pci_ids)})
    if not wants:
        return {}
    terms = {"nodeSelectorTerms": [{"matchExpressions": wants}]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}


def tolerations(wanted: Needs, asked: Asked) -> list[Toleration]:
    if not wanted.accelerators.gpus:
        return []
    return [Toleration(key=asked.gpu_resource, operator="Exists", effect="NoSchedule")]


def volumes(wanted: Needs, asked: Asked) -> list[Volume]:
    """The cache, /tmp on a root that is read-only, /dev/shm, and the custom profile where there is one."""
    found = [
        Volume(name="cache", **_cache(wanted, asked)),
        Volume(name="tmp", empty_dir=EmptyDir(size_limit=memory(TMP_BYTES))),
        Volume(
            name="shm", empty_dir=EmptyDir(medium="Memory", size_limit=memory(wanted.resources.shm_bytes))
        ),
    ]
    if wanted.custom_profile:
        item = KeyToPath(key=_file_name(wanted), path=wanted.custom_profile.place)
        source = ConfigMapSource(name=f"{asked.name}-profiles", items=[item])
        found.append(Volume(name="profiles", config_map=source))
    return found


def _file_name(wanted: Needs) -> str:
    assert wanted.custom_profile is not None
    return wanted.custom_profile.place.rpartition("/")[2]


def _cache(wanted: Needs, asked: Asked) -> dict[str, Any]:
    if asked.claim or asked.cache:
        claim = ClaimSource(claim_name=asked.claim or f"{asked.name}-cache")
        return {"persistent_volume_claim": claim}
    return {"empty_dir": EmptyDir(size_limit=memory(wanted.resources.cache_bytes))}


def mounts(wanted: Needs) -> list[VolumeMount]:
    found = [
        VolumeMount(name="cache", mount_path=DEFAULT_CACHE_PATH),
        VolumeMount(name="tmp", mount_path="/tmp"),
        VolumeMount(name="shm", mount_path="/dev/shm"),
    ]
    if wanted.custom_profile:
        path = f"{DEFAULT_PROFILES_PATH}/custom"
        found.append(VolumeMount(name="profiles", mount_path=path, read_only=True))
    return found
