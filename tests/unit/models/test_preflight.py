"""What is wrong with a folder, told without reading weights."""

from __future__ import annotations

import json
import os
import struct
import time
from pathlib import Path

import pytest

from aim_runtime.models import manifest
from aim_runtime.models.preflight import problems
from fakes.hub import write_model


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_model(tmp_path / "m", shards=3)


SHARD = "model-00002-of-00003.safetensors"


def test_a_whole_folder_has_no_problems(folder: Path) -> None:
    assert problems(folder) == ()


@pytest.mark.parametrize("change", [-1, 1])
def test_one_byte_too_few_or_too_many(folder: Path, change: int) -> None:
    size = (folder / SHARD).stat().st_size
    os.truncate(folder / SHARD, size + change)
    assert problems(folder) == (f"{SHARD} is {size + change} bytes long, but its header says {size}",)


def test_a_missing_shard(folder: Path) -> None:
    (folder / SHARD).unlink()
    assert problems(folder) == (f"{SHARD} is missing",)


def test_a_missing_shard_where_the_index_is_missing_too(folder: Path) -> None:
    (folder / "model.safetensors.index.json").unlink()
    assert problems(folder) == ()
    (folder / SHARD).unlink()
    assert problems(folder) == (f"{SHARD} is missing",)
    (folder / "model-00003-of-00003.safetensors").unlink()
    (folder / "model-1-of-99999999999.safetensors").write_bytes((8).to_bytes(8, "little") + b"{}      ")
    assert problems(folder) == (f"{SHARD} is missing", "model-00003-of-00003.safetensors is missing")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"1234567",
        b"<!DOCTYPE html><html>no such page</html>",
        struct.pack("<Q", 2**63) + b"{}",
        struct.pack("<Q", 4) + b"{{{{",
        struct.pack("<Q", 4) + b"\xff\xff\xff\xff",
        struct.pack("<Q", 2) + b"[]",
        struct.pack("<Q", 7) + b'{"a":1}',
        struct.pack("<Q", 26) + b'{"a":{"data_offsets":[1]}}',
        struct.pack("<Q", 30) + b'{"a":{"data_offsets":[0,"x"]}}',
        struct.pack("<Q", 200_000) + b"[" * 200_000,
    ],
)
def test_bytes_that_are_no_safetensors_file(folder: Path, content: bytes) -> None:
    (folder / SHARD).write_bytes(content)
    (problem,) = problems(folder)
    assert SHARD in problem


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("config.json", b"{", "config.json is not JSON"),
        ("config.json", b"\xff", "config.json is not JSON"),
        ("config.json", b"[]", "config.json is not a JSON object"),
        ("model.safetensors.index.json", b"", "index.json is not JSON"),
        ("model.safetensors.index.json", b"{}", "has no usable weight_map"),
        ("model.safetensors.index.json", b'{"weight_map": {"t": 1}}', "has no usable weight_map"),
        ("model.safetensors.index.json", b'{"weight_map": {"t": "absent"}}', "absent is missing"),
        ("model.safetensors.index.json", b'{"weight_map": {"t": "\\u0000"}}', "is missing"),
        ("model.safetensors.index.json", b"[" * 100_000, "is not JSON"),
    ],
)
def test_a_malformed_file_is_named(folder: Path, name: str, content: bytes, problem: str) -> None:
    (folder / name).write_bytes(content)
    (found,) = problems(folder)
    assert problem in found


def test_a_folder_where_a_file_should_be(folder: Path) -> None:
    (folder / "config.json").unlink()
    assert problems(folder) == ("config.json is missing",)
    (folder / "config.json").mkdir()
    (found,) = problems(folder)
    assert found.startswith("config.json cannot be read")


def test_no_weights_no_folder(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    assert problems(tmp_path) == ("no weights: no *.safetensors, *.bin or consolidated* file",)
    (found,) = problems(tmp_path / "absent")
    assert "cannot be read" in found


def test_other_formats_count_by_being_there(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "pytorch_model-1.bin").write_bytes(b"x")
    assert problems(tmp_path) == ()
    index = {"weight_map": {"a": "pytorch_model-1.bin", "b": "pytorch_model-2.bin"}}
    (tmp_path / "pytorch_model.bin.index.json").write_text(json.dumps(index))
    assert problems(tmp_path) == ("pytorch_model-2.bin is missing",)


def test_the_manifest_knows_sizes_that_no_header_does(folder: Path) -> None:
    manifest.seal(folder, "org/m", None, lambda _: None)
    assert problems(folder) == ()
    (folder / "tokenizer.json").write_text("{ }")
    assert problems(folder) == ("tokenizer.json is 3 bytes long, but was 2 when it was fetched",)
    (folder / "tokenizer.json").unlink()
    assert problems(folder) == ("tokenizer.json is missing",)


def test_it_takes_less_than_a_millisecond_a_shard(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "m", shards=100)
    problems(folder)
    began = time.perf_counter()
    assert problems(folder) == ()
    assert time.perf_counter() - began < 0.1
