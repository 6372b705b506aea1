"""The words that more than one room uses, each with the spelling of the outside contract."""

from __future__ import annotations

from enum import StrEnum


def place(word: StrEnum) -> int:
    """The place of a word in the order in which its kind declares them: the lower, the better."""
    return list(type(word)).index(word)


class Precision(StrEnum):
    """Numeric format of the weights; declared in the order in which selection prefers them."""

    INT4 = "int4"
    INT8 = "int8"
    FP4 = "fp4"
    FP8 = "fp8"
    FP16 = "fp16"
    BF16 = "bf16"
    FP32 = "fp32"


class Metric(StrEnum):
    """What a profile is tuned for."""

    LATENCY = "latency"
    THROUGHPUT = "throughput"


class ProfileType(StrEnum):
    """How much work went into a profile; declared in the order in which selection prefers them."""

    OPTIMIZED = "optimized"
    PREVIEW = "preview"
    UNOPTIMIZED = "unoptimized"
    GENERAL = "general"


class AcceleratorType(StrEnum):
    """What computes."""

    GPU = "gpu"
    CPU = "cpu"


class Vendor(StrEnum):
    """Who made a GPU, by whose rules its runtime numbers and hides devices."""

    AMD = "amd"
    NVIDIA = "nvidia"


class Origin(StrEnum):
    """Which part of the catalogue a profile was read from; declared in search order."""

    CUSTOM_MODEL = "custom_model"
    CUSTOM_GENERAL = "custom_general"
    MODEL = "model"
    GENERAL = "general"


class State(StrEnum):
    """What selection thinks of a profile, as `list-profiles` prints it."""

    COMPATIBLE = "compatible"
    GPU_MISMATCH = "gpu_mismatch"
    PRECISION_MISMATCH = "precision_mismatch"
    MODEL_MISMATCH = "model_mismatch"
    ENGINE_MISMATCH = "engine_mismatch"
    METRIC_MISMATCH = "metric_mismatch"
    MEMORY_MISMATCH = "memory_mismatch"
    INVALID = "invalid"
    UNKNOWN = "unknown"


class Standing(StrEnum):
    """How a profile stands to a service level, by its evidence; declared in the order of preference."""

    MEETS = "meets"
    NO_EVIDENCE = "no_evidence"
    MISSES = "misses"


class LoadStrategy(StrEnum):
    """How the engine reads the weights; `default` is its own way."""

    DEFAULT = "default"
    PREFETCH = "prefetch"
    FASTSAFETENSORS = "fastsafetensors"
    RUNAI_STREAMER = "runai_streamer"


class Phase(StrEnum):
    """Where a service is between its start and its end; a start passes through some of them, in order."""

    SURVEYING = "surveying"
    DOWNLOADING = "downloading"
    VERIFYING = "verifying"
    STARTING = "starting the engine"
    LOADING = "loading weights"
    COMPILING = "compiling"
    CAPTURING = "capturing graphs"
    WARMING = "warming"
    READY = "ready"
    DRAINING = "draining"
    STOPPED = "stopped"
    FAILED = "failed"


class OnFailure(StrEnum):
    """What follows when the engine fails to start."""

    STOP = "stop"
    RETRY = "retry"
    NEXT_PROFILE = "next-profile"


class Feature(StrEnum):
    """What a profile allows beyond serving its model: LoRA adapters, of the start only or of any time."""

    ADAPTERS = "adapters"
    ADAPTERS_SCALE_ONLY = "adapters-scale-only"


class AdapterMode(StrEnum):
    """Which LoRA adapters are served: those of the start, or those that are there at the moment."""

    STATIC = "static"
    DYNAMIC = "dynamic"
