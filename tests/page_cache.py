"""Take files out of the kernel's page cache, so that reading them is reading the disk."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aim_runtime.models.page_cache import resident_share


def drop(*paths: Path) -> None:
    """Skips the test where the file system keeps them in memory whatever it is asked for."""
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(descriptor)
        if (resident_share(path) or 0.0) > 0.1:
            pytest.skip("this file system keeps what is written in memory")
