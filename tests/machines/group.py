"""A real control group with little memory, below that of this process."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from aim_runtime.hardware.cgroup_paths import V2, groups


@contextmanager
def small_group(limit_bytes: int) -> Iterator[Path]:
    """The folder of the group; a process enters it by writing its id to `cgroup.procs`."""
    for controller, limit in (("memory", "memory.limit_in_bytes"), (V2, "memory.max")):
        for own in groups(Path("/"), controller)[:1]:
            group = own / f"aim-test-{uuid.uuid4().hex}"
            try:
                group.mkdir()
                (group / limit).write_text(str(limit_bytes))
            except OSError:
                with suppress(OSError):
                    group.rmdir()
                continue
            try:
                yield group
            finally:
                group.rmdir()
            return
    pytest.skip("no control group can be made here")
