"""Build images with docker, podman or buildah: build_image.py cpu|base|model|all [ORG/MODEL].

cpu is the runtime and vLLM's CPU build on a Debian, with the profiles of every AIM; base the runtime on an
image that has vLLM; model one AIM's profiles on the base; all are all of them. Prints a line for each image:
name, size, digest, time. Beside each an SBOM is written. `make image` and its like call this.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import sbom
from container_engine import BuildError, ContainerEngine, Recipe, find_engine
from image_bases import DEBIAN, ROOT, Base, find_base, output

from aim_runtime.images.names import BASE, CPU, image_name
from aim_runtime.profiles.catalog import load_catalog
from aim_runtime.version import __version__
from aim_runtime.vocabulary import AcceleratorType, Origin

CATALOG = ROOT / "catalog"
ENGINE_CPU = "aim-engine-cpu"
# All that the image of the CPU's engine is made from: other commits leave it as it is.
ENGINE_INPUTS = (
    *("docker/Dockerfile.cpu", "docker/install-packages", "scripts/install-engine-cpu"),
    *("requirements/engine-cpu.txt", "requirements/engine-cpu-vllm.txt"),
)
# The folder of an image, empty as a rule, at which its build finds packages that were fetched before.
WHEELS_AT = "/srv"


@dataclass(frozen=True)
class Wanted:
    """One image of ours: its Dockerfile, its name with the tag, what it is built on and with."""

    file: str
    name: str
    base: Base
    arguments: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Build:
    """What all images of one call have in common."""

    engine: ContainerEngine
    cached: bool
    records: Path

    def image(self, wanted: Wanted, epoch: int) -> str:
        """Build one and say so; return its name."""
        image, began = self.engine.named(wanted.name), time.monotonic()
        wheels = wanted.base.wheels
        arguments = {
            **({"BASE_IMAGE": wanted.base.image} if wanted.base.image else {}),
            **({"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": WHEELS_AT} if wheels else _pip_settings()),
            **wanted.arguments,
        }
        file, volumes = ROOT / "docker" / wanted.file, {wheels: WHEELS_AT} if wheels else {}
        self.engine.build(Recipe(file, image, epoch, arguments, wanted.labels, volumes, self.cached), ROOT)
        built = self.engine.look(image)
        if built is None:
            raise BuildError(f"{self.engine.name} built {image}, and does not have it")
        print(f"{image}  {built.size}  {built.digest}  built in {time.monotonic() - began:.0f} s", flush=True)
        return image

    def kept(self, wanted: Wanted, epoch: int) -> str:
        """The same, unless there is one of that name: its tag says what it is made from."""
        image = self.engine.named(wanted.name)
        there = self.engine.look(image) if self.cached else None
        if there is None:
            return self.image(wanted, epoch)
        print(f"{image}  {there.size}  {there.digest}  was there", flush=True)
        return image

    def described(self, image: str) -> None:
        """Write the bill of materials of an image that people get."""
        self.records.mkdir(parents=True, exist_ok=True)
        name = image.rpartition("/")[2].replace(":", "-")
        with self.engine.files(image) as root:
            sbom.write(root, image, epoch_of(), self.records / f"{name}.cdx.json")


def cpu(build: Build, base_image: str) -> str:
    debian, epoch = find_base(build.engine, base_image or DEBIAN, with_vllm=True), epoch_of(*ENGINE_INPUTS)
    made_from = f"{debian.image} {epoch} ".encode() + b"".join(
        (ROOT / name).read_bytes() for name in ENGINE_INPUTS
    )
    tag = hashlib.sha256(made_from).hexdigest()[:12]
    engine = build.kept(Wanted("Dockerfile.cpu", f"{ENGINE_CPU}:{tag}", debian), epoch)
    base, arguments = Base(engine, debian.wheels), {"PROFILES": "all"}
    return build.image(Wanted("Dockerfile.base", tagged(CPU), base, arguments, labels("--cpu")), epoch_of())


def base(build: Build, base_image: str) -> str:
    found = find_base(build.engine, base_image)
    return build.image(Wanted("Dockerfile.base", tagged(BASE), found, {}, labels("--base")), epoch_of())


def model(build: Build, aim_id: str, base_image: str) -> str:
    if not (CATALOG / aim_id / "metadata.yaml").is_file():
        raise BuildError(f"catalog/{aim_id} is no AIM of the catalogue; see: ls -d catalog/*/*")
    found = base_image or build.engine.named(tagged(_base_of(aim_id)))
    if not base_image and build.engine.look(found) is None:
        raise BuildError(f"there is no {found} to build on; make it: make image, or name one: BASE_IMAGE=…")
    arguments = {"AIM_ID": aim_id}
    name, says = tagged(image_name(aim_id)), labels("--aim-id", aim_id)
    return build.image(Wanted("Dockerfile.model", name, Base(found), arguments, says), epoch_of())


def tagged(name: str) -> str:
    return f"{name}:{__version__}"


def _base_of(aim_id: str) -> str:
    """The image that has the engine for an AIM's profiles: the CPU's where they are for nothing else."""
    profiles = [each for each in load_catalog([CATALOG], aim_id).profiles if each.origin is Origin.MODEL]
    on_cpu = all(each.metadata.accelerator_type is AcceleratorType.CPU for each in profiles)
    return CPU if on_cpu else BASE


def labels(*of: str) -> dict[str, str]:
    """The labels that the package generates for an image of ours."""
    command: list[str | Path] = [sys.executable, "-m", "aim_runtime", "generate", "labels", *of]
    revision = output(["git", "-C", ROOT, "rev-parse", "HEAD"])
    built = ("--revision", revision, "--created", str(epoch_of()), "--format", "json")
    found: dict[str, str] = json.loads(output([*command, *built]))
    return found


def epoch_of(*files: str) -> int:
    """The time of the newest commit, or of the newest that changed one of `files`."""
    return int(output(["git", "-C", ROOT, "log", "-1", "--format=%ct", "--", *files]))


def _pip_settings() -> dict[str, str]:
    """Where this machine's pip finds packages, for a build that has to find them too."""
    return {name: os.environ[name] for name in ("PIP_INDEX_URL",) if name in os.environ}


def _images(build: Build, asked: argparse.Namespace) -> Iterator[str]:
    if asked.kind == "model":
        yield model(build, asked.aim, asked.base_image)
    if asked.kind in ("cpu", "all"):
        yield cpu(build, "" if asked.kind == "all" else asked.base_image)
    if asked.kind in ("base", "all"):
        yield base(build, asked.base_image)
    if asked.kind == "all":
        for folder in sorted(path.parent for path in CATALOG.glob("*/*/metadata.yaml")):
            yield model(build, str(folder.relative_to(CATALOG)), "")


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


def main() -> int:
    asked = _arguments()
    try:
        build = Build(find_engine(), not asked.no_cache, asked.records)
        for image in _images(build, asked):
            build.described(image)
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
