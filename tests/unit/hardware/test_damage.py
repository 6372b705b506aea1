"""Whatever is in the kernel's files: detection answers, and invents nothing."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aim_runtime.hardware import detect
from aim_runtime.hardware.features import labels
from aim_runtime.hardware.health import examine
from aim_runtime.vocabulary import AcceleratorType
from machines import damage
from machines.files import scratch

Tree = Callable[[str], Path]
# Small enough to be damaged hundreds of times: one of each kind of answer.
NAMES = (
    *("8 MI300X SPX", "one CPX slice of 64", "4 MI300A TPX", "W7900 beside an iGPU", "Strix Halo"),
    *("1 MI300X VF with modes", "8 MI300X, two busy", "8 MI300X without a driver", "no GPU"),
)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), times=st.integers(1, 60))
def test_detection_never_fails_and_never_invents_a_device(
    name: str, seed: int, times: int, tree: Tree
) -> None:
    whole = detect(None, None, None, root=tree(name))
    with scratch() as folder:
        root = folder / "root"
        shutil.copytree(tree(name), root, symlinks=True)
        done = damage(root, random.Random(seed), times)
        found = detect(None, None, None, root=root)
        examine(root, found.gpus)
        labels(found, tuple(AcceleratorType))
    assert len(found.gpus) <= len(whole.gpus), done
    assert {gpu.gpu.node for gpu in found.gpus if gpu.gpu} <= {gpu.gpu.node for gpu in whole.gpus if gpu.gpu}
    assert [gpu.index for gpu in found.gpus] == list(range(len(found.gpus)))
    for device in (*found.gpus, found.cpu):
        free, total = device.free_bytes, device.memory_bytes
        assert total is None or 0 < total < 2**64, done
        assert free is None or free >= 0, done
    assert found.cpu.cores >= 1
