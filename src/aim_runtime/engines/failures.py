"""The codes of all failures of an engine: what each means and what is done about it.

The page docs/reference/failures.md is made of this table. A code stays what it is: alerts and scripts
go by it. `transient` says whether the same start may well succeed: it is what AIM_ON_FAILURE=retry is for.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """One kind of failure."""

    code: str
    means: str
    remedy: str
    transient: bool = False


KINDS: dict[str, Kind] = {}


def _kind(name: str, means: str, remedy: str, *, transient: bool = False) -> Kind:
    kind = Kind(f"engine.{name}", means, remedy, transient)
    KINDS[kind.code] = kind
    return kind


# Memory
OUT_OF_MEMORY = _kind(
    "out_of_memory",
    "An allocation on a GPU failed.",
    "fewer requests at once, a smaller share for the KV cache, or more GPUs (`AIM_GPU_COUNT`)",
)
OUT_OF_HOST_MEMORY = _kind(
    "out_of_host_memory",
    "An allocation in the host's memory failed.",
    "a smaller KV cache, a smaller model, or more memory",
)
KILLED_FOR_MEMORY = _kind(
    "killed_for_memory",
    "The kernel killed the engine because the memory limit was reached.",
    "a higher limit (`docker run --memory`, `resources.limits.memory`), or less to keep in memory",
)
MEMORY_IN_USE = _kind(
    "memory_in_use",
    "Less memory is free than the engine is to take: something else holds it.",
    "end what holds it, or a lower `gpu-memory-utilization`",
    transient=True,
)
NO_KV_CACHE = _kind(
    "no_kv_cache",
    "The weights and the work space leave nothing for the KV cache.",
    "a higher `gpu-memory-utilization`, more GPUs, or a smaller precision",
)
KV_CACHE_TOO_SMALL = _kind(
    "kv_cache_too_small",
    "The KV cache has no room for one request of the full context.",
    "the `max-model-len` that the line names",
)
# Arguments
CONTEXT_TOO_LONG = _kind(
    "context_too_long",
    "`max-model-len` is more than the model can take.",
    "the limit that the line names, or no `max-model-len` at all",
)
ARGUMENT_REFUSED = _kind(
    "argument_refused",
    "The engine does not have an argument, or not with this value.",
    "correct it where the line says it came from",
)
SETTING_INVALID = _kind(
    "setting_invalid",
    "The engine read its arguments, and they make no sense together or for this model.",
    "correct the named setting where the line says it came from",
)
PARSER_MISSING = _kind(
    "parser_missing",
    "The tool or reasoning parser is not one of the engine's.",
    "one of the names that the line lists",
)
CHAT_TEMPLATE = _kind(
    "chat_template",
    "The chat template cannot be used.",
    "a path to a valid Jinja template in `chat-template`",
)
# The model
UNSUPPORTED_ARCHITECTURE = _kind(
    "unsupported_architecture",
    "The engine has no code for the model's architecture.",
    "another model, or a newer engine",
)
UNSUPPORTED_QUANTIZATION = _kind(
    "unsupported_quantization",
    "The engine cannot compute with weights that are quantized in this way, here.",
    "weights of another precision (`AIM_PRECISION`)",
)
UNSUPPORTED_DTYPE = _kind(
    "unsupported_dtype", "The device cannot compute with this data type.", "`dtype` float16 or float32"
)
REMOTE_CODE = _kind(
    "remote_code",
    "The model brings Python code of its own, which nobody allowed to run.",
    "read that code, then `trust-remote-code`",
)
MODULE_MISSING = _kind(
    "module_missing",
    "The engine's Python lacks a package.",
    "`pip install` of the package that the line names, in the engine's environment",
)
WEIGHTS_DAMAGED = _kind(
    "weights_damaged",
    "A file of the weights is cut short or is not what it should be.",
    "`aim-runtime cache verify`, which says which, and fetch them again",
)
WEIGHTS_DIFFER = _kind(
    "weights_differ",
    "The weights have other shapes or names than config.json says.",
    "weights and configuration of the same revision",
)
MODEL_INCOMPLETE = _kind(
    "model_incomplete",
    "The model's folder lacks something, such as the tokenizer.",
    "`aim-runtime cache verify`, and fetch it again",
)
ADAPTER_RANK = _kind(
    "adapter_rank", "A LoRA adapter has a higher rank than was allowed for.", "a higher `max-lora-rank`"
)
ADAPTER_UNUSABLE = _kind(
    "adapter_unusable",
    "A LoRA adapter is missing, incomplete or made for another model.",
    "the right folder, with adapter_config.json and adapter_model.safetensors",
)
# Where the engine fetches something itself
REPOSITORY_GATED = _kind(
    "repository_gated",
    "A repository wants a token, or accepted terms.",
    "accept its terms and set `HF_TOKEN`",
)
REPOSITORY_MISSING = _kind(
    "repository_missing", "The hub has no such repository, revision or file.", "the right name"
)
HUB_UNREACHABLE = _kind(
    "hub_unreachable",
    "The engine asks a hub for something that is not on disk, and cannot reach it.",
    "fetch it beforehand, or check the network and the proxy",
    transient=True,
)
# The machine
NO_GPU = _kind(
    "no_gpu",
    "The engine sees no accelerator.",
    "`--device /dev/kfd --device /dev/dri`; `aim-runtime doctor` says what is in the way",
)
TOO_FEW_GPUS = _kind(
    "too_few_gpus", "The engine sees fewer GPUs than it is to use.", "fewer in `AIM_GPU_COUNT`, or more GPUs"
)
DEVICE_CLOSED = _kind(
    "device_closed",
    "The engine may not open the GPU's device file.",
    "the number of its group in `--group-add` or `supplementalGroups`",
)
GPU_UNSUPPORTED = _kind(
    "gpu_unsupported",
    "The engine was built without code for this GPU.",
    "an engine that was built for it; never another name in `HSA_OVERRIDE_GFX_VERSION` on a service",
)
DRIVER_TOO_OLD = _kind("driver_too_old", "The GPU's driver is older than the engine needs.", "a newer driver")
KERNEL_MISSING = _kind(
    "kernel_missing",
    "The engine was built without an operation that the model needs on this device.",
    "another precision or another build of the engine",
)
GPU_CRASHED = _kind(
    "gpu_crashed",
    "A computation on the GPU went wrong: it touched memory that is not its own, or the GPU hung.",
    "AITER off (`VLLM_ROCM_USE_AITER=0`); if it comes again, `aim-runtime doctor` and the kernel's log",
    transient=True,
)
SHARED_MEMORY = _kind(
    "shared_memory", "/dev/shm is too small.", "`docker run --shm-size 16g`, or a memory volume at /dev/shm"
)
DISK_FULL = _kind("disk_full", "A disk is full.", "room at the path that the line names")
CACHE_NOT_WRITABLE = _kind(
    "cache_not_writable",
    "The file system is read-only where the engine keeps what it compiles or fetches.",
    "another folder in `AIM_CACHE_PATH` or `HOME`",
)
PERMISSION_DENIED = _kind(
    "permission_denied",
    "The engine's user may not open a file or a folder.",
    "give it to that user, or another folder in `AIM_CACHE_PATH` or `HOME`",
)
PORT_TAKEN = _kind("port_taken", "Another program listens on the port.", "another `AIM_PORT`")
OPEN_FILES = _kind(
    "open_files", "Too many files and connections are open.", "`--ulimit nofile=65535:65535`", transient=True
)
PINNED_MEMORY = _kind("pinned_memory", "The engine may not pin memory.", "`--ulimit memlock=-1`")
TOO_MANY_THREADS = _kind(
    "too_many_threads", "No more threads or processes may be started.", "`--pids-limit -1`, fewer threads"
)
NAMELESS_USER = _kind(
    "nameless_user", "The user id has no name, and a library asks for it.", "`USER` and `LOGNAME`"
)
# Processes
COLLECTIVE_TIMEOUT = _kind(
    "collective_timeout",
    "The GPUs waited for one another in vain.",
    "`NCCL_DEBUG=INFO` to see who; P2P off (`NCCL_P2P_DISABLE=1`) where the machine has no good path",
    transient=True,
)
COLLECTIVE_FAILED = _kind(
    "collective_failed",
    "RCCL or NCCL could not connect the GPUs.",
    "`NCCL_DEBUG=INFO` says why; often /dev/shm or the network interface",
)
ILLEGAL_INSTRUCTION = _kind(
    "illegal_instruction",
    "The CPU lacks an instruction that the engine was built with.",
    "a CPU with AVX-512, or a build of the engine for this CPU",
)
CRASHED = _kind(
    "crashed", "The engine's native code crashed.", "its lines above; report it with them", transient=True
)
KILLED = _kind(
    "killed", "Somebody or something ended the engine.", "look who sent the signal", transient=True
)
WORKER_DIED = _kind(
    "worker_died", "A worker process of the engine ended without a word.", "the kernel's log", transient=True
)
CORE_DIED = _kind(
    "core_died", "The engine's core process ended without a word.", "its lines above", transient=True
)
NEVER_READY = _kind(
    "never_ready",
    "The engine ran, and did not answer in the time that it had.",
    "more time (`AIM_READY_SECONDS`)",
    transient=True,
)
EXITED = _kind(
    "exited", "The engine ended, for none of the reasons above.", "its lines above", transient=True
)
