"""On which nodes pods may run: those with the accelerators of the plan."""

from __future__ import annotations

from typing import Any

from aim_runtime.deploy.asked import Asked
from aim_runtime.deploy.kubernetes.objects import Toleration
from aim_runtime.deploy.needs import Needs

# The label that AMD's node labeller gives a node for the GPUs in it (k8s-device-plugin, node-labeller).
DEVICE_ID = "amd.com/gpu.device-id"


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
