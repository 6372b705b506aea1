"""Sizes as Kubernetes writes them."""

from __future__ import annotations

import pytest

from aim_runtime.deploy.quantity import memory


@pytest.mark.parametrize(
    ("size", "text"),
    [(8 * 1024**3, "8Gi"), (512 * 1024**2, "512Mi"), (1, "1Mi"), (1024**3 + 1, "1025Mi"), (0, "0Gi")],
)
def test_a_size_is_whole_and_never_less(size: int, text: str) -> None:
    assert memory(size) == text
