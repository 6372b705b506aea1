"""Pods: their containers, ports, probes, resources, volumes and times."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from contract.quantities import quantity

Spec = Mapping[str, Any]

_PORT = re.compile(r"(?=.*[a-z])[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_ENV = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")
_SECRET_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")
_PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
# As long as requests may still come in when a pod is told to end (aim_runtime.serving.drain).
LINGER_S = 5
_BY_KUBERNETES = ("cpu", "memory", "ephemeral-storage")


def pod_template(each: Spec) -> Mapping[str, Any] | None:
    """The pods that an object makes, None where it makes none."""
    spec = each.get("spec") or {}
    found: Mapping[str, Any] | None = spec.get("template")
    return found if found and "containers" in found.get("spec", {}) else None


def of_a_pod(spec: Spec, kind: str) -> Iterator[str]:
    containers = [*spec.get("initContainers", []), *spec["containers"]]
    yield from _twice("container", [each["name"] for each in containers])
    for container in containers:
        for fault in _container(container, spec, kind):
            yield f"container {container['name']}: {fault}"
    yield from _volumes(spec, containers)


def _container(container: Spec, spec: Spec, kind: str) -> Iterator[str]:
    yield from _ports(container.get("ports", []))
    yield from _probes(container)
    yield from _environment(container.get("env", []))
    yield from _resources(container.get("resources", {}))
    yield from _security(container.get("securityContext", {}), spec.get("securityContext", {}))
    yield from _ending(container, spec, kind)
    if not all(isinstance(each, str) for each in container.get("args", [])):
        yield "an argument is not a text"


def _ports(ports: Sequence[Spec]) -> Iterator[str]:
    names = [port["name"] for port in ports]
    yield from _twice("port", names)
    yield from _twice("port number", [str(port["containerPort"]) for port in ports])
    for name in names:
        if not _PORT.fullmatch(name) or len(name) > 15 or "--" in name:
            yield f"the port name {name!r} is none"
    for port in ports:
        if not 1 <= port["containerPort"] <= 65535:
            yield f"there is no port {port['containerPort']}"


def _probes(container: Spec) -> Iterator[str]:
    names = {port["name"] for port in container.get("ports", [])}
    for kind in _PROBES:
        probe = container.get(kind)
        if probe is None:
            continue
        port = probe["httpGet"]["port"]
        if port not in names:
            yield f"{kind} asks port {port!r}, which is not there"
        if not probe["httpGet"]["path"].startswith("/"):
            yield f"{kind} asks for {probe['httpGet']['path']!r}"
        if min(probe["periodSeconds"], probe["timeoutSeconds"], probe["failureThreshold"]) < 1:
            yield f"{kind} has a number below 1"
    if "livenessProbe" in container and "startupProbe" not in container:
        yield "livenessProbe without a startupProbe ends a start that is slow"


def _environment(variables: Sequence[Spec]) -> Iterator[str]:
    yield from _twice("variable", [each["name"] for each in variables])
    for each in variables:
        name = each["name"]
        if not _ENV.fullmatch(name):
            yield f"the variable {name!r} has no such name"
        if ("value" in each) == ("valueFrom" in each):
            yield f"{name} has no value, or two"
        if not isinstance(each.get("value", ""), str):
            yield f"{name} is not a text"
        reference = each.get("valueFrom", {}).get("secretKeyRef")
        if reference and not _SECRET_KEY.fullmatch(reference["key"]):
            yield f"{name} names the key {reference['key']!r}, which no secret has"


def _resources(resources: Spec) -> Iterator[str]:
    requests, limits = resources.get("requests", {}), resources.get("limits", {})
    for where, given in (("requests", requests), ("limits", limits)):
        for name, amount in given.items():
            value = quantity(amount)
            if value is None:
                yield f"{where} {amount!r} of {name}, which is no quantity"
            elif name not in _BY_KUBERNETES and value.denominator != 1:
                yield f"{where} {amount} of {name}, which is not divided"
    for name in {*requests, *limits} - set(_BY_KUBERNETES):
        if requests.get(name) != limits.get(name):
            yield f"requests {requests.get(name)} of {name}, and is limited to {limits.get(name)}"
    for name in requests.keys() & limits.keys():
        least, most = quantity(requests[name]), quantity(limits[name])
        if least is not None and most is not None and least > most:
            yield f"requests {requests[name]} of {name}, above the limit of {limits[name]}"


def _security(own: Spec, pod: Spec) -> Iterator[str]:
    """What Kubernetes' `restricted` standard asks, and a root that is read-only."""
    said = {**pod, **own}
    if said.get("runAsNonRoot") is not True:
        yield "may run as root"
    if own.get("allowPrivilegeEscalation") is not False:
        yield "may gain privileges"
    if own.get("capabilities", {}).get("drop") != ["ALL"]:
        yield "keeps capabilities"
    if said.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        yield "has no seccomp profile"
    if own.get("readOnlyRootFilesystem") is not True:
        yield "may write to its root"


def _ending(container: Spec, spec: Spec, kind: str) -> Iterator[str]:
    said = {each["name"]: each.get("value") for each in container.get("env", [])}
    if kind == "Job":
        if spec.get("restartPolicy") not in ("Never", "OnFailure"):
            yield "a Job's pods have a restartPolicy of their own"
        return
    drain = float(said.get("AIM_DRAIN_SECONDS") or 0)
    grace = spec.get("terminationGracePeriodSeconds", 30)
    if grace <= drain + LINGER_S:
        yield f"is killed after {grace} s, and drains for {drain:g} s and {LINGER_S}"


def _volumes(spec: Spec, containers: Sequence[Spec]) -> Iterator[str]:
    volumes = [each["name"] for each in spec.get("volumes", [])]
    mounted = [mount for each in containers for mount in each.get("volumeMounts", [])]
    yield from _twice("volume", volumes)
    for container in containers:
        yield from _twice("mount", [mount["mountPath"] for mount in container.get("volumeMounts", [])])
    for mount in mounted:
        if mount["name"] not in volumes:
            yield f"{mount['mountPath']} mounts {mount['name']}, which is no volume"
        if not mount["mountPath"].startswith("/"):
            yield f"{mount['mountPath']} is no place to mount"
    for name in sorted(set(volumes) - {mount["name"] for mount in mounted}):
        yield f"the volume {name} is mounted nowhere"
    yield from _sizes(spec, containers)


def _sizes(spec: Spec, containers: Sequence[Spec]) -> Iterator[str]:
    """What is in memory counts against the limit of memory, what is on disk against that of disk."""
    kinds: dict[str, list[Any]] = {"memory": [], "ephemeral-storage": []}
    for volume in spec.get("volumes", []):
        if "emptyDir" not in volume:
            continue
        size = quantity(volume["emptyDir"].get("sizeLimit"))
        if size is None:
            yield f"the volume {volume['name']} may grow without an end"
            continue
        kinds["memory" if volume["emptyDir"].get("medium") == "Memory" else "ephemeral-storage"].append(size)
    for kind, sizes in kinds.items():
        limits = [quantity(each.get("resources", {}).get("limits", {}).get(kind)) for each in containers]
        if sizes and None not in limits and sum(sizes) >= sum(filter(None, limits)):
            yield f"its volumes alone fill the limit of {kind}"


def _twice(what: str, names: Sequence[str]) -> Iterator[str]:
    for name in sorted({each for each in names if names.count(each) > 1}):
        yield f"the {what} {name} is there twice"
