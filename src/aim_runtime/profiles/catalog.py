"""Load the catalogue: every profile of every root, the broken ones as problems, in a total order."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from aim_runtime.profiles.aim import AimFile
from aim_runtime.profiles.faults import Broken
from aim_runtime.profiles.profile import Profile, ProfileFile, todays_spelling
from aim_runtime.profiles.read import read
from aim_runtime.vocabulary import Origin, place

AIM_FILE = "metadata.yaml"
_PLACES = {origin: place(origin) for origin in Origin}


@dataclass(frozen=True)
class Problem:
    """A file of the catalogue that cannot be used, and why."""

    id: str
    origin: Origin
    path: Path
    reason: str


_Entry = Profile | Problem


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
    entries: dict[str, _Entry] = {}
    doubled: list[Problem] = []
    aim: AimFile | None = None
    for root in roots:
        here: dict[str, _Entry] = {}
        for origin, path in _files(root, aim_id):
            entry = _load(root, origin, path, aim_id)
            first = here.setdefault(entry.id, entry)
            if first is not entry:
                reason = f"has the profile id {entry.id}, and so has {first.path}; rename one of them"
                doubled.append(Problem(entry.id, entry.origin, path, _joined(entry, reason)))
        entries = here | entries
        if aim is None and aim_id:
            found = _aim(root / aim_id / AIM_FILE, aim_id)
            if isinstance(found, Problem):
                entries.setdefault(found.id, found)
            else:
                aim = found
    problems = [*doubled, *(entry for entry in entries.values() if isinstance(entry, Problem))]
    return Catalog(
        tuple(sorted((entry for entry in entries.values() if isinstance(entry, Profile)), key=_search_order)),
        tuple(sorted(problems, key=lambda problem: (*_search_order(problem), problem.path))),
        aim,
    )


def _search_order(entry: _Entry) -> tuple[int, str]:
    return _PLACES[entry.origin], entry.id


def _joined(entry: _Entry, reason: str) -> str:
    return f"{entry.reason}; {reason}" if isinstance(entry, Problem) else reason


def _aim(path: Path, aim_id: str) -> AimFile | Problem | None:
    if not path.is_file():
        return None
    found = read(path, AimFile)
    if isinstance(found, Broken):
        return Problem(f"{aim_id}/{AIM_FILE}", Origin.MODEL, path, found.reason)
    return found


def _files(root: Path, aim_id: str | None) -> Iterator[tuple[Origin, Path]]:
    """Yield the profile files of one root; the folder that was asked decides the origin."""
    for path in _yaml(root / "custom", deep=True):
        yield Origin.CUSTOM_MODEL, path
    if aim_id and not aim_id.startswith("custom/"):  # an organisation of that name was read above
        for path in _yaml(root / aim_id):
            yield Origin.MODEL, path
    for path in _yaml(root / "general"):
        yield Origin.GENERAL, path


def _yaml(folder: Path, *, deep: bool = False, above: tuple[Path, ...] = ()) -> list[Path]:
    """List the YAML files in the order of their names, and with `deep` those of the folders in it.

    A mounted ConfigMap has its files twice: in a folder `..2026_11_23`, which is left out, and by links
    to them, which are followed, as are links to folders unless they lead back `above`.
    """
    try:
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError:
        return [folder]  # reading it will say what is wrong with it
    found = []
    within = (*above, folder.resolve()) if deep else ()
    for entry in entries:
        name = entry.name
        if name.startswith(".."):
            continue
        if name.endswith(".yaml") and name != AIM_FILE and _is(entry.is_file):
            found.append(folder / name)
        elif deep and _is(entry.is_dir) and (folder / name).resolve() not in within:
            found += _yaml(folder / name, deep=True, above=within)
    return found


def _is(asked: Callable[[], bool]) -> bool:
    """The answer about an entry of a folder; a link that leads nowhere or to itself is nothing."""
    try:
        return asked()
    except OSError:
        return False


def _load(root: Path, origin: Origin, path: Path, aim_id: str | None) -> _Entry:
    found = read(path, ProfileFile, todays_spelling)
    if isinstance(found, Broken):
        # Its content does not say what it is for: its place does.
        place = path.relative_to(root).with_suffix("").as_posix()
        return Problem(path.stem if origin is Origin.MODEL else place, origin, path, found.reason)
    if origin is Origin.CUSTOM_MODEL and found.aim_id is None:
        origin = Origin.CUSTOM_GENERAL
    stem = path.stem
    profile_id = _id(origin, stem, found.aim_id)
    misplaced = _misplaced(origin, found, aim_id)
    if misplaced:
        return Problem(profile_id, origin, path, misplaced)
    return Profile(profile_id, stem, origin, path, found)


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
