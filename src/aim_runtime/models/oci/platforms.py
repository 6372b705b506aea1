"""The models room: which of the manifests of an index is for this machine."""

from __future__ import annotations

import platform

from aim_runtime.errors import ModelNotFound
from aim_runtime.models.oci.manifest import Descriptor, Index

# Registries write Go's names of architectures.
_GO_NAMES = {"x86_64": "amd64", "aarch64": "arm64"}


def choose(index: Index, where: str, machine: str | None = None) -> Descriptor:
    """Return the manifest for Linux on `machine` (this one's kind), or the only one that there is.

    Raises ModelNotFound naming the platforms that there are.
    """
    machine = machine or platform.machine()
    architecture = _GO_NAMES.get(machine, machine)
    # Builders put attestations beside the images, for a platform that they call unknown.
    candidates = [
        each for each in index.manifests if each.platform is None or str(each.platform) != "unknown/unknown"
    ]
    for each in candidates:
        if each.platform and (each.platform.os, each.platform.architecture) == ("linux", architecture):
            return each
    if len(candidates) == 1:
        return candidates[0]
    there = sorted({str(each.platform or "any platform") for each in candidates})
    raise ModelNotFound(
        f"{where} has nothing for linux/{architecture}: it has {', '.join(there) or 'nothing at all'}",
        hint=f"name one of them by its digest, for example {candidates[0].digest}" if candidates else "",
    )
