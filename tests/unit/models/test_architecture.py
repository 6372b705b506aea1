"""How many accelerators a model's heads can be spread over, and how large its weights are."""

from __future__ import annotations

from pathlib import Path

import pytest

from aim_runtime.models.architecture import Architecture
from aim_runtime.models.weights import bytes_on_disk
from tiny_model import write_tiny_model


@pytest.mark.parametrize(
    ("attention", "key_value", "count", "splits"),
    [
        (96, 8, 8, True),
        (96, 8, 16, True),  # each key-value head is copied to two
        (96, 8, 5, False),
        (9, 3, 1, True),
        (9, 3, 3, True),
        (9, 3, 2, False),
        (12, 3, 2, False),  # the attention heads would divide, the key-value heads do not
        (12, 3, 6, True),
        (None, None, 7, True),
        (12, None, 5, False),
    ],
)
def test_splits_over(attention: int | None, key_value: int | None, count: int, splits: bool) -> None:
    assert Architecture(None, attention, key_value).splits_over(count) is splits


def test_bytes_on_disk_counts_one_format(tmp_path: Path) -> None:
    folder = write_tiny_model(tmp_path / "m")
    size = (folder / "model.safetensors").stat().st_size
    (folder / "pytorch_model.bin").write_bytes(bytes(1000))
    assert bytes_on_disk(folder) == size
    (folder / "model.safetensors").unlink()
    assert bytes_on_disk(folder) == 1000


def test_no_weights_have_no_size(tmp_path: Path) -> None:
    assert bytes_on_disk(tmp_path) is None
    assert bytes_on_disk(tmp_path / "absent") is None
