"""Loading a catalogue: where a profile comes from, what is broken, and one order for everything."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from aim_runtime.profiles.catalog import Catalog, load_catalog
from aim_runtime.vocabulary import Origin
from unit.profiles.build import AIM, content, write

STEM = "vllm-mi300x-fp16-tp8-latency"


def origins(catalog: Catalog) -> list[tuple[str, Origin]]:
    return [(profile.id, profile.origin) for profile in catalog.profiles]


def test_no_root_and_an_empty_root(tmp_path: Path) -> None:
    assert load_catalog([], AIM) == Catalog()
    assert load_catalog([tmp_path, tmp_path / "missing"], AIM) == Catalog()


def test_the_folder_decides_the_origin(tmp_path: Path) -> None:
    write(tmp_path / f"general/{STEM}.yaml", content(None))
    write(tmp_path / f"{AIM}/{STEM}.yaml", content())
    write(tmp_path / f"custom/general/{STEM}.yaml", content(None))
    write(tmp_path / f"custom/{AIM}/{STEM}.yaml", content())
    assert origins(load_catalog([tmp_path], AIM)) == [
        (f"custom/{AIM}/{STEM}", Origin.CUSTOM_MODEL),
        (f"custom/general/{STEM}", Origin.CUSTOM_GENERAL),
        (STEM, Origin.MODEL),
        (f"general/{STEM}", Origin.GENERAL),
    ]


def test_an_organisation_called_general(tmp_path: Path) -> None:
    aim = "general/motors"
    write(tmp_path / f"general/{STEM}.yaml", content(None))
    write(tmp_path / f"{aim}/{STEM}.yaml", content(aim))
    write(tmp_path / f"custom/{aim}/{STEM}.yaml", content(aim))
    assert origins(load_catalog([tmp_path], aim)) == [
        (f"custom/{aim}/{STEM}", Origin.CUSTOM_MODEL),
        (STEM, Origin.MODEL),
        (f"general/{STEM}", Origin.GENERAL),
    ]
    assert origins(load_catalog([tmp_path], None)) == [
        (f"custom/{aim}/{STEM}", Origin.CUSTOM_MODEL),
        (f"general/{STEM}", Origin.GENERAL),
    ]


def test_an_organisation_called_custom_is_listed_once(tmp_path: Path) -> None:
    aim = "custom/made"
    path = write(tmp_path / f"{aim}/{STEM}.yaml", content(aim))
    (profile,) = load_catalog([tmp_path], aim).profiles
    assert profile.path == path
    assert profile.origin is Origin.CUSTOM_MODEL


def test_only_what_matters_to_the_aim_is_read(tmp_path: Path) -> None:
    write(tmp_path / f"other/model/{STEM}.yaml", "broken: [")
    write(tmp_path / f"{AIM}/{STEM}.yaml", content())
    found = load_catalog([tmp_path], AIM)
    assert [profile.id for profile in found.profiles] == [STEM]
    assert found.problems == ()


def test_the_earlier_root_wins_by_id(tmp_path: Path) -> None:
    users = write(tmp_path / f"user/general/{STEM}.yaml", content(None, precision="fp8"))
    write(tmp_path / f"shipped/general/{STEM}.yaml", content(None))
    other = write(tmp_path / "shipped/general/other.yaml", content(None))
    found = load_catalog([tmp_path / "user", tmp_path / "shipped"], AIM)
    assert [profile.path for profile in found.profiles] == [other, users]


def test_a_broken_file_is_a_problem_and_takes_nothing_down(tmp_path: Path) -> None:
    good = write(tmp_path / f"{AIM}/{STEM}.yaml", content())
    bad = write(tmp_path / f"{AIM}/a.yaml", content(precision="fp17"))
    found = load_catalog([tmp_path], AIM)
    assert [profile.path for profile in found.profiles] == [good]
    (problem,) = found.problems
    assert (problem.id, problem.origin, problem.path) == ("a", Origin.MODEL, bad)
    assert "line 7, column 14: metadata.precision: 'fp17'; did you mean fp16?" in problem.reason


@pytest.mark.parametrize(
    "good",
    ["custom/general", f"custom/{AIM}", "custom/zebra/model", "general", AIM],
)
def test_a_broken_custom_file_hides_no_good_one_of_the_same_name(tmp_path: Path, good: str) -> None:
    write(tmp_path / f"custom/aardvark/model/{STEM}.yaml", "metadata: [")
    aim = None if "general" in good else good.removeprefix("custom/")
    path = write(tmp_path / f"{good}/{STEM}.yaml", content(aim))
    found = load_catalog([tmp_path], AIM)
    assert [profile.path for profile in found.profiles] == [path]
    (problem,) = found.problems
    assert problem.id == f"custom/aardvark/model/{STEM}"


def test_every_broken_custom_file_is_listed(tmp_path: Path) -> None:
    for model in ("a", "b", "c"):
        write(tmp_path / f"custom/acme/{model}/{STEM}.yaml", "metadata: [")
    found = load_catalog([tmp_path], AIM)
    assert [problem.id for problem in found.problems] == [f"custom/acme/{model}/{STEM}" for model in "abc"]


def test_a_broken_override_is_named_and_not_silently_replaced(tmp_path: Path) -> None:
    """The user meant to replace the shipped profile: taking it all the same would serve another plan."""
    bad = write(tmp_path / f"user/general/{STEM}.yaml", "metadata: [")
    write(tmp_path / f"shipped/general/{STEM}.yaml", content(None))
    found = load_catalog([tmp_path / "user", tmp_path / "shipped"], AIM)
    assert found.profiles == ()
    assert [problem.path for problem in found.problems] == [bad]


@pytest.mark.parametrize(
    ("where", "aim_id", "reason"),
    [
        ("general", AIM, f"aim_id: {AIM} in a general profile; move the file or remove aim_id and model_id"),
        (AIM, "other/model", f"aim_id: other/model in the folder of {AIM}"),
        (AIM, None, f"aim_id: None in the folder of {AIM}"),
    ],
)
def test_a_file_in_the_wrong_folder(tmp_path: Path, where: str, aim_id: str | None, reason: str) -> None:
    write(tmp_path / f"{where}/{STEM}.yaml", content(aim_id))
    (problem,) = load_catalog([tmp_path], AIM).problems
    assert problem.reason == reason


@pytest.mark.parametrize("mounted", ["custom", f"custom/{AIM}", "general", AIM])
def test_a_mounted_configmap_is_read_once(tmp_path: Path, mounted: str) -> None:
    """The kubelet mounts `name -> ..data/name`, `..data -> ..2026_11_23`, and the files in the last."""
    aim = None if mounted == "general" else AIM
    folder = tmp_path / mounted
    write(folder / f"..2026_11_23_10_00/{STEM}.yaml", content(aim))
    (folder / "..data").symlink_to("..2026_11_23_10_00")
    (folder / f"{STEM}.yaml").symlink_to(f"..data/{STEM}.yaml")
    found = load_catalog([tmp_path], AIM)
    assert [profile.path for profile in found.profiles] == [folder / f"{STEM}.yaml"]
    assert found.problems == ()


def test_dangling_links_folders_and_other_files_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "general/folder.yaml").mkdir(parents=True)
    (tmp_path / "general/gone.yaml").symlink_to("nowhere.yaml")
    (tmp_path / "general/README.md").write_text("words")
    assert load_catalog([tmp_path], AIM) == Catalog()


def test_links_that_lead_to_themselves_are_left_out(tmp_path: Path) -> None:
    good = write(tmp_path / f"custom/general/{STEM}.yaml", content(None))
    (tmp_path / "custom/loop").symlink_to("loop")
    (tmp_path / "custom/loop.yaml").symlink_to("loop.yaml")
    (tmp_path / "custom/general/back").symlink_to("..")
    (tmp_path / "custom/general/here").symlink_to(".")
    found = load_catalog([tmp_path], AIM)
    assert [profile.path for profile in found.profiles] == [good]
    assert found.problems == ()


def test_a_configmap_with_paths_is_read_through_its_links(tmp_path: Path) -> None:
    """Items with a `path` of several parts are mounted as a link to their first folder."""
    custom = tmp_path / "custom"
    write(custom / f"..2026_11_23_10_00/general/{STEM}.yaml", content(None))
    write(custom / f"..2026_11_23_10_00/acme/model/{STEM}.yaml", content())
    (custom / "..data").symlink_to("..2026_11_23_10_00")
    (custom / "general").symlink_to("..data/general")
    (custom / "acme").symlink_to("..data/acme")
    found = load_catalog([tmp_path], AIM)
    assert [profile.path for profile in found.profiles] == [
        custom / f"acme/model/{STEM}.yaml",
        custom / f"general/{STEM}.yaml",
    ]
    assert found.problems == ()


@pytest.mark.parametrize("aim_id", [AIM, None])
def test_two_files_of_one_id_are_not_both_silently_taken(tmp_path: Path, aim_id: str | None) -> None:
    first = write(tmp_path / f"custom/aaa/{STEM}.yaml", content(aim_id))
    second = write(tmp_path / f"custom/bbb/{STEM}.yaml", content(aim_id, precision="fp8"))
    third = write(tmp_path / f"custom/ccc/deep/{STEM}.yaml", content(aim_id))
    profile_id = f"custom/{aim_id or 'general'}/{STEM}"
    found = load_catalog([tmp_path], AIM)
    assert [(profile.id, profile.path) for profile in found.profiles] == [(profile_id, first)]
    assert [(problem.id, problem.path) for problem in found.problems] == [
        (profile_id, second),
        (profile_id, third),
    ]
    for problem in found.problems:
        assert problem.reason == f"has the profile id {profile_id}, and so has {first}; rename one of them"


def test_a_broken_file_in_the_place_of_a_good_one_hides_it_and_says_so(tmp_path: Path) -> None:
    broken = write(tmp_path / f"custom/{AIM}/{STEM}.yaml", "metadata: [")
    good = write(tmp_path / f"custom/other/{STEM}.yaml", content())
    found = load_catalog([tmp_path], AIM)
    assert found.profiles == ()
    assert [problem.path for problem in found.problems] == [broken, good]
    assert f"and so has {broken}" in found.problems[1].reason


def test_the_same_id_in_two_roots_is_no_problem(tmp_path: Path) -> None:
    users = write(tmp_path / f"user/custom/{AIM}/{STEM}.yaml", content(precision="fp8"))
    write(tmp_path / f"shipped/custom/elsewhere/{STEM}.yaml", content())
    found = load_catalog([tmp_path / "user", tmp_path / "shipped"], AIM)
    assert [profile.path for profile in found.profiles] == [users]
    assert found.problems == ()


def test_the_words_custom_and_general_in_a_path_decide_nothing(tmp_path: Path) -> None:
    root = tmp_path / "general/custom"
    for aim in ("general/custom", "custom/general", "general/model", "acme/general", "acme/custom"):
        write(root / f"{aim}/{STEM}.yaml", content(aim))
    expected = {
        "general/custom": [(STEM, Origin.MODEL)],
        "general/model": [(STEM, Origin.MODEL)],
        "acme/general": [(STEM, Origin.MODEL)],
        "acme/custom": [(STEM, Origin.MODEL)],
        "custom/general": [],
    }
    for aim, own in expected.items():
        found = load_catalog([root], aim)
        # Below `custom` is the user's, whatever its AIM is called.
        assert origins(found) == [(f"custom/custom/general/{STEM}", Origin.CUSTOM_MODEL), *own]
        assert found.problems == ()


@pytest.mark.parametrize("aim", ["general/model", "custom/model"])
def test_the_aims_file_below_general_and_custom(tmp_path: Path, aim: str) -> None:
    write(
        tmp_path / f"{aim}/metadata.yaml",
        f"""\
org: {{opencontainers: {{image: {{vendor: v, licenses: MIT, description: d, source: s}}}}}}
com: {{amd: {{aim: {{title: t, model: {{canonicalName: {aim}, publisher: p}}}}}}}}
weights: {{sources: [hf://{aim}]}}
""",
    )
    found = load_catalog([tmp_path], aim)
    assert found.aim is not None
    assert found.aim.aim_id == aim
    assert found.profiles == found.problems == ()


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads what nobody may")
def test_a_folder_that_may_not_be_read_is_a_problem(tmp_path: Path) -> None:
    folder = write(tmp_path / f"custom/general/{STEM}.yaml", content(None)).parent
    folder.chmod(0)
    (problem,) = load_catalog([tmp_path], AIM).problems
    folder.chmod(0o700)
    assert (problem.path, problem.reason) == (folder, "cannot be read: Permission denied")


@pytest.mark.parametrize("seed", range(5))
def test_the_order_is_total(tmp_path: Path, seed: int) -> None:
    names = ["b", "a", "c10", "c9", "Z"]
    wanted = [
        *((f"custom/{AIM}/{name}", Origin.CUSTOM_MODEL) for name in sorted(names)),
        *((f"custom/general/{name}", Origin.CUSTOM_GENERAL) for name in sorted(names)),
        *((name, Origin.MODEL) for name in sorted(names)),
        *((f"general/{name}", Origin.GENERAL) for name in sorted(names)),
    ]
    files = [
        (f"{where}/{name}.yaml", aim)
        for where, aim in ((f"custom/{AIM}", AIM), ("custom/general", None), (AIM, AIM), ("general", None))
        for name in names
    ]
    random.Random(seed).shuffle(files)
    for path, aim in files:
        write(tmp_path / path, content(aim))
    assert origins(load_catalog([tmp_path], AIM)) == wanted


def test_the_aims_own_file(tmp_path: Path) -> None:
    aim_file = f"""\
org: {{opencontainers: {{image: {{vendor: v, licenses: MIT, description: d, source: s}}}}}}
com: {{amd: {{aim: {{title: t, model: {{canonicalName: {AIM}, publisher: p}}}}}}}}
weights: {{sources: [hf://{AIM}]}}
"""
    shipped = write(tmp_path / f"shipped/{AIM}/metadata.yaml", aim_file)
    found = load_catalog([tmp_path / "shipped"], AIM)
    assert found.aim is not None
    assert (found.aim.aim_id, found.problems) == (AIM, ())
    assert load_catalog([tmp_path / "shipped"], "other/model").aim is None
    shipped.write_text(aim_file.replace("sources", "source"))
    broken = load_catalog([tmp_path / "shipped"], AIM)
    assert broken.aim is None
    (problem,) = broken.problems
    assert problem.id == f"{AIM}/metadata.yaml"
    assert "did you mean sources?" in problem.reason
