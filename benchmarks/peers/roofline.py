"""How fast this machine reads memory, and how fast a model could at most write alone because of that."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

LEVEL_3 = Path("/sys/devices/system/cpu/cpu0/cache/index3/size")
SECONDS_EACH = 1.5


def level_3_bytes() -> int:
    """The last cache before memory; 32 MiB where the machine does not tell."""
    try:
        size = re.match(r"(\d+)K", LEVEL_3.read_text())
    except OSError:
        size = None
    return int(size[1]) * 1024 if size else 32 << 20


def bandwidth() -> dict[str, float]:
    """Bytes a second that all cores together read, from memory and from the last cache."""
    cache = level_3_bytes()
    return {"memory_bytes_per_s": read_speed(16 * cache), "level_3_bytes_per_s": read_speed(cache // 2)}


def read_speed(size_bytes: int) -> float:
    """The best of many reads of a buffer, in two ways: a ceiling is not what a disturbed read reached."""
    import numpy
    import torch

    cores = len(os.sched_getaffinity(0))
    torch.set_num_threads(cores)
    numbers = numpy.ones(size_bytes // 8, dtype=numpy.int64)
    parts = numpy.array_split(numbers, cores)
    floats = torch.from_numpy(numbers).view(torch.float32)
    with ThreadPoolExecutor(cores) as threads:
        ways: tuple[Callable[[], object], ...] = (lambda: list(threads.map(numpy.max, parts)), floats.sum)
        return max(size_bytes / best_s(way) for way in ways)


def best_s(read: Callable[[], object]) -> float:
    best, end = float("inf"), time.perf_counter() + SECONDS_EACH
    while time.perf_counter() < end:
        began = time.perf_counter()
        read()
        best = min(best, time.perf_counter() - began)
    return best


def weight_bytes(path: Path) -> int:
    """What is read for every token that is written alone: the weights in a file, less its header.

    For the models here that is every tensor once. The table of embeddings is the output layer too, so
    it is read as a whole.
    """
    if path.suffix == ".gguf":
        from gguf import GGUFReader

        return sum(int(tensor.n_bytes) for tensor in GGUFReader(path).tensors)
    with path.open("rb") as file:
        return path.stat().st_size - 8 - int.from_bytes(file.read(8), "little")
