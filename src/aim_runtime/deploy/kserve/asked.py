"""What the user asks of KServe beside what every platform is asked."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from aim_runtime.deploy.asked import Asked
from aim_runtime.errors import InvalidValue

# What KServe puts between the name and the namespace, to make the first label of a host name of it.
_BETWEEN = "-predictor-"
_LABEL_LENGTH = 63


class Mode(StrEnum):
    """How KServe serves without Knative: `Standard` since 0.16, which still reads the older name."""

    STANDARD = "Standard"
    RAW_DEPLOYMENT = "RawDeployment"


class Runtime(StrEnum):
    """What has the container: the service itself, a runtime of its namespace, or one of the cluster."""

    NONE = "none"
    NAMESPACE = "ServingRuntime"
    CLUSTER = "ClusterServingRuntime"


@dataclass(frozen=True)
class KServe:
    """What was asked for, or is usual."""

    runtime: Runtime = Runtime.NONE
    mode: Mode = Mode.STANDARD


def namespace_room(asked: Asked) -> int:
    """How long the namespace may be; less than 1 where the name alone is too long."""
    return _LABEL_LENGTH - len(asked.name) - len(_BETWEEN)


def checked(asked: Asked) -> Asked:
    """Return `asked`, or raise InvalidValue for what KServe would refuse, or never get to run."""
    namespace = asked.namespace or ""
    if len(namespace) > namespace_room(asked):
        raise InvalidValue(
            f"KServe makes a host name of {asked.name}{_BETWEEN}{namespace}, "
            f"which may have at most {_LABEL_LENGTH} characters",
            hint=_shorter(_LABEL_LENGTH - len(_BETWEEN) - len(namespace)),
        )
    return asked


def _shorter(longest: int) -> str:
    """What to do, where the namespace leaves `longest` characters for the name."""
    if longest < 1:
        return f"use a namespace with a shorter name: at most {_LABEL_LENGTH - len(_BETWEEN) - 1} characters"
    return f"give a --name of at most {longest} characters, or use a namespace with a shorter name"
