"""What the doctor says of the cache: who may write to it, and whether there is room."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from aim_runtime.doctor import storage
from aim_runtime.doctor.finding import Finding, Severity
from machines import as_nobody, no_gpu, write
from running import SMOLLM2
from tiny_model import write_tiny_model
from unit.doctor.examine import by_code, found

Tree = Callable[[str], Path]
NEEDS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="takes root, to mount or to become somebody else")


@contextmanager
def mounted(folder: Path, *options: str) -> Iterator[None]:
    """A real file system in memory."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


def test_a_model_that_is_there_needs_nothing(tree: Tree, tmp_path: Path) -> None:
    write_tiny_model(tmp_path / SMOLLM2)
    (finding,) = found(tree("no GPU"), storage.cache, AIM_ID=SMOLLM2, AIM_CACHE_PATH=str(tmp_path))
    assert (finding.code, finding.severity) == ("cache.model", Severity.OK)
    assert finding.seen == f"{SMOLLM2} is at {tmp_path / SMOLLM2}"


@pytest.mark.parametrize("below", ["", "not/there/yet"])
def test_a_cache_that_can_be_written(below: str, tree: Tree, tmp_path: Path) -> None:
    (finding,) = found(tree("no GPU"), storage.cache, AIM_CACHE_PATH=str(tmp_path / below))
    assert (finding.code, finding.severity) == ("cache.space", Severity.OK)
    assert finding.seen.startswith(f"{tmp_path / below} can be written, ")
    assert list(tmp_path.iterdir()) == []


@NEEDS_ROOT
def test_too_little_room_is_said_with_what_is_needed(tree: Tree, tmp_path: Path) -> None:
    with mounted(tmp_path / "cache", "size=20m"):
        (finding,) = found(
            tree("no GPU"), storage.cache, AIM_ID=SMOLLM2, AIM_CACHE_PATH=str(tmp_path / "cache")
        )
    assert (finding.code, finding.severity) == ("cache.space", Severity.ERROR)
    assert finding.seen == f"{tmp_path / 'cache'} has 21.0 MB free, and {SMOLLM2} takes 269.0 MB"
    assert finding.fix[0] == "AIM_CACHE_PATH=FOLDER   # on a larger disk: df -h"
    assert finding.fix[1] == "resources: {requests: {storage: 1Gi}}   # of the claim"


@NEEDS_ROOT
@pytest.mark.parametrize(
    ("options", "words"),
    [(("ro",), "is on a read-only file system"), (("nr_inodes=1",), "is on a full disk")],
)
def test_a_cache_that_nobody_can_write(
    options: tuple[str, ...], words: str, tree: Tree, tmp_path: Path
) -> None:
    with mounted(tmp_path / "cache", *options):
        (finding,) = found(tree("no GPU"), storage.cache, AIM_CACHE_PATH=str(tmp_path / "cache"))
    assert (finding.code, finding.severity) == ("cache.not_writable", Severity.ERROR)
    assert finding.seen == f"{tmp_path / 'cache'} {words}"
    assert not any("chown" in fix for fix in finding.fix)


@NEEDS_ROOT
def test_another_users_cache_is_named_with_the_numbers(place: Path) -> None:
    write(no_gpu(), place)
    (place / "cache").mkdir(mode=0o750)
    finding = as_nobody(_cache, place)["cache.not_writable"]
    assert finding.severity is Severity.ERROR
    assert "cannot be written by uid 65534 (Permission denied): it belongs to uid 0, gid 0, mode 0750" in (
        finding.seen
    )
    assert finding.fix[0].startswith("sudo chown -R 65534:65534 ")
    assert "securityContext: {fsGroup: 65534}   # of the pod" in finding.fix


@NEEDS_ROOT
def test_a_cache_that_cannot_be_made_names_the_folder_above(place: Path) -> None:
    write(no_gpu(), place)
    finding = as_nobody(_cache, place)["cache.not_writable"]
    assert f"cache cannot be made: {place} cannot be written by uid 65534" in finding.seen
    # What is above the cache may be the root of the file system: it is never given away.
    make = f"mkdir -p {place}/cache && sudo chown 65534:65534 {place}/cache"
    assert finding.fix[0] == f"sudo {make}   # on the host"


@NEEDS_ROOT
def test_a_cache_behind_a_closed_folder_names_that_folder(place: Path) -> None:
    write(no_gpu(), place)
    (place / "cache").mkdir(mode=0o700)
    (place / "cache" / "models").mkdir()
    finding = as_nobody(lambda root: _cache(root, "cache/models"), place)["cache.not_writable"]
    assert f"models cannot be made: {place}/cache cannot be written by uid 65534" in finding.seen
    assert finding.fix[0] == f"sudo chmod a+x {place}/cache   # on the host"


def _cache(root: Path, below: str = "cache") -> dict[str, Finding]:
    return by_code(root, storage.cache, AIM_CACHE_PATH=str(root.absolute() / below))
