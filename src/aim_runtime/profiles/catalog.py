"""Load the catalogue: every profile of every root, the broken ones as problems, in a total order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from aim_runtime.profiles.aim import AimFile
from aim_runtime.profiles.profile import Profile, ProfileFile, todays_spelling
from aim_runtime.profiles.read import Broken, read
from aim_runtime.vocabulary import Origin, place

AIM_FILE = "metadata.yaml"


@dataclass(frozen=True)
class Problem:
    """A file of the catalogue that cannot be used, and why."""

    id: str
    origin: Origin
    path: Path
    reason: str


@dataclass(frozen=True)
class Catalog:
    """What can be chosen from: profiles and problems in search order, and the AIM itself if known."""

    profiles: tuple[Profile, ...] = ()
    problems: tuple[Problem, ...] = ()
    aim: AimFile | None = None


def shipped_root() -> Path:
    """The catalogue that comes with the package: inside it when installed, beside `src` in a checkout."""
    package = Path(__file__).parents[1]
    inside = package / "catalog"
    return inside if inside.is_dir() else package.parents[1] / "catalog"


def load_catalog(roots: Iterable[Path], aim_id: str | None) -> Catalog:
    """Read the profiles that matter to `aim_id` (custom, its own, general) from `roots`.

    Where two roots have the same profile id the earlier root's is taken. Raises nothing for a broken
    file: it becomes a Problem.
    """
    profiles: dict[str, Profile] = {}
    problems: dict[str, Problem] = {}
    aim: AimFile | None = None
    for root in roots:
        for origin, path in _files(root, aim_id):
            entry = _load(root, origin, path, aim_id)
            if entry.id in profiles or entry.id in problems:
                continue
            if isinstance(entry, Profile):
                profiles[entry.id] = entry
            else:
                problems[entry.id] = entry
        if aim is None and aim_id and (root / aim_id / AIM_FILE).is_file():
            found = read(root / aim_id / AIM_FILE, AimFile)
            if isinstance(found, Broken):
                problems[f"{aim_id}/{AIM_FILE}"] = Problem(
                    f"{aim_id}/{AIM_FILE}", Origin.MODEL, root / aim_id / AIM_FILE, found.reason
                )
            else:
                aim = found
    return Catalog(
        tuple(sorted(profiles.values(), key=lambda profile: (place(profile.origin), profile.id))),
        tuple(sorted(problems.values(), key=lambda problem: (place(problem.origin), problem.id))),
        aim,
    )


def _files(root: Path, aim_id: str | None) -> Iterator[tuple[Origin, Path]]:
    """Yield the profile files of one root; the folder that was asked decides the origin."""
    for path in _yaml(root / "custom", deep=True):
        yield Origin.CUSTOM_MODEL, path
    if aim_id and not aim_id.startswith("custom/"):  # an organisation of that name was read above
        for path in _yaml(root / aim_id):
            yield Origin.MODEL, path
    for path in _yaml(root / "general"):
        yield Origin.GENERAL, path


def _yaml(folder: Path, *, deep: bool = False) -> list[Path]:
    """List the YAML files, without a mounted ConfigMap's `..data` copies of them."""
    found = folder.rglob("*.yaml") if deep else folder.glob("*.yaml")
    return sorted(
        path
        for path in found
        if path.name != AIM_FILE
        and not any(part.startswith("..") for part in path.relative_to(folder).parts)
        and path.is_file()
    )


def _load(root: Path, origin: Origin, path: Path, aim_id: str | None) -> Profile | Problem:
    found = read(path, ProfileFile, todays_spelling)
    if isinstance(found, Broken):
        # Its content does not say what it is for: its place does.
        place = path.relative_to(root).with_suffix("").as_posix()
        return Problem(path.stem if origin is Origin.MODEL else place, origin, path, found.reason)
    if origin is Origin.CUSTOM_MODEL and found.aim_id is None:
        origin = Origin.CUSTOM_GENERAL
    profile_id = _id(origin, path.stem, found.aim_id)
    misplaced = _misplaced(origin, found, aim_id)
    if misplaced:
        return Problem(profile_id, origin, path, misplaced)
    return Profile(profile_id, path.stem, origin, path, found)


def _misplaced(origin: Origin, content: ProfileFile, aim_id: str | None) -> str:
    if origin is Origin.GENERAL and content.aim_id is not None:
        return f"aim_id: {content.aim_id} in a general profile; move the file or remove aim_id and model_id"
    if origin is Origin.MODEL and content.aim_id != aim_id:
        return f"aim_id: {content.aim_id} in the folder of {aim_id}"
    return ""


def _id(origin: Origin, stem: str, aim_id: str | None) -> str:
    if origin is Origin.MODEL:
        return stem
    if origin is Origin.GENERAL:
        return f"general/{stem}"
    return f"custom/{aim_id or 'general'}/{stem}"
