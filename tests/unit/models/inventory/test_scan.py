"""Looking at a cache that is closed, strange or damaged: never a failure, and nothing is changed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aim_runtime.models.cache import Cache
from aim_runtime.models.inventory import prunable
from aim_runtime.models.inventory.busy import open_files
from aim_runtime.models.inventory.check import check
from aim_runtime.models.inventory.entry import Kind
from aim_runtime.models.inventory.prunable import Wish
from aim_runtime.models.inventory.scan import scan
from integration.caches import age, fetched, snapshot
from machines import as_nobody

EVERYTHING = Wish(0.0, (), 4e9, lambda seconds: f"{seconds:.0f} s")


def test_files_where_folders_should_be(tmp_path: Path) -> None:
    for name in ("hub", "org", ".aim"):
        (tmp_path / name).write_text("x")
    assert scan(Cache(tmp_path)).models == ()
    assert scan(Cache(tmp_path / "hub")).models == ()
    assert scan(Cache(tmp_path / "none", read_hub_at=tmp_path / "none")).free_bytes is None


def test_a_hub_that_is_not_as_it_should_be(tmp_path: Path) -> None:
    repository = snapshot(tmp_path / "hub", "org/m").parents[1]
    (repository / "refs/strange").write_bytes(b"\xff\xfe")
    (repository / "snapshots/file").write_text("x")
    (repository / "snapshots/empty").mkdir()
    (repository / "snapshots/dangling").symlink_to("nowhere")
    (tmp_path / "hub/models--alone").mkdir()
    (tmp_path / "hub/datasets--org--d/snapshots/x").mkdir(parents=True)
    (tmp_path / "hub/version.txt").write_text("1")
    loop = tmp_path / "hub/models--org--loop"
    loop.symlink_to(loop)
    (entry,) = scan(Cache(tmp_path)).models
    assert (entry.model_id, entry.faults, entry.refs) == ("org/m", (), ("main",))


def test_a_link_in_a_snapshot_that_leads_nowhere_is_damage(tmp_path: Path) -> None:
    folder = snapshot(tmp_path / "hub", "org/m")
    (folder / "model.safetensors").resolve().unlink()
    (entry,) = scan(Cache(tmp_path)).models
    assert entry.faults == ("model.safetensors cannot be read (No such file or directory)",)


def test_a_hub_that_both_names_lead_to_is_listed_once(tmp_path: Path) -> None:
    snapshot(tmp_path / "hub", "org/m")
    (tmp_path / "link").symlink_to(tmp_path / "hub")
    (entry,) = scan(Cache(tmp_path, read_hub_at=tmp_path / "link")).models
    assert entry.ours


def test_a_copy_that_could_only_be_renamed_is_trash(tmp_path: Path) -> None:
    fetched(tmp_path, "org/m")
    aside = fetched(tmp_path, "org/.m.0123abcd")
    found = scan(Cache(tmp_path))
    assert [entry.model_id for entry in found.models] == ["org/m"]
    assert [(each.kind, each.path) for each in found.leftovers] == [(Kind.TRASH, aside)]
    pruning = prunable.plan(found, Cache(tmp_path), Wish(None, (), 4e9, str), frozenset())
    assert [each.error for each in pruning.execute()] == [None]
    assert not aside.exists()


def test_what_this_process_has_open_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    path.write_bytes(b"x" * 10)
    status = path.stat()
    assert (status.st_dev, status.st_ino) not in open_files()
    with path.open("rb"):
        assert (status.st_dev, status.st_ino) in open_files()
    assert open_files(tmp_path / "no-proc") == frozenset()


@pytest.mark.skipif(os.geteuid() != 0, reason="takes root, to become somebody else")
def test_another_user_looks_and_may_not_change(place: Path) -> None:
    fetched(place / "cache", "org/m")
    fetched(place / "cache", "closed/m")
    (place / "cache/org/m/config.json").chmod(0o600)
    (place / "cache/closed").chmod(0o700)
    (place / "cache/.aim/staging/org--x").mkdir(parents=True)
    (place / "cache/.aim").chmod(0o700)
    fetched(place / "cache", "open/m")
    age(place / "cache", 50)

    def look(root: Path) -> tuple[dict[str, tuple[str, ...]], list[str | None], list[str], int]:
        cache = Cache(root.absolute() / "cache")
        found = scan(cache)
        opened = prunable.plan(found, cache, EVERYTHING, open_files())
        errors = [each.error for each in opened.execute()]
        checked = check(found.models[1], cache.root, deep=True, report=lambda _: None)
        faults = [fault.text for fault in checked.faults]
        return (
            {entry.model_id: entry.faults for entry in found.models},
            errors,
            faults,
            len(checked.set_aside),
        )

    models, errors, faults, set_aside = as_nobody(look, place)
    assert models == {"open/m": (), "org/m": ("config.json cannot be read (Permission denied)",)}
    assert errors == ["this user may not write there"] * 2
    assert faults == ["config.json cannot be read (Permission denied)"]
    assert set_aside == 0
    assert (place / "cache/open/m/model.safetensors").exists()
