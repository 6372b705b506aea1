"""The discovery of AMD's operator, v1alpha2: a shell that prints every profile of an image, and its reader.

The Job puts `/bin/sh -c` in the place of the entrypoint, so an image needs a shell, find, sort, base64 and
tr, and its profiles as regular files where they are looked for. This is our own writing of what it does.
"""

from __future__ import annotations

import base64
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from contract.operator import go
from contract.operator.pod_log import Unreadable

_BEGIN, _END, _SAYS = "-----BEGIN AIM FILE ", "-----END AIM FILE-----", "-----AIM "
SCRIPT = rf"""
set -eu
for folder in "$AIM_ID" general; do
  [ -n "$folder" ] && [ -d "$PROFILES/$folder" ] || continue
  find "$PROFILES/$folder" -type f -name '*.yaml' | sort | while read -r file; do
    printf '%s%s\n' '{_BEGIN}' "${{file#"$PROFILES"/}}"
    base64 < "$file" | tr -d '\n'
    printf '\n%s\n' '{_END}'
  done
done
printf '%sAIM_ID=%s\n%sAIM_BASE_IMAGE_REF=%s\n' '{_SAYS}' "$AIM_ID" '{_SAYS}' "${{AIM_BASE_IMAGE_REF:-}}"
"""


@dataclass(frozen=True)
class Item:
    """A profile of an image's catalogue; `primary` is None where it is not said."""

    id: str
    general: bool
    aim_id: str
    model_id: str
    engine: str
    accelerator_type: str
    accelerator_model: str
    accelerator_count: int
    precision: str
    metric: str
    type: str
    primary: bool | None
    manual_selection_only: bool
    engine_args: dict[str, Any]
    env_vars: dict[str, str]


@dataclass(frozen=True)
class Walked:
    """What an image is found to have."""

    aim_id: str
    base_image: str
    items: tuple[Item, ...]


def walk(profiles: Path, aim_id: str, base_image: str = "") -> Walked:
    """Run the script as the Job does, with next to nothing in its environment, and read what it printed.

    General profiles count only where there is none of the model's own. One file that cannot be read fails
    them all: that raises Unreadable.
    """
    said = {"AIM_ID": aim_id, "AIM_BASE_IMAGE_REF": base_image}
    done = subprocess.run(
        ["/bin/sh", "-c", SCRIPT],
        env={"PATH": "/usr/bin:/bin", "PROFILES": str(profiles), **said},
        capture_output=True,
        text=True,
        check=True,
    )
    return read(done.stdout.splitlines())


def read(lines: list[str]) -> Walked:
    """Read what the script printed."""
    said = dict(line.removeprefix(_SAYS).split("=", 1) for line in lines if line.startswith(_SAYS))
    items = [
        _item(line.removeprefix(_BEGIN), base64.b64decode(lines[number + 1], validate=True).decode())
        for number, line in enumerate(lines)
        if line.startswith(_BEGIN) and lines[number + 2] == _END
    ]
    if len(items) != sum(line.startswith(_BEGIN) for line in lines):
        raise Unreadable("a frame without its end")
    own = [item for item in items if not item.general]
    return Walked(said["AIM_ID"], said["AIM_BASE_IMAGE_REF"], tuple(own or items))


def _item(path: str, text: str) -> Item:
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise Unreadable(f"{path}: {error}") from error
    metadata = go.mapping(content, "metadata", path)
    if not metadata:
        raise Unreadable(f"{path} is no profile")
    model = go.text(metadata, "accelerator_model", path) or go.text(metadata, "gpu", path)
    count = go.integer(metadata, "accelerator_count", path) or go.integer(metadata, "gpu_count", path)
    primary = go.boolean(metadata, "primary", path) if "primary" in metadata else None
    return Item(
        Path(path).stem,
        path.startswith("general/"),
        go.text(content, "aim_id", path),
        go.text(content, "model_id", path),
        go.text(metadata, "engine", path),
        go.text(metadata, "accelerator_type", path) or ("gpu" if "gpu" in metadata else ""),
        model,
        count,
        go.text(metadata, "precision", path),
        go.text(metadata, "metric", path),
        go.text(metadata, "type", path),
        primary,
        go.boolean(metadata, "manual_selection_only", path),
        go.mapping(content, "engine_args", path),
        go.texts(content, "env_vars", path),
    )
