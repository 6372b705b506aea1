"""The bill of materials of an image, as CycloneDX: its Python environments and its Debian packages."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

# Where Python environments are in an image: ours, the engine's, and those of the distribution.
_ENVIRONMENTS = (
    "opt/*/lib/python3*/site-packages",
    "usr/local/lib/python3*/*-packages",
    "usr/lib/python3*/*-packages",
)
_FIELD = re.compile(r"^([A-Za-z-]+): (.*)$", re.MULTILINE)


def write(root: Path, image: str, epoch: int, into: Path) -> None:
    """Write what is installed below `root`, the files of `image`, to `into`."""
    found = sorted({folder for pattern in _ENVIRONMENTS for folder in root.glob(pattern)})
    document = python_packages(found, epoch)
    document["metadata"]["component"] = {"type": "container", "name": image, "bom-ref": image}
    document.setdefault("components", []).extend(debian_packages(root))
    # What depends on what is said by the packages of one environment only.
    document.pop("dependencies", None)
    into.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def python_packages(folders: list[Path], epoch: int) -> dict[str, Any]:
    """What cyclonedx-py says of the packages in `folders`."""
    with tempfile.TemporaryDirectory() as scratch:
        # It asks an interpreter for its path. An image's need not run here: this one answers for it.
        asked = Path(scratch, "python")
        asked.write_text(f"#!/bin/sh\ncat <<'END'\n{json.dumps([str(each) for each in folders])}\nEND\n")
        asked.chmod(0o755)
        command = [sys.executable, "-m", "cyclonedx_py", "environment", "--output-reproducible"]
        done = subprocess.run(
            [*command, "--no-validate", "--of", "JSON", str(asked)],
            stdout=subprocess.PIPE,
            env={**os.environ, "SOURCE_DATE_EPOCH": str(epoch)},
            check=True,
        )
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def debian_packages(root: Path) -> list[dict[str, str]]:
    """What dpkg says is installed."""
    status = root / "var/lib/dpkg/status"
    if not status.is_file():
        return []
    vendor = _vendor(root)
    found = []
    for paragraph in status.read_text(encoding="utf-8").split("\n\n"):
        fields = dict(_FIELD.findall(paragraph))
        if "ok installed" not in fields.get("Status", ""):
            continue
        name, version, architecture = (fields[key] for key in ("Package", "Version", "Architecture"))
        purl = f"pkg:deb/{vendor}/{name}@{version}?arch={architecture}"
        found.append({"type": "library", "name": name, "version": version, "purl": purl, "bom-ref": purl})
    return sorted(found, key=lambda each: each["purl"])


def _vendor(root: Path) -> str:
    """The distribution's own name for itself."""
    for name in ("etc/os-release", "usr/lib/os-release"):
        file = root / name
        # etc/os-release is a link, which may lead out of the image's files.
        if file.is_file() and not file.is_symlink():
            found = re.search(r"^ID=\"?([\w.-]+)", file.read_text(encoding="utf-8"), re.MULTILINE)
            return found[1] if found else "debian"
    return "debian"
