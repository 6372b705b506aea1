"""What is an adapter in a folder of them, and what is not, with the reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from aim_runtime.models.adapter_folder import look_at
from machines.nobody import as_nobody
from unit.adapters import adapter, tensors


def test_adapters_are_found_by_the_names_of_their_folders(tmp_path: Path) -> None:
    adapter(tmp_path, "b", r=16)
    adapter(tmp_path, "a.v1_x-2", base_model_name_or_path="acme/model", rank_pattern={"q_proj": 64})
    found = look_at(tmp_path)
    assert [each.name for each in found.found] == ["a.v1_x-2", "b"]
    first, second = found.found
    assert (first.rank, first.base, first.path) == (64, "acme/model", tmp_path / "a.v1_x-2")
    assert (second.rank, second.base) == (16, "")
    assert (found.skipped, found.present, found.problem) == ((), True, "")


def test_bin_weights_do_and_a_missing_rank_is_none(tmp_path: Path) -> None:
    folder = adapter(tmp_path, "a", r=None)
    (folder / "adapter_model.safetensors").rename(folder / "adapter_model.bin")
    (found,) = look_at(tmp_path).found
    assert found.rank is None


def test_no_folder_is_no_adapter(tmp_path: Path) -> None:
    found = look_at(tmp_path / "absent")
    assert (found.found, found.skipped, found.present, found.problem) == ((), (), False, "")


def test_what_is_not_a_folder_of_anyones_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("files are no adapters")
    (tmp_path / ".rsync-partial").mkdir()
    found = look_at(tmp_path)
    assert (found.found, found.skipped) == ((), ())


def test_a_link_to_an_adapter_is_one(tmp_path: Path) -> None:
    adapter(tmp_path / "versions", "v1")
    source = tmp_path / "adapters"
    source.mkdir()
    (source / "mine").symlink_to(tmp_path / "versions/v1")
    assert [each.name for each in look_at(source).found] == ["mine"]


@pytest.mark.parametrize(
    ("name", "file", "content", "reason"),
    [
        ("-x", None, b"", "bad name: "),
        ("a b", None, b"", "bad name: "),
        ("_x", None, b"", "bad name: "),
        ("x", "adapter_model.safetensors", None, "no weights: neither adapter_model.safetensors nor "),
        ("x", "adapter_config.json", None, "adapter_config.json cannot be read (No such file or directory)"),
        ("x", "adapter_config.json", b'{"r": 8', "adapter_config.json is not JSON ("),
        ("x", "adapter_config.json", b"[8]", "adapter_config.json is not a JSON object"),
        ("x", "adapter_model.safetensors", b"", "is 0 bytes long: too short"),
        ("x", "adapter_model.safetensors", tensors(16)[:-1], "bytes long, but its header says"),
    ],
)
def test_what_is_skipped(
    tmp_path: Path, name: str, file: str | None, content: bytes | None, reason: str
) -> None:
    folder = adapter(tmp_path, name)
    adapter(tmp_path, "good")
    if file and content is None:
        (folder / file).unlink()
    elif file and content is not None:
        (folder / file).write_bytes(content)
    found = look_at(tmp_path)
    assert [each.name for each in found.found] == ["good"]
    (skipped,) = found.skipped
    assert skipped.name == name
    assert reason in skipped.reason
    assert skipped.words == f"the adapter {name} is skipped: {skipped.reason}"


def test_a_change_of_either_file_changes_the_signature(tmp_path: Path) -> None:
    folder = adapter(tmp_path, "a")
    seen = {look_at(tmp_path).found[0].signature}
    (folder / "adapter_model.safetensors").write_bytes(tensors(32))
    seen.add(look_at(tmp_path).found[0].signature)
    adapter(tmp_path, "a", lora_alpha=32)
    seen.add(look_at(tmp_path).found[0].signature)
    assert len(seen) == 3
    assert look_at(tmp_path).found[0].signature in seen


def test_a_folder_that_this_user_may_not_read(tmp_path: Path) -> None:
    adapter(tmp_path / "closed", "a")
    (tmp_path / "closed").chmod(0)
    found = as_nobody(lambda root: look_at(root / "closed"), tmp_path)
    assert found.problem == "closed cannot be read: Permission denied"
    assert found.found == ()
