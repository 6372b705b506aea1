"""`cache export` and `cache import`: a model carried from one cache to another, whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from aim_runtime.errors import CacheNotWritable, FileNotWritable, VerificationFailed
from aim_runtime.models import manifest
from aim_runtime.models.cache import Cache
from aim_runtime.models.events import Event, Notice
from aim_runtime.models.portable.export import export
from aim_runtime.models.portable.model import Format
from aim_runtime.models.portable.take_in import take_in
from aim_runtime.models.preflight import problems
from fakes.hub import write_model
from machines import as_nobody
from machines.files import scratch
from running import AIM, environment, run
from unit.doctor.children import on_a_disk

MODEL, COMMIT = "acme/tiny", "c" * 40
FORMATS = pytest.mark.parametrize("format_", list(Format))


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    """A cache with one model that was fetched from a hub."""
    found = Cache(tmp_path / "models")
    write_model(found.root / MODEL, shards=2, payload_bytes=5000)
    (found.root / MODEL / "templates").mkdir()
    (found.root / MODEL / "templates/chat.jinja").write_text("{{ messages }}")
    manifest.seal(found.root / MODEL, f"hf://{MODEL}", COMMIT, ignore)
    return found


@pytest.fixture
def other(tmp_path: Path) -> Cache:
    """The cache of another machine."""
    return Cache(tmp_path / "other/models")


def ignore(event: Event) -> None:
    """Nobody listens."""


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != manifest.NAME
    }


def only_models(cache: Cache) -> list[str]:
    """What is in a cache, as far as it is a model or on its way to become one."""
    kept = [path for path in cache.root.rglob("*") if path.is_file() and "locks" not in path.parts]
    return sorted(path.relative_to(cache.root).as_posix() for path in kept)


@FORMATS
def test_there_and_back(tmp_path: Path, cache: Cache, other: Cache, format_: Format) -> None:
    carried = tmp_path / "carried"
    done = run("cache", "export", MODEL, str(carried), "--format", format_, env=environment(tmp_path))
    assert (done.returncode, done.stdout) == (0, f"{carried}\n"), done.stderr
    shutil.rmtree(cache.root)

    env = environment(other.root.parent)
    done = run("cache", "import", str(carried), env=env)
    folder = other.root / MODEL
    assert (done.returncode, done.stdout) == (0, f"{folder}\n"), done.stderr
    assert f"{MODEL} is in the cache at {folder}, from {carried}" in done.stderr
    assert problems(folder) == ()
    written = manifest.read(folder)
    assert written is not None
    assert (written.source, written.revision) == (f"hf://{MODEL}", COMMIT)
    assert set(written.files) == set(files_of(folder))
    assert "templates/chat.jinja" in written.files

    done = run("cache", "import", str(carried), env=env)
    assert (done.returncode, done.stdout) == (0, f"{folder}\n")
    assert "already in the cache" in done.stderr


def test_a_folder_can_be_checked_without_us(tmp_path: Path, cache: Cache) -> None:
    carried = export(MODEL, cache, tmp_path / "carried", Format.FOLDER, ignore)
    checked = subprocess.run(
        ["sha256sum", "--strict", "-c", "SHA256SUMS"], cwd=carried, capture_output=True, text=True, check=True
    )
    assert f"{manifest.NAME}: OK" in checked.stdout
    assert len(checked.stdout.splitlines()) == len(files_of(carried))  # SHA256SUMS is none, ours is one more


def test_a_layout_takes_no_room_beside_the_cache(tmp_path: Path, cache: Cache) -> None:
    carried = export(MODEL, cache, tmp_path / "carried", Format.OCI, ignore)
    blobs = {path.stat().st_ino for path in (carried / "blobs/sha256").iterdir()}
    assert blobs >= {path.stat().st_ino for path in (cache.root / MODEL).glob("*.safetensors")}


def test_a_layout_on_another_disk_is_a_copy(tmp_path: Path, cache: Cache, other: Cache) -> None:
    with scratch() as disk:
        if disk.stat().st_dev == tmp_path.stat().st_dev:
            pytest.skip("there is one file system only")
        carried = export(MODEL, cache, disk / "carried", Format.OCI, ignore)
        assert all(path.stat().st_nlink == 1 for path in (carried / "blobs/sha256").iterdir())
        folder = take_in(carried, other, ignore)
        assert files_of(folder) == files_of(cache.root / MODEL)


def test_the_same_model_is_the_same_artifact(tmp_path: Path, cache: Cache) -> None:
    first, second = (
        export(MODEL, cache, tmp_path / name, Format.OCI, ignore) / "index.json" for name in ("a", "b")
    )
    assert first.read_bytes() == second.read_bytes()


@FORMATS
def test_a_model_of_the_hubs_own_cache(tmp_path: Path, other: Cache, format_: Format) -> None:
    cache = Cache(tmp_path / "models")
    repository = cache.root / "hub/models--acme--tiny"
    made = write_model(tmp_path / "made")
    snapshot, blobs = repository / "snapshots" / COMMIT, repository / "blobs"
    snapshot.mkdir(parents=True)
    blobs.mkdir()
    for path in made.iterdir():
        path.rename(blobs / f"blob-{path.name}")
        (snapshot / path.name).symlink_to(f"../../blobs/blob-{path.name}")
    (repository / "refs").mkdir()
    (repository / "refs/main").write_text(COMMIT)

    carried = export(MODEL, cache, tmp_path / "carried", format_, ignore)
    assert not any(path.is_symlink() for path in carried.rglob("*"))
    folder = take_in(carried, other, ignore)
    written = manifest.read(folder)
    assert written is not None
    assert (written.source, written.revision) == (f"hf://{MODEL}", COMMIT)
    assert files_of(folder) == files_of(snapshot)


def test_a_name_of_its_own_is_kept(tmp_path: Path, cache: Cache, other: Cache) -> None:
    (cache.root / MODEL).rename(cache.root / "acme/renamed")
    for format_ in Format:
        carried = export("acme/renamed", cache, tmp_path / format_, format_, ignore)
        assert take_in(carried, other, ignore) == other.root / "acme/renamed"
    assert take_in(carried, other, ignore, model_id="acme/as") == other.root / "acme/as"


def test_a_model_that_is_not_in_the_cache(tmp_path: Path, cache: Cache) -> None:
    done = run("cache", "export", "acme/tony", str(tmp_path / "carried"), env=environment(tmp_path))
    assert done.returncode == 5
    assert f"acme/tony is not in the cache at {cache.root}; did you mean {MODEL}?" in done.stderr
    assert not (tmp_path / "carried").exists()


@FORMATS
def test_a_damaged_model_is_not_exported(tmp_path: Path, cache: Cache, format_: Format) -> None:
    shard = cache.root / MODEL / "model-00001-of-00002.safetensors"
    flip(shard)
    with pytest.raises(VerificationFailed, match=r"model-00001-of-00002\.safetensors .* SHA-256 .* got"):
        export(MODEL, cache, tmp_path / "carried", format_, ignore)
    os.truncate(shard, 100)
    with pytest.raises(VerificationFailed, match="is not a whole model: .* 100 bytes long"):  # noqa: RUF043
        export(MODEL, cache, tmp_path / "carried", format_, ignore)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["models"]


def test_what_is_there_is_not_written_over(tmp_path: Path, cache: Cache) -> None:
    (tmp_path / "carried").mkdir()
    export(MODEL, cache, tmp_path / "carried", Format.FOLDER, ignore)  # an empty folder is none
    done = run("cache", "export", MODEL, str(tmp_path / "carried"), env=environment(tmp_path))
    assert done.returncode == 2
    assert f"{tmp_path}/carried is there already" in done.stderr


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


def remove(path: Path) -> None:
    path.unlink()


@FORMATS
@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (flip, "is damaged: SHA-256 {sha256} expected, "),
        (truncate, "bytes long: {size} bytes expected, "),
        (remove, "is missing: "),
    ],
)
@pytest.mark.parametrize("name", ["model-00002-of-00002.safetensors", "config.json"])
def test_a_damaged_export_is_not_imported(
    tmp_path: Path,
    cache: Cache,
    other: Cache,
    format_: Format,
    damage: Callable[[Path], None],
    words: str,
    name: str,
) -> None:
    with scratch() as disk:  # copies: else the damage would be in the first cache too
        carried = export(MODEL, cache, disk / "carried", format_, ignore)
        written = manifest.read(cache.root / MODEL)
        assert written is not None
        record = written.files[name]
        damage(carried / name if format_ is Format.FOLDER else carried / "blobs/sha256" / record.sha256)
        done = run("cache", "import", str(carried), env=environment(other.root.parent))
    assert (done.returncode, done.stdout) == (5, "")
    assert f"error: {name}" in done.stderr
    expected = words.format(sha256=record.sha256, size=record.size)
    if damage is not truncate or format_ is Format.OCI:
        assert expected in done.stderr
    assert "got" in done.stderr
    assert only_models(other) == []


@pytest.mark.parametrize(
    ("name", "body", "words"),
    [
        ("SHA256SUMS", f"{'0' * 64}  {manifest.NAME}\n", "is damaged: SHA-256 0000"),
        ("SHA256SUMS", f"{'0' * 64}  config.json\n", "its two lists contradict each other about config.json"),
        ("SHA256SUMS", "nonsense\n", "'nonsense' is no SHA-256 and a name"),
        (
            "SHA256SUMS",
            f"{'0' * 64}  ../../config.json\n",
            "names the file '../../config.json', which is not",
        ),
        (manifest.NAME, '{"format": 99}', f"{manifest.NAME} cannot be understood"),
    ],
)
def test_damaged_lists(tmp_path: Path, cache: Cache, other: Cache, name: str, body: str, words: str) -> None:
    carried = export(MODEL, cache, tmp_path / "carried", Format.FOLDER, ignore)
    (carried / name).write_text(body)
    if name == manifest.NAME:
        (carried / "SHA256SUMS").unlink()
    with pytest.raises(VerificationFailed, match=words):
        take_in(carried, other, ignore)
    assert only_models(other) == []


def test_a_manifest_that_leads_elsewhere(tmp_path: Path, cache: Cache, other: Cache) -> None:
    carried = export(MODEL, cache, tmp_path / "carried", Format.FOLDER, ignore)
    (carried / "SHA256SUMS").unlink()
    data = json.loads((carried / manifest.NAME).read_text())
    data["files"]["../stolen"] = data["files"]["config.json"]
    (carried / manifest.NAME).write_text(json.dumps(data))
    with pytest.raises(VerificationFailed, match=r"names the file '\.\./stolen', which is not inside"):
        take_in(carried, other, ignore)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("{", "index.json: its manifest cannot be understood"),
        ('{"manifests": []}', "holds 0 images and artifacts, not one: nothing"),
        (None, "index.json cannot be read: No such file"),
    ],
)
def test_a_damaged_layout(tmp_path: Path, cache: Cache, other: Cache, body: str | None, words: str) -> None:
    carried = export(MODEL, cache, tmp_path / "carried", Format.OCI, ignore)
    (carried / "index.json").unlink()
    if body is not None:
        (carried / "index.json").write_text(body)
    done = run("cache", "import", str(carried), env=environment(other.root.parent))
    assert done.returncode == 5
    assert words in done.stderr
    assert only_models(other) == []


def test_a_manifest_with_other_bytes(tmp_path: Path, cache: Cache, other: Cache) -> None:
    carried = export(MODEL, cache, tmp_path / "carried", Format.OCI, ignore)
    index = json.loads((carried / "index.json").read_text())
    flip(carried / "blobs/sha256" / index["manifests"][0]["digest"].partition(":")[2])
    with pytest.raises(VerificationFailed, match="the manifest .* is damaged: SHA-256"):  # noqa: RUF043
        take_in(carried, other, ignore)


def test_a_folder_with_nothing_but_sums(tmp_path: Path, other: Cache) -> None:
    made = write_model(tmp_path / "made")
    sums = subprocess.run(
        "sha256sum * > SHA256SUMS", shell=True, cwd=made, check=True, env={"PATH": os.defpath}
    )
    assert sums.returncode == 0
    env = environment(other.root.parent)
    done = run("cache", "import", str(made), env=env)
    assert done.returncode == 2
    assert "--as ORG/MODEL" in done.stderr
    done = run("cache", "import", str(made), "--as", "acme/own", env=env)
    assert (done.returncode, done.stdout) == (0, f"{other.root}/acme/own\n"), done.stderr


@pytest.mark.parametrize(("name", "words"), [("made", "is not an exported model"), ("none", "is not there")])
def test_something_that_was_not_exported(tmp_path: Path, other: Cache, name: str, words: str) -> None:
    write_model(tmp_path / "made")
    done = run("cache", "import", str(tmp_path / name), env=environment(other.root.parent))
    assert done.returncode == 5
    assert words in done.stderr


def test_another_revision_replaces_the_one_there(tmp_path: Path, cache: Cache, other: Cache) -> None:
    old = export(MODEL, cache, tmp_path / "old", Format.FOLDER, ignore)
    (cache.root / MODEL / "config.json").write_text('{"architectures": ["New"]}')
    manifest.seal(cache.root / MODEL, f"hf://{MODEL}", "d" * 40, ignore)
    new = export(MODEL, cache, tmp_path / "new", Format.FOLDER, ignore)
    take_in(old, other, ignore)
    events: list[Event] = []
    folder = take_in(new, other, events.append)
    assert "New" in (folder / "config.json").read_text()
    said = [event.text for event in events if isinstance(event, Notice)]
    assert said[0] == f"{folder} holds hf://{MODEL} (revision {COMMIT}), which is replaced"


def until_there(pattern: str, below: Path, doing: subprocess.Popen[bytes]) -> None:
    """Wait until a program has begun to write such a file."""
    deadline = time.monotonic() + 20
    while not any(path.is_file() and path.stat().st_size for path in below.rglob(pattern)):
        assert time.monotonic() < deadline
        assert doing.poll() is None, "it ended before it could be stopped"
        time.sleep(0.005)


@pytest.fixture
def large(tmp_path: Path) -> Cache:
    """A cache with a model that takes a while to copy."""
    found = Cache(tmp_path / "models")
    write_model(found.root / MODEL, shards=2, payload_bytes=100_000_000)
    manifest.seal(found.root / MODEL, f"hf://{MODEL}", COMMIT, ignore)
    return found


def test_a_killed_import_leaves_no_model(tmp_path: Path, large: Cache, other: Cache) -> None:
    carried = export(MODEL, large, tmp_path / "carried", Format.OCI, ignore)
    argv, env = [AIM, "cache", "import", str(carried)], environment(other.root.parent)
    with subprocess.Popen(argv, env=env, stderr=subprocess.DEVNULL) as doing:
        until_there("*.safetensors", other.root, doing)
        doing.send_signal(signal.SIGKILL)
    assert not (other.root / MODEL).exists()
    folder = take_in(carried, other, ignore)
    assert problems(folder) == ()
    assert not list((other.root / ".aim/staging").rglob("*.safetensors"))


def test_a_stopped_export_cleans_up(tmp_path: Path, large: Cache) -> None:
    argv = [AIM, "cache", "export", MODEL, str(tmp_path / "carried")]
    with subprocess.Popen(argv, env=environment(tmp_path), stderr=subprocess.PIPE) as doing:
        until_there("*.safetensors", tmp_path / "carried.partial", doing)
        doing.send_signal(signal.SIGTERM)
        _, said = doing.communicate(timeout=20)
    assert doing.returncode == 143
    assert f"stopped; nothing is left at {tmp_path}/carried" in said.decode()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["models"]


def test_a_disk_without_room(tmp_path: Path, cache: Cache) -> None:
    carried = export(MODEL, cache, tmp_path / "carried", Format.FOLDER, ignore)
    disk = tmp_path / "disk"
    disk.mkdir()

    def fill() -> list[str]:
        with pytest.raises(CacheNotWritable, match="not enough room in .*: 1.* MB are needed, .* are free"):  # noqa: RUF043
            take_in(carried, Cache(disk), ignore)
        with pytest.raises(FileNotWritable, match="not enough room in .*: 1.* MB are needed, .* are free"):  # noqa: RUF043
            export(MODEL, cache, disk / "carried", Format.OCI, ignore)
        return [str(path) for path in disk.rglob("*") if path.is_file() and "locks" not in path.parts]

    assert on_a_disk(disk, "size=512k", fill) == []


def test_a_cache_that_cannot_be_written(tmp_path: Path, cache: Cache) -> None:
    carried = export(MODEL, cache, tmp_path / "carried", Format.FOLDER, ignore)
    other = Cache(tmp_path / "models")

    def look(root: Path) -> str:
        try:
            return str(take_in(root / carried.name, Cache(root / "models"), ignore, model_id="acme/copy"))
        except CacheNotWritable as error:
            return error.message

    def look_again(root: Path) -> Path:
        return take_in(root / carried.name, Cache(root / "models"), ignore)

    if os.geteuid() != 0:
        other.root.chmod(0o555)
    assert as_nobody(look, tmp_path).startswith("cannot write to models/.aim")
    assert as_nobody(look_again, tmp_path) == Path("models") / MODEL, "what is there needs no writing"


def test_a_folder_that_cannot_be_written(tmp_path: Path, cache: Cache) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)

    def look(root: Path) -> str:
        with pytest.raises(FileNotWritable) as caught:
            export(MODEL, Cache(root / "models"), root / "closed/carried", Format.FOLDER, ignore)
        return caught.value.message

    assert "this user may not write there" in as_nobody(look, tmp_path)
