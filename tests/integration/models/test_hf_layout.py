"""The layout of huggingface_hub: what we write the real library takes, and what it wrote we find."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from aim_runtime.errors import CacheNotWritable
from aim_runtime.models import manifest
from aim_runtime.models.cache import Cache
from aim_runtime.models.inventory.scan import scan
from aim_runtime.models.layouts import Layout
from aim_runtime.models.preflight import problems
from aim_runtime.models.ref import ModelRef
from fakes.hub import commit_of, described, write_model
from integration.models.support import FakeHub, Fetcher, StartHub
from machines import as_nobody

MODEL = "org/m"
NAME = "models--org--m"


@pytest.fixture
def repository(fetcher: Fetcher) -> Path:
    return fetcher.cache.hub / NAME


def model(hub: FakeHub) -> Path:
    folder = write_model(hub.root / MODEL, shards=2)
    (folder / "deep").mkdir(exist_ok=True)
    (folder / "deep/chat.jinja").write_text("{{ x }}")
    return folder


def take(cache_dir: Path, revision: str | None = None) -> Path:
    """What the real library finds there, with no network."""
    from huggingface_hub import snapshot_download

    return Path(snapshot_download(MODEL, revision=revision, cache_dir=cache_dir, local_files_only=True))


def test_the_real_library_takes_what_we_lay_out(
    fetcher: Fetcher, start_hub: StartHub, repository: Path
) -> None:
    from huggingface_hub import scan_cache_dir

    hub = start_hub()
    theirs = model(hub)
    commit = commit_of(theirs)

    snapshot = fetcher(MODEL, hub=hub.endpoint, layout=Layout.HUB)

    assert snapshot == repository / "snapshots" / commit
    assert problems(snapshot) == ()
    assert (
        take(fetcher.cache.hub)
        == take(fetcher.cache.hub, "main")
        == take(fetcher.cache.hub, commit)
        == snapshot
    )
    written = manifest.read(snapshot)
    assert written is not None
    assert (written.source, written.revision) == ("hf://org/m", commit)
    for name in written.files:
        original = theirs / name
        about = described(original, (original.stat().st_size, original.stat().st_mtime_ns))
        lfs = about.get("lfs")
        link = snapshot / name
        target = link.readlink()
        assert not target.is_absolute(), "the cache can be moved"
        assert target.name == (lfs["oid"] if isinstance(lfs, dict) else about["oid"])
        assert link.read_bytes() == original.read_bytes()

    (found,) = scan_cache_dir(fetcher.cache.hub).repos
    assert scan_cache_dir(fetcher.cache.hub).warnings == []
    assert (found.repo_id, found.refs.keys()) == (MODEL, {"main"})
    (revision,) = found.revisions
    assert (revision.commit_hash, revision.refs) == (commit, {"main"})
    assert not fetcher.cache.staging(MODEL).exists()

    asked = len(hub.requests())
    assert fetcher(MODEL, hub=hub.endpoint, layout=Layout.HUB) == snapshot
    assert len(hub.requests()) == asked


def test_the_real_library_fetches_nothing_that_we_laid_out(fetcher: Fetcher, start_hub: StartHub) -> None:
    from huggingface_hub import snapshot_download

    hub = start_hub()
    model(hub)
    snapshot = fetcher(MODEL, hub=hub.endpoint, layout=Layout.HUB)
    asked = len(hub.requests())
    found = snapshot_download(MODEL, cache_dir=fetcher.cache.hub, endpoint=hub.endpoint)
    assert Path(found) == snapshot
    assert not any("/resolve/" in request for request in hub.requests()[asked:])


def test_what_the_real_library_wrote_is_found(fetcher: Fetcher, start_hub: StartHub, tmp_path: Path) -> None:
    from huggingface_hub import snapshot_download

    hub = start_hub()
    commit = commit_of(model(hub))
    theirs = tmp_path / "theirs"
    snapshot = Path(snapshot_download(MODEL, cache_dir=theirs, endpoint=hub.endpoint))
    inside, beside = Cache(theirs.parent / "x"), Cache(tmp_path / "own", read_hub_at=theirs)
    inside.root.mkdir()
    inside.hub.symlink_to(theirs)
    for cache in (inside, beside):
        for text in (MODEL, f"{MODEL}@main", f"{MODEL}@{commit}"):
            location = cache.locate(MODEL, (ModelRef.parse(text),))
            assert (location.path.resolve(), location.present) == (snapshot.resolve(), True), text
        assert not cache.locate(MODEL, (ModelRef.parse(f"{MODEL}@v2"),)).present
        assert not cache.locate(MODEL, (ModelRef.parse(f"{MODEL}@{'0' * 40}"),)).present
    (entry,) = scan(beside).models
    assert (entry.model_id, entry.ours, entry.revision, entry.refs) == (MODEL, False, commit, ("main",))


def test_a_branch_and_a_commit_are_kept_apart(
    fetcher: Fetcher, start_hub: StartHub, repository: Path
) -> None:
    hub = start_hub()
    theirs = model(hub)
    first = commit_of(theirs)
    by_commit = fetcher(f"{MODEL}@{first}", hub=hub.endpoint, layout=Layout.HUB)
    assert not (repository / "refs").exists(), "nobody said which branch it is"
    assert fetcher.cache.locate(MODEL, (ModelRef.parse(MODEL),)).path == by_commit, "the only one there is"
    (theirs / "config.json").write_text('{"architectures": ["New"]}')
    second = commit_of(theirs)
    by_branch = fetcher(f"{MODEL}@main", hub=hub.endpoint, layout=Layout.HUB)
    assert by_branch.name == second
    assert (repository / "refs/main").read_text() == second
    for text, path in ((MODEL, by_branch), (f"{MODEL}@{first}", by_commit), (f"{MODEL}@{second}", by_branch)):
        assert fetcher.cache.locate(MODEL, (ModelRef.parse(text),)).path == path, text
    shared = [(by_commit / name).resolve() for name in ("tokenizer.json", "model-00001-of-00002.safetensors")]
    assert shared == [
        (by_branch / name).resolve() for name in ("tokenizer.json", "model-00001-of-00002.safetensors")
    ]


def test_a_pinned_commit_is_looked_for_behind_the_folder_of_another(
    fetcher: Fetcher, start_hub: StartHub
) -> None:
    hub = start_hub()
    theirs = model(hub)
    first = commit_of(theirs)
    snapshot = fetcher(f"{MODEL}@{first}", hub=hub.endpoint, layout=Layout.HUB)
    (theirs / "config.json").write_text('{"architectures": ["New"]}')
    folder = fetcher(f"{MODEL}@{commit_of(theirs)}", hub=hub.endpoint)
    locate = fetcher.cache.locate
    assert locate(MODEL, (ModelRef.parse(f"{MODEL}@{first}"),)).path == snapshot
    assert locate(MODEL, (ModelRef.parse(f"{MODEL}@{commit_of(theirs)}"),)).path == folder
    assert locate(MODEL, (ModelRef.parse(MODEL),)).path == folder
    other = locate(MODEL, (ModelRef.parse(f"{MODEL}@v9"),))
    assert (other.path, other.present) == (folder, False)


def test_a_revision_is_no_path() -> None:
    cache = Cache(Path("cache"))
    location = cache.locate(MODEL, (ModelRef.parse(f"{MODEL}@/etc"),))
    assert (location.path, location.present) == (Path("cache/org/m"), False)


def test_a_damaged_snapshot_is_replaced_and_its_blobs_too(
    fetcher: Fetcher, start_hub: StartHub, repository: Path
) -> None:
    hub = start_hub()
    theirs = model(hub)
    snapshot = fetcher(MODEL, hub=hub.endpoint, layout=Layout.HUB)
    shard = snapshot / "model-00001-of-00002.safetensors"
    os.truncate(shard.resolve(), 10)
    (snapshot / "model.safetensors.index.json").resolve().unlink()
    assert fetcher(MODEL, hub=hub.endpoint, layout=Layout.HUB) == snapshot
    assert any("is damaged" in notice for notice in fetcher.notices)
    assert problems(snapshot) == ()
    assert shard.read_bytes() == (theirs / shard.name).read_bytes()
    assert not any(fetcher.cache.area("trash").glob("*/*"))


@contextmanager
def no_links(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A file system without symbolic links, as the kernel shows one: symlink(2) answers EPERM."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    with monkeypatch.context() as patch:
        patch.setattr(os, "symlink", refuse)
        yield


def test_where_there_are_no_links_the_snapshot_holds_the_files(
    fetcher: Fetcher, start_hub: StartHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = start_hub()
    theirs = model(hub)
    with no_links(monkeypatch):
        snapshot = fetcher(MODEL, hub=hub.endpoint, layout=Layout.HUB)
    assert not any(path.is_symlink() for path in snapshot.rglob("*"))
    assert problems(snapshot) == ()
    assert take(fetcher.cache.hub) == snapshot
    assert (snapshot / "deep/chat.jinja").read_bytes() == (theirs / "deep/chat.jinja").read_bytes()
    assert fetcher.cache.locate(MODEL, (ModelRef.parse(MODEL),)).path == snapshot


def test_a_name_of_the_users_is_the_name_of_the_repository(fetcher: Fetcher, start_hub: StartHub) -> None:
    hub = start_hub()
    model(hub)
    snapshot = fetcher(MODEL, hub=hub.endpoint, layout=Layout.HUB, model_id="my/own")
    assert snapshot.parents[1].name == "models--my--own"
    assert fetcher.cache.locate("my/own", (ModelRef.parse(MODEL),)).path == snapshot


def test_a_hub_folder_that_cannot_be_written(fetcher: Fetcher, start_hub: StartHub) -> None:
    hub = start_hub()
    model(hub)
    fetcher.cache.root.mkdir()
    fetcher.cache.hub.write_text("a file")
    with pytest.raises(CacheNotWritable, match=r"is a file, not a folder|is a file where"):
        fetcher(MODEL, hub=hub.endpoint, layout=Layout.HUB)
    assert hub.requests() == [], "it is said before the first byte"


@pytest.mark.skipif(os.geteuid() != 0, reason="takes root, to become somebody else")
def test_another_user_reads_both_layouts(start_hub: StartHub, place: Path) -> None:
    hub = start_hub()
    theirs = model(hub)
    place.chmod(0o755)
    fetcher = Fetcher(Cache(place / "cache"), {})
    for layout in Layout:
        fetcher(MODEL, hub=hub.endpoint, layout=layout)
    digest = hashlib.sha256((theirs / "config.json").read_bytes()).hexdigest()

    def look(root: Path) -> list[tuple[str, bool, tuple[str, ...], str]]:
        found = []
        for cache in (Cache(root / "cache"), Cache(root / "none", read_hub_at=root / "cache/hub")):
            location = cache.locate(MODEL, (ModelRef.parse(MODEL),))
            seen = hashlib.sha256((location.path / "config.json").read_bytes()).hexdigest()
            found.append((str(location.path), location.present, problems(location.path), seen))
        return found

    snapshot = f"cache/hub/{NAME}/snapshots/{commit_of(theirs)}"
    assert as_nobody(look, place) == [("cache/org/m", True, (), digest), (snapshot, True, (), digest)]
