"""AMD's operator, v1alpha2, reads the profile files of an image: all that are shipped are right."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from aim_runtime.profiles.profile import Profile
from aim_runtime.vocabulary import Origin
from contract.operator.pod_log import Unreadable
from contract.operator.profile_walk import Item, walk
from contract.operator.shipped import AIMS, ROOT, catalog, own
from running import COHERE


def image(folder: Path, aim_id: str) -> Path:
    """The profiles of a model's image, as they lie in it."""
    profiles = folder / "profiles"
    for place in (aim_id, "general"):
        (profiles / place).mkdir(parents=True)
        for file in (ROOT / place).glob("*-*.yaml"):
            shutil.copyfile(file, profiles / place / file.name)
    return profiles


def expected(profile: Profile) -> Item:
    metadata, content = profile.metadata, profile.content
    return Item(
        *(profile.stem, profile.origin is Origin.GENERAL, content.aim_id or "", content.model_id or ""),
        *(metadata.engine, metadata.accelerator_type, metadata.accelerator_model, metadata.accelerator_count),
        *(metadata.precision, metadata.metric, metadata.type),
        # What the files leave out: the operator has the labels for the one, and goes by the type.
        None if not metadata.primary else True,
        metadata.manual_selection_only or False,
        *(content.engine_args, content.env_vars),
    )


@pytest.mark.parametrize("aim_id", AIMS)
def test_every_profile_of_an_aim_is_walked(aim_id: str, tmp_path: Path) -> None:
    profiles = image(tmp_path, aim_id)
    shutil.rmtree(profiles / "general")
    found = walk(profiles, aim_id, "aim-base:1.2.3")
    assert (found.aim_id, found.base_image) == (aim_id, "aim-base:1.2.3")
    assert {item.id: item for item in found.items} == {each.stem: expected(each) for each in own(aim_id)}


def test_general_profiles_count_where_there_are_no_others(tmp_path: Path) -> None:
    profiles = image(tmp_path, COHERE)
    general = {
        each.stem: expected(each) for each in catalog(COHERE).profiles if each.origin is Origin.GENERAL
    }
    assert {item.id: item for item in walk(profiles, "").items} == general
    assert not any(item.general for item in walk(profiles, COHERE).items)


def test_one_file_that_is_no_profile_fails_them_all(tmp_path: Path) -> None:
    profiles = image(tmp_path, COHERE)
    shutil.copyfile(ROOT / COHERE / "metadata.yaml", profiles / COHERE / "metadata.yaml")
    with pytest.raises(Unreadable, match=r"metadata\.yaml is no profile"):
        walk(profiles, COHERE)


def test_a_link_is_not_a_profile(tmp_path: Path) -> None:
    profiles = image(tmp_path, COHERE)
    linked = tmp_path / "linked"
    (linked / COHERE).mkdir(parents=True)
    for file in (profiles / COHERE).iterdir():
        (linked / COHERE / file.name).symlink_to(os.path.relpath(file, linked / COHERE))
    assert walk(linked, COHERE).items == ()
