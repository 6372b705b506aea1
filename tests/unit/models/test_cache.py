"""Where the cache looks for a model, and what it refuses."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from aim_runtime.errors import CacheNotWritable, InvalidModelRef
from aim_runtime.models import manifest
from aim_runtime.models.cache import Cache, ensure_space, make_folder
from aim_runtime.models.ref import ModelRef
from tiny_model import write_tiny_model

HF = (ModelRef.parse("org/m"),)


def test_a_model_belongs_in_a_folder_of_its_name(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    assert cache.folder("org/m") == tmp_path / "org/m"
    assert cache.folder("word") == tmp_path / "word"
    assert cache.staging("org/m") == tmp_path / ".aim/staging/org--m"


@pytest.mark.parametrize("model_id", ["", "/etc", "../m", "org/..", "org/m/x", ".aim/locks", "org/"])
def test_what_is_not_a_model_id(tmp_path: Path, model_id: str) -> None:
    with pytest.raises(InvalidModelRef):
        Cache(tmp_path).folder(model_id)
    with pytest.raises(InvalidModelRef):
        Cache(tmp_path).staging(model_id)


def test_present_means_a_config_and_weights(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    folder = cache.folder("org/m")
    assert not cache.locate("org/m", HF).present
    write_tiny_model(folder)
    found = cache.locate("org/m", HF, token_required=True, size_bytes=5)
    assert (found.path, found.present, found.sources) == (folder, True, HF)
    assert (found.token_required, found.size_bytes) == (True, 5)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    assert cache.locate("org/m", HF).present
    (folder / "config.json").unlink()
    assert not cache.locate("org/m", HF).present


def test_a_folder_of_the_user_is_used_where_it_is(tmp_path: Path) -> None:
    folder = write_tiny_model(tmp_path / "mine")
    found = Cache(tmp_path / "cache").locate("org/m", (*HF, ModelRef.parse(str(folder))))
    assert (found.path, found.present) == (folder, True)


@pytest.mark.parametrize("inside", [True, False])
def test_a_hugging_face_cache_is_read(tmp_path: Path, inside: bool) -> None:
    hub = tmp_path / "hub" if inside else tmp_path / "home/hub"
    repository = hub / "models--org--m"
    snapshot = write_tiny_model(repository / "snapshots/c0ffee")
    (repository / "refs").mkdir()
    (repository / "refs/main").write_text("c0ffee")
    cache = Cache(tmp_path, None if inside else hub)
    assert cache.locate("org/m", HF).path == snapshot
    assert cache.locate("org/m", (ModelRef.parse("org/m@c0ffee"),)).path == snapshot
    other = cache.locate("org/m", (ModelRef.parse("org/m@v2"),))
    assert (other.path, other.present) == (tmp_path / "org/m", False)
    own = write_tiny_model(tmp_path / "org/m")
    assert cache.locate("org/m", HF).path == own, "the cache's own folder comes first"


def test_a_folder_of_another_revision_is_not_the_one(tmp_path: Path) -> None:
    folder = write_tiny_model(tmp_path / "org/m")
    manifest.seal(folder, "hf://org/m@v1", "c0ffee", lambda _: None)
    for text, present in (("org/m", True), ("org/m@v1", True), ("org/m@c0ffee", True), ("org/m@v2", False)):
        found = Cache(tmp_path).locate("org/m", (ModelRef.parse(text),))
        assert (found.path, found.present) == (folder, present), text
    either = (ModelRef.parse("org/m@v2"), ModelRef.parse("pypi://p==1/m.gguf"))
    assert not Cache(tmp_path).locate("org/m", either).present
    manifest.seal(folder, "hf://org/m", "c0ffee", lambda _: None)
    assert Cache(tmp_path).locate("org/m", (ModelRef.parse("org/m@main"),)).present, "the same, by its name"
    (folder / manifest.NAME).unlink()
    assert Cache(tmp_path).locate("org/m", either).present, "nothing says that it is another"


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder, reason in ((tmp_path / "file/x", "is a file"), (Path("/proc/aim/x"), "")):
        with pytest.raises(CacheNotWritable, match=f"cannot write to {folder}: .*{reason}") as raised:
            make_folder(folder)
        assert "AIM_CACHE_PATH" in raised.value.hint


def test_room_is_counted_in_words(tmp_path: Path) -> None:
    ensure_space(tmp_path, 0)
    with pytest.raises(CacheNotWritable, match=r"1\.0 TB|1000000\.0 TB are needed, .* are free"):
        ensure_space(tmp_path, 10**18)


def test_looking_costs_no_heavy_import() -> None:
    program = (
        "import sys, aim_runtime.models.cache, aim_runtime.models.location, aim_runtime.models.ref\n"
        "print(*{'json', 'subprocess', 'huggingface_hub', 'shutil', 'hashlib'} & set(sys.modules))"
    )
    # -S: some environments load modules of their own at start-up.
    path = [entry for entry in sys.path if entry]
    said = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:] = {path!r}\n{program}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == ""
