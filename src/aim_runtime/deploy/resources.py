"""How much of a machine one replica is given: cores, memory, shared memory, disk."""

from __future__ import annotations

from dataclasses import dataclass

from aim_runtime.deploy import origins
from aim_runtime.plan import Plan
from aim_runtime.profiles.fit import Fit

GIB = 1024**3
# As AMD's operator gives to every GPU (aim-engine, defaultResourceRequirementsForGPU).
CPUS_PER_GPU, MEMORY_PER_GPU, MEMORY_LIMIT_PER_GPU = 4, 32 * GIB, 48 * GIB
# Tensor parallel ranks exchange through /dev/shm: the operator's 8 GiB for one, more for several.
SHM_BYTES = {1: 8 * GIB, 2: 16 * GIB, 4: 16 * GIB, 8: 32 * GIB}
CPU_SHM_BYTES = 2 * GIB
# Beside the weights: what is compiled, records, small files.
BESIDE_WEIGHTS_BYTES = 10 * GIB
UNKNOWN_WEIGHTS_BYTES = 100 * GIB
# What the arithmetic of the engine leaves out on a CPU: the libraries, the API process, a compiler at work.
# docs/performance.md: 3.9 to 4.5 GB at the peak for 0.25 GiB of weights and 2 GiB of KV cache.
CPU_RUNTIME_BYTES = 2 * GIB
# Every core that decodes reads all weights for each token: cores for small models, memory for large ones.
CPU_CORES, CPU_BYTES_PER_CORE = (2, 16), GIB
# A fetch keeps little; a conversion has the model in memory, as it is read and as it is written.
FETCH_MEMORY_BYTES = 4 * GIB


@dataclass(frozen=True)
class Resources:
    """What one replica is given: CPU cores, memory requested and at most, /dev/shm, disk for the cache.

    `fetch_bytes` is the memory of a process that only fetches the weights.
    """

    cpus: int
    memory_bytes: int
    memory_limit_bytes: int
    shm_bytes: int
    cache_bytes: int
    fetch_bytes: int = FETCH_MEMORY_BYTES


def weights_bytes(plan: Plan) -> int | None:
    """The size of the weights on disk, of all shards together; None when not known."""
    model = plan.selection.verdict.model
    return plan.location.size_bytes or (model.weights_bytes if model else None)


def resources(plan: Plan, gpus: int) -> Resources:
    """What a replica with so many GPUs is given; without one, the CPU computes."""
    weights = weights_bytes(plan) or UNKNOWN_WEIGHTS_BYTES
    sources = plan.location.sources
    copies = 2.1 if origins.doubled(sources) else 1.1
    cache = _whole_gib(round(weights * copies)) + BESIDE_WEIGHTS_BYTES
    fetch = FETCH_MEMORY_BYTES
    if origins.converted(sources):
        fetch += _whole_gib(2 * weights)
    if gpus:
        shm = next((SHM_BYTES[count] for count in sorted(SHM_BYTES) if count >= gpus), SHM_BYTES[8])
        moved = _moved_to_the_host(plan, gpus)
        memory = max(MEMORY_PER_GPU * gpus, fetch) + moved
        # /dev/shm counts against the limit of the container.
        limit = max(MEMORY_LIMIT_PER_GPU * gpus + moved, shm + memory)
        return Resources(CPUS_PER_GPU * gpus, memory, limit, shm, cache, fetch)
    found = plan.selection.verdict.fit
    engine = found.needs_bytes if isinstance(found, Fit) else weights * 2
    memory = max(_whole_gib(engine + CPU_RUNTIME_BYTES), fetch)
    fewest, most = CPU_CORES
    cores = min(most, max(fewest, weights // CPU_BYTES_PER_CORE))
    return Resources(cores, memory, memory + CPU_SHM_BYTES, CPU_SHM_BYTES, cache, fetch)


def _moved_to_the_host(plan: Plan, gpus: int) -> int:
    """What arguments move from the accelerators to the machine's memory: weights of each, KV cache of all."""
    said = {each.key: each.value for each in plan.launch.arguments}
    weights, cache = (_number(said.get(key)) for key in ("cpu-offload-gb", "kv-offloading-size"))
    return _whole_gib(round((weights * gpus + cache) * GIB))


def _number(value: object) -> float:
    try:
        return float(str(value))
    except ValueError:
        return 0.0


def _whole_gib(size: int) -> int:
    return -(-size // GIB) * GIB
