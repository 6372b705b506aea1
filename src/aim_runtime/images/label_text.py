"""Labels as those that build images take them, each value quoted by the rules of its format."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Mapping

# What Docker's parser reads as something else within double quotes.
_SPECIAL = re.compile(r'(["$\\])')


def as_env(labels: Mapping[str, str]) -> str:
    """One `NAME=VALUE` a line, nothing quoted: a file of labels."""
    return "\n".join(f"{name}={value}" for name, value in labels.items())


def as_json(labels: Mapping[str, str]) -> str:
    """One object."""
    return json.dumps(labels, indent=2, ensure_ascii=False)


def as_dockerfile(labels: Mapping[str, str]) -> str:
    """One LABEL instruction."""
    escaped = {name: _SPECIAL.sub(r"\\\1", value) for name, value in labels.items()}
    return "LABEL " + " \\\n      ".join(f'{name}="{value}"' for name, value in escaped.items())


def as_arguments(labels: Mapping[str, str]) -> str:
    """Arguments of `docker build`, `podman build` or `buildah bud`, one label a line, quoted for a shell."""
    return "\n".join(f"--label {shlex.quote(f'{name}={value}')}" for name, value in labels.items())


FORMATS: dict[str, Callable[[Mapping[str, str]], str]] = {
    "env": as_env,
    "json": as_json,
    "dockerfile": as_dockerfile,
    "args": as_arguments,
}
