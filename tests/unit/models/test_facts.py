"""What a folder of weights tells of its model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aim_runtime.models.facts import bytes_on_disk, of_folder
from tiny_model import write_tiny_model


def sized(path: Path, size_bytes: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.truncate(size_bytes)


def test_bytes_on_disk_counts_one_format(tmp_path: Path) -> None:
    folder = write_tiny_model(tmp_path / "m")
    size = (folder / "model.safetensors").stat().st_size
    sized(folder / "pytorch_model.bin", 1000)
    assert bytes_on_disk(folder) == size
    (folder / "model.safetensors").unlink()
    assert bytes_on_disk(folder) == 1000


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, None),
        ({"config.json": 7}, None),
        ({"model-00001-of-00002.safetensors": 40, "model-00002-of-00002.safetensors": 2}, 42),
        ({"model.safetensors": 40, "consolidated.safetensors": 41}, 40),
        ({"consolidated.safetensors": 41}, 41),
        ({"model.safetensors": 40, "original/model.safetensors": 100}, 40),
    ],
    ids=["empty", "no weights", "shards", "two formats of Mistral's", "Mistral's own only", "a folder in it"],
)
def test_each_weight_counts_once(tmp_path: Path, files: dict[str, int], expected: int | None) -> None:
    for name, size in files.items():
        sized(tmp_path / name, size)
    assert bytes_on_disk(tmp_path) == expected
    assert bytes_on_disk(tmp_path / "absent") is None


def test_weights_behind_links_count(tmp_path: Path) -> None:
    sized(tmp_path / "blobs/a", 30)
    (tmp_path / "m").mkdir()
    (tmp_path / "m/model.safetensors").symlink_to(tmp_path / "blobs/a")
    (tmp_path / "m/more.safetensors").symlink_to(tmp_path / "blobs/gone")
    assert bytes_on_disk(tmp_path / "m") == 30


def test_a_folder_has_its_configs_facts_and_its_files_size(tmp_path: Path) -> None:
    sized(tmp_path / "m/model.safetensors", 99)
    (tmp_path / "m/config.json").write_text(json.dumps({"num_hidden_layers": 4, "num_attention_heads": 2}))
    found = of_folder(tmp_path / "m")
    assert found is not None
    assert (found.weights_bytes, found.layers, found.attention_heads) == (99, 4, 2)
    assert found.source == "m/config.json in the cache"


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\udcff", "[" * 100000], ids=lambda text: text[:3])
def test_a_damaged_config_tells_nothing(tmp_path: Path, text: str) -> None:
    sized(tmp_path / "model.safetensors", 99)
    (tmp_path / "config.json").write_bytes(text.encode(errors="surrogateescape"))
    assert of_folder(tmp_path) is None


def test_a_config_without_weights_or_nothing_at_all_tells_nothing(tmp_path: Path) -> None:
    assert of_folder(tmp_path) is None
    (tmp_path / "config.json").write_text("{}")
    assert of_folder(tmp_path) is None
    assert of_folder(tmp_path / "absent") is None
