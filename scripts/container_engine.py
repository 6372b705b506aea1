"""What builds images: docker, podman or buildah, whichever is there; CONTAINER_ENGINE names one."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ENGINES = ("docker", "podman", "buildah")
# What an SBOM is made from.
_PACKAGE_RECORDS = (
    "--wildcards",
    "*.dist-info",
    "var/lib/dpkg/status",
    "etc/os-release",
    "usr/lib/os-release",
)


class BuildError(Exception):
    """What a person can do something about; the text says what."""


@dataclass(frozen=True)
class Recipe:
    """One image to build; `volumes` are folders of this machine that the build may read, and where."""

    dockerfile: Path
    image: str
    epoch: int
    arguments: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    volumes: Mapping[Path, str] = field(default_factory=dict)
    cached: bool = True


@dataclass(frozen=True)
class Built:
    """An image that is there: its size as a person reads it, and what identifies it."""

    image: str
    size: str
    digest: str


@dataclass(frozen=True)
class ContainerEngine:
    """One of the three programs. podman and buildah share one storage and the options of a build."""

    name: str

    @property
    def is_docker(self) -> bool:
        return self.name == "docker"

    def named(self, image: str) -> str:
        """The whole name of an image that is built here, which docker has another idea of."""
        return image if self.is_docker or "/" in image else f"localhost/{image}"

    def build(self, recipe: Recipe, context: Path) -> None:
        """Build; what the program says goes to stderr."""
        options = [
            *("--file", str(recipe.dockerfile), "--tag", recipe.image),
            *_each("--build-arg", {"SOURCE_DATE_EPOCH": str(recipe.epoch), **recipe.arguments}),
            *_each("--label", recipe.labels),
            *(() if recipe.cached else ("--no-cache",)),
        ]
        if not self.is_docker:
            # What a build runs comes from this repository and needs no walls; chroot works in a container
            # too, and where there are no cgroups. OCI's format has no field that differs between two builds.
            options += ["--isolation", os.environ.get("BUILDAH_ISOLATION", "chroot"), "--format", "oci"]
            # A line taken from an earlier build keeps that one's time: no layers, so that nothing is taken.
            options += ["--layers=false", "--timestamp", str(recipe.epoch)]
            options += [f"--volume={folder}:{place}:ro" for folder, place in recipe.volumes.items()]
        self._run("build", *options, str(context))

    def import_archive(self, archive: Path, image: str) -> None:
        """Have the file system in a tar archive as an image."""
        if not shutil.which("buildah"):
            self._run("import", str(archive), image)
            return
        buildah = ContainerEngine("buildah")  # podman's import puts the time of day into the image
        container = buildah._ask("from", "scratch")
        buildah._run("add", "--quiet", container, str(archive), "/")
        buildah._run("commit", "--quiet", "--rm", "--timestamp", "0", container, image)

    def look(self, image: str) -> Built | None:
        """Look for an image on this machine."""
        command = [self.name, "images", "--format", "{{.Digest}} {{.ID}} {{.Size}}", image]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode or not done.stdout.strip():
            return None
        digest, id_, size = done.stdout.splitlines()[0].split(maxsplit=2)
        return Built(image, size.strip(), id_ if digest == "<none>" else digest)

    @contextmanager
    def files(self, image: str) -> Iterator[Path]:
        """The root of an image's files, to read: all of them, or the records of what is installed."""
        if self.is_docker or os.geteuid():  # only root may mount
            with tempfile.TemporaryDirectory() as root:
                self._export(image, Path(root))
                yield Path(root)
            return
        buildah = ContainerEngine("buildah")
        container = buildah._ask("from", "--pull-never", image)
        try:
            yield Path(buildah._ask("mount", container))
        finally:
            buildah._ask("rm", container)

    def _export(self, image: str, root: Path) -> None:
        if self.name == "buildah":
            raise BuildError("buildah shows an image's files to root only: sudo make …, or install podman")
        container = self._ask("create", image)
        try:
            with subprocess.Popen([self.name, "export", container], stdout=subprocess.PIPE) as export:
                unpack = ["tar", "-x", "-C", str(root), *_PACKAGE_RECORDS]
                subprocess.run(unpack, stdin=export.stdout, check=False)
        finally:
            self._ask("rm", container)

    def _run(self, *words: str) -> None:
        """Run to the end; stdout is for what this program itself has to say."""
        _check([self.name, *words], subprocess.run([self.name, *words], stdout=2, check=False).returncode)

    def _ask(self, *words: str) -> str:
        done = subprocess.run([self.name, *words], stdout=subprocess.PIPE, text=True, check=False)
        _check([self.name, *words], done.returncode)
        return done.stdout.strip()


def find_engine() -> ContainerEngine:
    """The one that CONTAINER_ENGINE names, else the first that works here. Raises BuildError."""
    wanted = os.environ.get("CONTAINER_ENGINE")
    if wanted:
        if wanted not in ENGINES:
            raise BuildError(f"CONTAINER_ENGINE={wanted} is not known; set it to one of {', '.join(ENGINES)}")
        if not shutil.which(wanted):
            raise BuildError(f"CONTAINER_ENGINE={wanted}, and there is no {wanted} on PATH; install it")
        return ContainerEngine(wanted)
    for name in filter(shutil.which, ENGINES):
        # docker's client is often there without its service.
        if name != "docker" or not subprocess.run(["docker", "info"], capture_output=True).returncode:
            return ContainerEngine(name)
    raise BuildError(
        "nothing here builds images: no docker that answers, no podman, no buildah\n"
        "  on Debian and Ubuntu: scripts/install-image-tools"
    )


def _each(option: str, values: Mapping[str, str]) -> list[str]:
    return [word for name, value in values.items() for word in (option, f"{name}={value}")]


def _check(command: list[str], code: int) -> None:
    if code:
        raise BuildError(f"{' '.join(command[:2])} ended with exit code {code}; its own words are above")
