"""A cache that is shared, and who shares it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from aim_runtime.models.cache import Cache
from integration.models.share.support import StartReplica, replicas


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


@pytest.fixture
def replicas_of(tmp_path: Path, cache: Cache) -> Iterator[Callable[[str], StartReplica]]:
    """Start replicas that fetch from the hub at an endpoint."""
    with ExitStack() as stack:
        yield lambda endpoint: stack.enter_context(replicas(tmp_path, cache, endpoint))
