"""The shipped catalogue as tests of the operator's contract ask for it: AIMs, profiles, labels."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from aim_runtime.images.labels import Build, labels
from aim_runtime.profiles.catalog import AIM_FILE, Catalog, load_catalog, shipped_root
from aim_runtime.profiles.profile import Profile
from aim_runtime.vocabulary import Origin

ROOT = shipped_root()
AIMS = sorted(path.parent.relative_to(ROOT).as_posix() for path in ROOT.glob(f"*/*/{AIM_FILE}"))
# A model that the catalogue knows, so that nobody is asked about it: what the base image is told to serve.
ANY_MODEL = "meta-llama/Llama-3.2-1B-Instruct"


@cache
def catalog(aim_id: str) -> Catalog:
    """What there is for one AIM; read once, as most tests ask for it."""
    return load_catalog([ROOT], aim_id)


def own(aim_id: str) -> list[Profile]:
    """The profiles in the folder of an AIM."""
    return [profile for profile in catalog(aim_id).profiles if profile.origin is Origin.MODEL]


def labels_of(aim_id: str) -> dict[str, str]:
    """What is written on its image."""
    aim = catalog(aim_id).aim
    assert aim is not None
    return labels(aim, own(aim_id), Build("1.2.3"))


def every_profile() -> list[tuple[dict[str, str], Profile]]:
    """Every profile once, with the variables of an image that serves it."""
    found: dict[Path, tuple[dict[str, str], Profile]] = {}
    for profile in (each for aim_id in AIMS for each in catalog(aim_id).profiles):
        ours = profile.content.aim_id
        says = {"AIM_ID": ours} if ours else {"AIM_MODEL_ID": f"hf://{ANY_MODEL}"}
        found[profile.path] = (says, profile)
    return [found[path] for path in sorted(found)]
