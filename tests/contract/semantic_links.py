"""What objects say of each other: selectors, ports, claims, accounts, targets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from contract.semantic_pods import pod_template

Object = Mapping[str, Any]


def of_links(each: Object, objects: Sequence[Object]) -> Iterator[str]:
    """Faults of what one object says of others; what is not in the manifest may be in the cluster."""
    if pod_template(each):
        yield from _of_pods(each, objects)
    check = _CHECKS.get(each["kind"])
    if check:
        yield from check(each, objects)


def _of_pods(each: Object, objects: Sequence[Object]) -> Iterator[str]:
    template = pod_template(each)
    assert template is not None
    labels, spec = template.get("metadata", {}).get("labels", {}), template["spec"]
    selector = each["spec"].get("selector", {}).get("matchLabels", {})
    if not selector.items() <= labels.items():
        yield f"selects {selector}, and its pods are {labels}"
    account = spec.get("serviceAccountName")
    if account and account not in _names(objects, "ServiceAccount"):
        yield f"its pods run as {account}, which is not there"
    for volume in spec.get("volumes", []):
        yield from _volume(volume, objects)


def _volume(volume: Mapping[str, Any], objects: Sequence[Object]) -> Iterator[str]:
    claim = volume.get("persistentVolumeClaim", {}).get("claimName", "")
    if claim.endswith("-cache") and claim not in _names(objects, "PersistentVolumeClaim"):
        yield f"mounts the claim {claim}, which is not there"
    source = volume.get("configMap")
    if source:
        maps = {found["metadata"]["name"]: found["data"] for found in objects if found["kind"] == "ConfigMap"}
        keys = maps.get(source["name"], {})
        for item in source.get("items", []):
            if item["key"] not in keys:
                yield f"mounts {item['key']} of {source['name']}, which is not there"


def _selected(selector: Mapping[str, Any], objects: Sequence[Object]) -> list[Object]:
    """What makes the pods that a selector takes."""
    found = []
    for each in objects:
        template = pod_template(each)
        labels = template.get("metadata", {}).get("labels", {}) if template else {}
        said = all(labels.get(term["key"]) in term["values"] for term in selector.get("matchExpressions", []))
        if template and said and selector.get("matchLabels", {}).items() <= labels.items():
            found.append(each)
    return found


def _one_kind(selector: Mapping[str, Any], objects: Sequence[Object]) -> Iterator[str]:
    kinds = [each["kind"] for each in _selected(selector, objects)]
    if not kinds:
        yield f"selects {selector}, which no pods are"
    if "Job" in kinds:
        yield "selects pods of a Job, which do not serve"


def _ports(selector: Mapping[str, Any], objects: Sequence[Object]) -> dict[str, int]:
    templates = [pod_template(each) for each in _selected(selector, objects)]
    return {
        port["name"]: port["containerPort"]
        for template in templates
        if template
        for container in template["spec"]["containers"]
        for port in container.get("ports", [])
    }


def _service(each: Object, objects: Sequence[Object]) -> Iterator[str]:
    selector = {"matchLabels": each["spec"]["selector"]}
    yield from _one_kind(selector, objects)
    ports = _ports(selector, objects)
    for port in each["spec"]["ports"]:
        if port["targetPort"] not in (*ports, *ports.values()):
            yield f"leads to port {port['targetPort']!r}, which pods do not have"


def _budget(each: Object, objects: Sequence[Object]) -> Iterator[str]:
    yield from _one_kind(each["spec"]["selector"], objects)


def _monitor(each: Object, objects: Sequence[Object]) -> Iterator[str]:
    selector = each["spec"]["selector"]
    yield from _one_kind(selector, objects)
    for endpoint in each["spec"]["podMetricsEndpoints"]:
        if endpoint["port"] not in _ports(selector, objects):
            yield f"scrapes port {endpoint['port']!r}, which pods do not have"


def _policy(each: Object, objects: Sequence[Object]) -> Iterator[str]:
    selector = each["spec"]["podSelector"]
    if not _selected(selector, objects):
        yield f"selects {selector}, which no pods are"
    ports = _ports(selector, objects)
    for rule in each["spec"].get("ingress", []):
        for port in rule["ports"]:
            if port["port"] not in (*ports, *ports.values()):
                yield f"lets in to port {port['port']!r}, which pods do not have"
    if not any(port["port"] == 53 for rule in each["spec"]["egress"] for port in rule["ports"]):
        yield "lets nobody ask for a name"


def _pool(each: Object, objects: Sequence[Object]) -> Iterator[str]:
    selector = each["spec"]["selector"]
    yield from _one_kind(selector, objects)
    for port in each["spec"]["targetPorts"]:
        if port["number"] not in _ports(selector, objects).values():
            yield f"leads to port {port['number']}, which pods do not have"


def _route(each: Object, objects: Sequence[Object]) -> Iterator[str]:
    for rule in each["spec"]["rules"]:
        for backend in rule["backendRefs"]:
            kind, name = backend.get("kind", "Service"), backend["name"]
            there = [e for e in objects if e["kind"] == kind and e["metadata"]["name"] == name]
            if not there:
                yield f"leads to the {kind} {name}, which is not there"
            elif kind == "Service" and backend.get("port") not in [
                port["port"] for port in there[0]["spec"]["ports"]
            ]:
                yield f"leads to port {backend.get('port')} of {name}, which is not there"


def _autoscaler(each: Object, objects: Sequence[Object]) -> Iterator[str]:
    spec = each["spec"]
    name = spec["scaleTargetRef"]["name"]
    targets = [e for e in objects if e["kind"] == "Deployment" and e["metadata"]["name"] == name]
    if not targets:
        yield f"scales {name}, which is not there"
    elif "replicas" in targets[0]["spec"]:
        yield f"scales {name}, which says its number of replicas itself"
    least = spec.get("minReplicas", spec.get("minReplicaCount"))
    most = spec.get("maxReplicas", spec.get("maxReplicaCount"))
    if not 1 <= least <= most:
        yield f"scales from {least} to {most}"


def _deployment(each: Object, objects: Sequence[Object]) -> Iterator[str]:
    template = pod_template(each)
    assert template is not None
    for container in template["spec"]["containers"]:
        probe = container.get("startupProbe", {})
        budget = probe.get("periodSeconds", 10) * probe.get("failureThreshold", 3)
        if each["spec"].get("progressDeadlineSeconds", 600) <= budget:
            yield f"is given up before a start of {budget} s is over"


def _names(objects: Sequence[Object], kind: str) -> set[str]:
    return {each["metadata"]["name"] for each in objects if each["kind"] == kind}


_CHECKS = {
    "Deployment": _deployment,
    "Service": _service,
    "PodDisruptionBudget": _budget,
    "PodMonitor": _monitor,
    "NetworkPolicy": _policy,
    "InferencePool": _pool,
    "HTTPRoute": _route,
    "ScaledObject": _autoscaler,
    "HorizontalPodAutoscaler": _autoscaler,
}
