"""What of this machine a plan uses, and pods on others would look for in vain."""

from __future__ import annotations

from pathlib import PurePosixPath

from aim_runtime.deploy.asked import Asked
from aim_runtime.deploy.needs import LocalPath, Needs
from aim_runtime.errors import NotDeployable
from aim_runtime.variables import DEFAULT_CACHE_PATH

_HINT = (
    "weights: name a source that pods can reach (hf://, s3://, oci://, …), or mount a volume that has them "
    f"by --claim and name a folder below {DEFAULT_CACHE_PATH}; TLS: end it at the Gateway"
)


def refuse_what_is_here(wanted: Needs, asked: Asked) -> None:
    """Raise NotDeployable where the plan uses a path that no volume of the pods has."""
    for each in wanted.local:
        if not (asked.claim and _in_the_cache(each)):
            raise NotDeployable(f"{each.named_by}: pods have no such path, it is this machine's", hint=_HINT)


def _in_the_cache(local: LocalPath) -> bool:
    return PurePosixPath(DEFAULT_CACHE_PATH) in PurePosixPath(local.path).parents
