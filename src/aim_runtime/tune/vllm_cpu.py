"""What to vary of vLLM on a CPU, and why.

Sources: vLLM 0.32 (platforms/cpu.py, envs.py, engine/arg_utils.py), and what was measured for the profiles of
the catalogue. Not here: async-scheduling, which the CPU platform switches off whatever is asked for.
"""

from __future__ import annotations

from aim_runtime.hardware.accelerator import Accelerator
from aim_runtime.tune.space import Configuration, Kind, Knob, Seed, Space, Value
from aim_runtime.vocabulary import Precision

_EAGER, _BIND, _SPIN = "enforce-eager", "VLLM_CPU_OMP_THREADS_BIND", "GOMP_SPINCOUNT"
_ONE_PROCESS, _AOT = "VLLM_ENABLE_V1_MULTIPROCESSING", "VLLM_USE_AOT_COMPILE"
_TOKENS, _SPACE, _BLOCK = "max-num-batched-tokens", "VLLM_CPU_KVCACHE_SPACE", "block-size"
_PAGES = "THP_MEM_ALLOC_ENABLE"
_QUANTIZATION, _RUST = "quantization", "VLLM_USE_RUST_FRONTEND"
_BF16 = ("avx512_bf16", "amx_bf16")


def space(device: Accelerator, count: int) -> Space:
    """The space for the cores of `device`; `count` of a CPU says nothing."""
    cores = device.cores
    fewer_bits = _quantization(device)
    knobs = (
        Knob(
            _ONE_PROCESS,
            Kind.VARIABLE,
            (None, "0"),
            "0 puts the worker into the process of the engine's core: on few cores two of them fight",
        ),
        Knob(
            _EAGER,
            Kind.ARGUMENT,
            (None, True),
            "true compiles nothing: a start that is several times faster, and a step that is somewhat slower",
        ),
        Knob(
            _AOT,
            Kind.VARIABLE,
            (None, "0"),
            "0 keeps what Inductor compiled instead of an artifact that this engine may fail to load again",
            applies=_compiled,
            when="where the model is compiled",
        ),
        Knob(
            _TOKENS,
            Kind.ARGUMENT,
            (None, 512, 1024, 4096, 8192),
            "tokens of a step: more of them take prompts in sooner, fewer let running answers wait less; the "
            "start profiles a step of this size",
        ),
        Knob(
            "max-num-seqs",
            Kind.ARGUMENT,
            (None, 16, 32, 64, 256),
            "requests of a step: each makes the step longer for the others; those beyond it wait",
        ),
        Knob(
            "performance-mode",
            Kind.ARGUMENT,
            (None, "interactivity", "throughput"),
            "vLLM's own choice of defaults for short answers or for many",
        ),
        *_threads(cores),
        Knob(
            _BLOCK,
            Kind.ARGUMENT,
            (None, 32, 64, 256),
            "tokens of a block of the KV cache: attention walks over whole blocks (128 by default)",
        ),
        Knob(
            _SPACE,
            Kind.VARIABLE,
            ("1", "2", "4", "8", "16"),
            "GiB for the KV cache: with too little of it requests are put off; all of it is taken from the "
            "machine's memory",
        ),
        # torch's allocator (c10/core/impl/alloc_cpu.cpp): it calls madvise, which nothing follows where Linux
        # has /sys/kernel/mm/transparent_hugepage/enabled at never, and which changes nothing at always.
        Knob(
            _PAGES,
            Kind.VARIABLE,
            (None, "1"),
            "1 asks for pages of 2 MiB for tensors of that size and more: each step reads all weights, and "
            "through pages of 4 KiB it waits for their addresses too",
        ),
        Knob(
            "VLLM_CPU_ATTN_SPLIT_KV",
            Kind.VARIABLE,
            (None, "0"),
            "0 keeps a request's attention on one thread: less to put together where there are many",
        ),
        Knob(
            "disable-uvicorn-access-log",
            Kind.ARGUMENT,
            (None, True),
            "a line for each request is work for the process that answers them all",
        ),
        Knob(
            "api-server-count",
            Kind.ARGUMENT,
            (None, 2),
            "processes that read requests and write answers: one may be too slow for a fast engine",
            applies=lambda others: _ONE_PROCESS not in others and cores > 2,
            when="where the engine's core has its own process, and on more than two cores",
        ),
        _dtype(device),
        *fewer_bits,
        *_PRICED,
    )
    seeds = (*_SEEDS, _OF_8_BITS) if fewer_bits else _SEEDS
    return Space(knobs, frozenset({"dtype", "max-model-len", _SPACE, "VLLM_DO_NOT_TRACK"}), seeds)


def _compiled(others: Configuration) -> bool:
    return not others.get(_EAGER)


def _threads(cores: int) -> tuple[Knob, ...]:
    # libgomp: 300,000 turns of a loop by default, which is milliseconds (GCC, libgomp/env.c: GOMP_SPINCOUNT).
    fewer: tuple[Value, ...] = (None, *([str(cores - 1)] if cores > 1 else []))
    return (
        Knob(
            _BIND,
            Kind.VARIABLE,
            (None, "nobind"),
            "nobind lets the system move threads: better where cores are shared with other work",
        ),
        Knob(
            "VLLM_CPU_NUM_OF_RESERVED_CPU",
            Kind.VARIABLE,
            (None, "0", "1"),
            "cores that are kept from the engine's threads for the process that answers requests: by default "
            "one on x86, which of two cores is half, and none with one process",
            applies=lambda others: _BIND not in others and cores > 1,
            when="where threads are bound, and on more than one core",
        ),
        Knob(
            "OMP_NUM_THREADS",
            Kind.VARIABLE,
            fewer,
            "one thread fewer than there are cores leaves one for the process that answers requests",
            applies=lambda others: others.get(_BIND) == "nobind" and cores > 1,
            when="where threads are not bound, and on more than one core",
        ),
        Knob(
            _SPIN,
            Kind.VARIABLE,
            (None, "1000", "10000"),
            "how long a thread spins for the others before it sleeps: where requests are answered on these "
            "cores, one that spins keeps the thread that it waits for from running",
            applies=lambda others: cores > 1,
            when="on more than one core",
        ),
    )


def _dtype(device: Accelerator) -> Knob:
    features = device.processor.features if device.processor else ()
    quick = any(feature in features for feature in _BF16)
    return Knob(
        "dtype",
        Kind.ARGUMENT,
        ("bfloat16", "float32"),
        "without instructions for bfloat16 each product is computed in float32 anyway, after a conversion",
        price="float32 takes twice the memory and is not the precision of the profile" if quick else "",
        precisions={"float32": Precision.FP32},
    )


def _quantization(device: Accelerator) -> tuple[Knob, ...]:
    # Its kernel for weights of 8 bits needs AMX (vllm/model_executor/kernels/linear/scaled_mm/cpu.py).
    if device.processor is None or "amx_tile" not in device.processor.features:
        return ()
    return (
        Knob(
            _QUANTIZATION,
            Kind.ARGUMENT,
            (None, "fp8_per_block"),
            "weights of 8 bits, made from those of 16 while they are loaded: each step reads little more "
            "than half, which is what a single client waits for",
            price="fewer bits are another model, a little: ask it by aim-runtime evaluate before and after",
            precisions={"fp8_per_block": Precision.FP8},
        ),
    )


# Worth something, at a price that no measurement here shows: only for who asks for them.
_PRICED = (
    Knob(
        _RUST,
        Kind.VARIABLE,
        (None, "1"),
        "1 has requests read and answers written by a program in Rust: on few cores the time that Python "
        "takes for it is the engine's",
        price="no /v1/responses, lists of prompts, n above 1, embeddings, adapters; needs vllm-rs",
    ),
    Knob(
        "disable-log-stats",
        Kind.ARGUMENT,
        (None, True),
        "no statistics are kept for each step",
        price="the engine's metrics are empty, and the watchdog cannot see that it stands still",
    ),
    Knob(
        "enable-prefix-caching",
        Kind.ARGUMENT,
        (None, False),
        "no hash is computed for each block",
        price="prompts that begin alike are computed again, and the load that measures has none such",
    ),
    Knob(
        "stream-interval",
        Kind.ARGUMENT,
        (None, 4),
        "so many tokens in a message: fewer messages to write",
        price="users see text in bursts",
    ),
)

_SEEDS = (
    Seed(
        {_ONE_PROCESS: "0", _AOT: "0", _PAGES: "1", _RUST: "1"},
        "one process, compiled, large pages, the front end in Rust: the most tokens to many clients",
    ),
    Seed(
        {_ONE_PROCESS: "0", _EAGER: True, _TOKENS: 1024},
        "one process and nothing compiled: the fastest start that is known",
    ),
    Seed(
        {_ONE_PROCESS: "0", _AOT: "0", _PAGES: "1"},
        "one process, compiled, large pages: the fastest answers that are known",
    ),
    Seed(
        {_ONE_PROCESS: "0", _AOT: "0", _PAGES: "1", _BLOCK: 32},
        "the same with small blocks: prompts that begin alike share more of the cache",
    ),
)
_OF_8_BITS = Seed(
    {_ONE_PROCESS: "0", _AOT: "0", _PAGES: "1", _QUANTIZATION: "fp8_per_block"},
    "one process, compiled, large pages, weights of 8 bits: the fastest answers to one client",
)
