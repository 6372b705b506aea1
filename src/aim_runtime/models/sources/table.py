"""The models room: the one table of sources, by the scheme of the references that they understand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from aim_runtime.models.ref import Scheme
from aim_runtime.models.sources.cloud import CloudSource
from aim_runtime.models.sources.huggingface import HubSource
from aim_runtime.models.sources.local import LocalSource
from aim_runtime.models.sources.modelscope import ModelScopeSource
from aim_runtime.models.sources.oci import OciSource
from aim_runtime.models.sources.pypi import PypiSource
from aim_runtime.models.sources.s3 import S3Source
from aim_runtime.models.sources.source import Source
from aim_runtime.models.sources.web import WebSource
from aim_runtime.variables import DEFAULT_HUB_ENDPOINT


@dataclass(frozen=True)
class Surroundings:
    """What sources find around them: the hub's address, and the environment with proxies and credentials."""

    hub_endpoint: str = DEFAULT_HUB_ENDPOINT
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)


SOURCES: dict[Scheme, Callable[[Surroundings], Source]] = {
    Scheme.HF: lambda around: HubSource(around.hub_endpoint, environment=around.environment),
    Scheme.S3: lambda around: S3Source(around.environment),
    Scheme.GS: lambda around: CloudSource(Scheme.GS, around.environment),
    Scheme.AZ: lambda around: CloudSource(Scheme.AZ, around.environment),
    Scheme.MODELSCOPE: lambda around: ModelScopeSource(around.environment),
    Scheme.HTTPS: lambda around: WebSource(around.environment),
    Scheme.OCI: lambda around: OciSource(around.environment),
    Scheme.PYPI: lambda around: PypiSource(around.environment),
    Scheme.FILE: lambda around: LocalSource(),
}


def source_for(scheme: Scheme, around: Surroundings) -> Source:
    """Return the source of a scheme."""
    return SOURCES[scheme](around)
