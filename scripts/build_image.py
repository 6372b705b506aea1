"""Build an image with docker, podman or buildah: build_image.py cpu|base|model|all [ORG/MODEL].

cpu is the runtime and vLLM's CPU build on a Debian, with the profiles of every AIM; base the runtime on an
image that has vLLM; model one AIM's profiles on the base; all are all of them. Prints a line for each image:
name, size, digest, time. Beside each an SBOM is written. `make image` and its like call this.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import sbom
from container_engine import BuildError, ContainerEngine, Recipe, find_engine

from aim_runtime.images.names import BASE, CPU, image_name
from aim_runtime.version import __version__

ROOT = Path(__file__).parents[1]
# What is fetched and made once for all checkouts: packages, and the Debian to build on.
CACHE = Path(os.environ.get("IMAGE_CACHE") or Path.home() / ".cache/aim-images")
ENGINE_CPU = "aim-engine-cpu"
# The base that is made here, where none is named: its Python, and the folder of it, empty as a rule, at which
# builds find packages for that.
DEBIAN, DEBIAN_PYTHON, WHEELS_AT = "debian", (3, 11), "/srv"
LISTS = ("image", "runtime", "build")


@dataclass(frozen=True)
class Build:
    """What all images of one call have in common."""

    engine: ContainerEngine
    revision: str
    epoch: int
    cached: bool
    records: Path

    def image(
        self,
        file: str,
        name: str,
        arguments: Mapping[str, str],
        labels: Mapping[str, str],
        wheels: Path | None = None,
    ) -> str:
        """Build one and say so; return its name."""
        image, began = self.engine.named(f"{name}:{__version__}"), time.monotonic()
        offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": WHEELS_AT} if wheels else {}
        volumes = {wheels: WHEELS_AT} if wheels else {}
        recipe = Recipe(
            *(
                ROOT / "docker" / file,
                image,
                self.epoch,
                {**arguments, **offline},
                labels,
                volumes,
                self.cached,
            )
        )
        self.engine.build(recipe, ROOT)
        built = self.engine.look(image)
        assert built is not None
        print(f"{image}  {built.size}  {built.digest}  built in {time.monotonic() - began:.0f} s", flush=True)
        return image

    def described(self, image: str) -> None:
        """Write the bill of materials of an image that people get."""
        self.records.mkdir(parents=True, exist_ok=True)
        name = image.rpartition("/")[2].replace(":", "-")
        with self.engine.files(image) as root:
            sbom.write(root, image, self.epoch, self.records / f"{name}.cdx.json")


def cpu(build: Build, base_image: str) -> str:
    base, wheels = _base(build, base_image or DEBIAN, engine=True)
    engine = build.image("Dockerfile.cpu", ENGINE_CPU, {"BASE_IMAGE": base}, {}, wheels)
    arguments = {"BASE_IMAGE": engine, "PROFILES": "all"}
    return build.image("Dockerfile.base", CPU, arguments, labels(build, "--cpu"), wheels)


def base(build: Build, base_image: str) -> str:
    found, wheels = _base(build, base_image)
    arguments = {"BASE_IMAGE": found} if found else {}
    return build.image("Dockerfile.base", BASE, arguments, labels(build, "--base"), wheels)


def model(build: Build, aim_id: str, base_image: str) -> str:
    if not (ROOT / "catalog" / aim_id / "metadata.yaml").is_file():
        raise BuildError(f"catalog/{aim_id} is no AIM of the catalogue; see: ls -d catalog/*/*")
    found = base_image or build.engine.named(f"{BASE}:{__version__}")
    if not base_image and build.engine.look(found) is None:
        raise BuildError(f"there is no {found} to build on; make it: make image, or name one: BASE_IMAGE=…")
    arguments = {"BASE_IMAGE": found, "AIM_ID": aim_id}
    return build.image("Dockerfile.model", image_name(aim_id), arguments, labels(build, "--aim-id", aim_id))


def labels(build: Build, *of: str) -> dict[str, str]:
    """The labels that the package generates for an image of ours."""
    command: list[str | Path] = [sys.executable, "-m", "aim_runtime", "generate", "labels", *of]
    built = ("--revision", build.revision, "--created", str(build.epoch), "--format", "json")
    found: dict[str, str] = json.loads(_output([*command, *built]))
    return found


def _base(build: Build, base_image: str, *, engine: bool = False) -> tuple[str, Path | None]:
    """The base to build on, and a folder with the packages for its Python where this one is the same.

    A Debian is made here where mmdebstrap is, which no registry is needed for.
    """
    if base_image != DEBIAN:
        return base_image, None
    if build.engine.is_docker or not shutil.which("mmdebstrap") or os.geteuid():
        return "docker.io/library/debian:bookworm-slim", None
    archive = Path(_output([ROOT / "scripts/debian-base", CACHE]))
    image = build.engine.named(f"aim-debian:{archive.stem.rpartition('-')[2]}")
    if build.engine.look(image) is None:
        build.engine.import_archive(archive, image)
    return image, _wheels(engine=engine) if sys.version_info[:2] == DEBIAN_PYTHON else None


def _wheels(*, engine: bool) -> Path:
    """Fetch the packages by this machine's pip, with its configuration, caches and certificates."""
    folder = CACHE / "wheels"
    lists = [ROOT / f"requirements/{name}.txt" for name in LISTS]
    fetched = folder / hashlib.sha256(b"".join(path.read_bytes() for path in lists)).hexdigest()[:16]
    if not fetched.exists():
        folder.mkdir(parents=True, exist_ok=True)
        pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-input", "--wheel-dir", folder]
        _output([*pip, *(word for path in lists for word in ("-r", path))])
        fetched.touch()
    if engine:
        _output([ROOT / "scripts/install-engine-cpu", "--fetch", folder, sys.prefix], said=True)
    return folder


def _output(command: list[str | Path], *, said: bool = False) -> str:
    done = subprocess.run(command, stdout=2 if said else subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise BuildError(f"{command[0]} ended with exit code {done.returncode}; its own words are above")
    return (done.stdout or "").strip()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("kind", choices=("cpu", "base", "model", "all"))
    parser.add_argument("aim", nargs="?", metavar="ORG/MODEL", help="The AIM, for model.")
    parser.add_argument(
        "--base-image", default="", help=f"What to build on; {DEBIAN}: one that is made here."
    )
    parser.add_argument("--no-cache", action="store_true", help="Build every layer anew.")
    parser.add_argument("--records", type=Path, default=ROOT / "build/images", help="Folder of the SBOM.")
    found = parser.parse_args()
    if (found.kind == "model") != bool(found.aim):
        parser.error("name an AIM for model, and for nothing else: model Qwen/Qwen3-32B")
    return found


def _images(build: Build, asked: argparse.Namespace) -> Iterator[str]:
    if asked.kind == "model":
        yield model(build, asked.aim, asked.base_image)
    if asked.kind in ("cpu", "all"):
        yield cpu(build, "" if asked.kind == "all" else asked.base_image)
    if asked.kind in ("base", "all"):
        yield base(build, asked.base_image)
    if asked.kind == "all":
        for folder in sorted(path.parent for path in (ROOT / "catalog").glob("*/*/metadata.yaml")):
            yield model(build, str(folder.relative_to(ROOT / "catalog")), "")


def main() -> int:
    asked = _arguments()
    try:
        revision = _output(["git", "-C", ROOT, "rev-parse", "HEAD"])
        epoch = int(_output(["git", "-C", ROOT, "log", "-1", "--format=%ct"]))
        build = Build(find_engine(), revision, epoch, not asked.no_cache, asked.records)
        for image in _images(build, asked):
            build.described(image)
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
