"""What an image is built on where no registry need be asked: a Debian, and packages for its Python."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from container_engine import BuildError, ContainerEngine

ROOT = Path(__file__).parents[1]
# What is fetched and made once for all checkouts.
CACHE = Path(os.environ.get("IMAGE_CACHE") or Path.home() / ".cache/aim-images")
# The name that asks for the Debian, its Python, and who has it where it cannot be made here.
DEBIAN, DEBIAN_PYTHON, PULLED = "debian", (3, 11), "docker.io/library/debian:bookworm-slim"
_LISTS = tuple(ROOT / f"requirements/{name}.txt" for name in ("image", "runtime", "build"))


@dataclass(frozen=True)
class Base:
    """An image to build on, "" for the Dockerfile's own; `wheels` has all packages for it."""

    image: str
    wheels: Path | None = None


def find_base(engine: ContainerEngine, asked: str, *, with_vllm: bool = False) -> Base:
    """The base that was asked for; the Debian is made here where mmdebstrap is.

    Packages are fetched beforehand where this Python is of the same version as that of the image.
    """
    if asked != DEBIAN:
        return Base(asked)
    if engine.is_docker or not shutil.which("mmdebstrap") or os.geteuid():
        return Base(PULLED)
    archive = Path(output([ROOT / "scripts/debian-base", CACHE]))
    image = engine.named(f"aim-debian:{archive.stem.rpartition('-')[2]}")
    if engine.look(image) is None:
        engine.import_archive(archive, image)
    return Base(image, _wheels(with_vllm=with_vllm) if sys.version_info[:2] == DEBIAN_PYTHON else None)


def _wheels(*, with_vllm: bool) -> Path:
    """Fetch the packages by this machine's pip, with its configuration, caches and certificates."""
    folder = CACHE / "wheels"
    fetched = folder / hashlib.sha256(b"".join(path.read_bytes() for path in _LISTS)).hexdigest()[:16]
    if not fetched.exists():
        folder.mkdir(parents=True, exist_ok=True)
        pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-input", "--wheel-dir", folder]
        output([*pip, *(word for path in _LISTS for word in ("-r", path))])
        fetched.touch()
    if with_vllm:
        output([ROOT / "scripts/install-engine-cpu", "--fetch", folder, sys.prefix], shown=True)
    return folder


def output(command: list[str | Path], *, shown: bool = False) -> str:
    """What a program says on stdout; `shown` to the person instead. Raises BuildError where it fails."""
    done = subprocess.run(command, stdout=2 if shown else subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise BuildError(f"{command[0]} ended with exit code {done.returncode}; its own words are above")
    return (done.stdout or "").strip()
