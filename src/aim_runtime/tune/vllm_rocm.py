"""What to vary of vLLM on AMD GPUs, and why.

Sources: AMD's guide "vLLM V1 performance optimization", vLLM's recipes and InferenceMAX configurations, and
vLLM 0.32 (envs.py, v1/attention/backends). None of it was measured here: that is what the search is for.
"""

from __future__ import annotations

from aim_runtime.engines.vllm_environment import AITER
from aim_runtime.hardware.accelerator import Accelerator
from aim_runtime.tune.space import Configuration, Kind, Knob, Seed, Space, Value

_AITER, _MHA = "VLLM_ROCM_USE_AITER", "VLLM_ROCM_USE_AITER_MHA"
_BACKEND, _EAGER = "attention-backend", "enforce-eager"
_REDUCE = "VLLM_ROCM_QUICK_REDUCE_QUANTIZATION"
_TOKENS, _SEQUENCES = "max-num-batched-tokens", "max-num-seqs"
_MODE, _GRAPHS = "performance-mode", "compilation-config.cudagraph_mode"


def space(device: Accelerator, count: int) -> Space:
    """The space for `count` GPUs like `device`."""
    kernels = device.gpu is not None and device.gpu.architecture in AITER
    knobs = (
        *(_aiter() if kernels else ()),
        Knob(
            _BACKEND,
            Kind.ARGUMENT,
            (None, "ROCM_ATTN", "TRITON_ATTN", *(("ROCM_AITER_FA",) if kernels else ())),
            "which kernels compute attention: the best depends on heads, context and batch",
        ),
        Knob(
            _TOKENS,
            Kind.ARGUMENT,
            (None, 2048, 4096, 16384, 32768),
            "tokens of a step: AMD advises up to 16k for a short time to first token, 32k and more for "
            "throughput",
        ),
        Knob(
            _SEQUENCES,
            Kind.ARGUMENT,
            (None, 128, 256, 512, 2048),
            "requests of a step: fewer for big models, more for throughput; 1024 by default",
        ),
        Knob(
            _GRAPHS,
            Kind.ARGUMENT,
            (None, "FULL", "PIECEWISE", "FULL_DECODE_ONLY"),
            "what is captured as a graph: whole steps are quickest, pieces go with every attention backend",
            applies=lambda others: not others.get(_EAGER),
            when="where graphs are captured",
        ),
        Knob(
            _MODE,
            Kind.ARGUMENT,
            (None, "interactivity", "throughput"),
            "vLLM's own choice of defaults for short answers or for many",
        ),
        Knob(
            "async-scheduling",
            Kind.ARGUMENT,
            (None, False),
            "the next step is planned while one runs: AMD advises it for throughput, not for latency",
        ),
        *(_reduction() if count > 1 else ()),
        Knob(
            "kv-cache-dtype",
            Kind.ARGUMENT,
            (None, "fp8"),
            "half the memory for each token, so more requests at once; the check of answers guards it",
        ),
        Knob(
            "block-size",
            Kind.ARGUMENT,
            (None, 32, 64),
            "tokens of a block of the KV cache: AITER's unified attention is made for 64",
        ),
        Knob(
            "TORCH_BLAS_PREFER_HIPBLASLT",
            Kind.VARIABLE,
            (None, "1"),
            "hipBLASLt for what vLLM leaves to torch",
        ),
        Knob(
            _EAGER,
            Kind.ARGUMENT,
            (None, True),
            "true compiles and captures nothing: a faster start, and slower steps",
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
            (None, 2, 4),
            "processes that read requests and write answers: one may be too slow for fast GPUs",
        ),
        *_PRICED,
    )
    held = {"dtype", "max-model-len", "gpu-memory-utilization", "quantization", "VLLM_DO_NOT_TRACK"}
    return Space(knobs, frozenset(held), _seeds(kernels))


def _on(others: Configuration) -> bool:
    return others.get(_AITER) == "1"


def _aiter() -> tuple[Knob, ...]:
    part = "where AITER is on"
    return (
        Knob(
            _AITER,
            Kind.VARIABLE,
            (None, "1"),
            "AMD's kernels for this architecture: off by default, and AMD's advice for the MI300 and MI350",
        ),
        Knob(
            _MHA,
            Kind.VARIABLE,
            (None, "0"),
            "0 for short prompts, where AITER's attention of many heads does not pay",
            applies=_on,
            when=part,
        ),
        Knob(
            "VLLM_ROCM_USE_AITER_UNIFIED_ATTENTION",
            Kind.VARIABLE,
            (None, "1"),
            "one kernel for prompts and answers: in the recipes of gpt-oss",
            applies=lambda others: _on(others) and others.get(_MHA) == "0",
            when="where AITER is on and its MHA is off",
        ),
        Knob(
            "VLLM_ROCM_USE_AITER_TRITON_ROPE",
            Kind.VARIABLE,
            (None, "1"),
            "positions by a Triton kernel of AITER",
            applies=_on,
            when=part,
        ),
    )


def _reduction() -> tuple[Knob, ...]:
    return (
        Knob(
            _REDUCE,
            Kind.VARIABLE,
            (None, "FP", "INT8", "INT6", "INT4"),
            "smaller sums between GPUs: AMD advises INT4 for throughput; the check of answers guards it",
        ),
        Knob(
            "NCCL_MIN_NCHANNELS",
            Kind.VARIABLE,
            (None, "112"),
            "channels of the collectives: AMD's figure for the MI300X",
        ),
    )


# At a price that no measurement here shows: only for who asks for them.
_PRICED = (
    Knob(
        "disable-log-stats",
        Kind.ARGUMENT,
        (None, True),
        "no statistics are kept for each step",
        price="the engine's metrics are empty, and the watchdog cannot see that it stands still",
    ),
    Knob(
        "gpu-memory-utilization",
        Kind.ARGUMENT,
        (None, 0.85, 0.9, 0.95),
        "a larger share leaves more for the KV cache",
        price="what others need of the memory is not seen by a search",
    ),
)


def _seeds(kernels: bool) -> tuple[Seed, ...]:
    many: dict[str, Value] = {_TOKENS: 32768, _MODE: "throughput"}
    found = [Seed(many, "large steps: AMD's advice for throughput")]
    if kernels:
        found.insert(0, Seed({_AITER: "1"}, "AMD's kernels and nothing else"))
        found.append(Seed({_AITER: "1", **many}, "AMD's kernels and large steps"))
    return tuple(found)
