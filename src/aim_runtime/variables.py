"""The table of environment variables: name, meaning, allowed values, default.

`settings.py` parses by it and the reference page is generated from it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from aim_runtime.vocabulary import AcceleratorType, AdapterMode, LoadStrategy, Metric, OnFailure, Precision

DEFAULT_CACHE_PATH = "/workspace/model-cache"
DEFAULT_PROFILES_PATH = "/workspace/aim-runtime/profiles"
DEFAULT_HOST_ROOT = "/"
DEFAULT_HUB_ENDPOINT = "https://huggingface.co"
DEFAULT_PORT = 8000
DEFAULT_MANAGEMENT_PORT = 8001
# vLLM's own.
DEFAULT_MASTER_PORT = 29501
DEFAULT_MANAGEMENT_HOST = "127.0.0.1"
DEFAULT_DRAIN_S = 60.0
DEFAULT_STALL_S = 60.0
DEFAULT_TERMINATION_LOG = "/dev/termination-log"
RECORDS_IN_CACHE = ".aim/runs"
DEFAULT_RECORD_PATH = f"$AIM_CACHE_PATH/{RECORDS_IN_CACHE}"
DEFAULT_ADAPTER_SOURCE = "/workspace/cache/adapters"
LORA_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
LOG_FORMATS = ("text", "json")


@dataclass(frozen=True)
class Variable:
    """One environment variable. `allowed` is words for people; `aliases` are read when it is unset."""

    name: str
    meaning: str
    allowed: str
    default: str = ""
    aliases: tuple[str, ...] = ()


def _words(values: Iterable[StrEnum], *more: str) -> str:
    return ", ".join([*more, *values])


VARIABLES: tuple[Variable, ...] = (
    Variable("AIM_ID", "the AIM: selects the profiles made for this model", "org/model"),
    Variable(
        "AIM_MODEL_ID",
        "the weights to serve; with AIM_ID set, AIM_ID selects the profiles and this names the weights",
        "a model reference: hf://org/model[@revision], org/model, s3://bucket/prefix, gs://…, az://…, "
        "oci://registry/repository[:tag], modelscope://org/model, https://…, pypi://…, file:///folder",
    ),
    Variable("AIM_PROFILE_ID", "one profile, bypassing selection", "a profile id, see list-profiles -v"),
    Variable("AIM_PRECISION", "precision of the weights", _words(Precision, "auto"), "auto"),
    Variable("AIM_METRIC", "what the service is tuned for", _words(Metric), "latency"),
    Variable(
        "AIM_SLO",
        "the service level that is wanted: of the profiles that are right, one whose evidence meets it is "
        "taken first; while AIM_METRIC is unset, of either metric",
        "limits parted by commas, of ttft, tpot, itl or e2e at p50, p90 or p99 in milliseconds, and the "
        "clients at the same time: ttft_p90_ms<=500,tpot_p90_ms<=50,clients>=8",
    ),
    Variable("AIM_ENGINE", "the inference engine", "vllm", "vllm"),
    Variable(
        "AIM_ENGINE_PYTHON",
        "the Python that has the engine, where it is not in this program's own environment",
        "a Python to run: a path, or a name that is on PATH",
    ),
    Variable("AIM_ACCELERATOR_TYPE", "what computes", _words(AcceleratorType, "auto"), "auto"),
    Variable(
        "AIM_ACCELERATOR_MODEL",
        "plan for this accelerator instead of looking for one",
        "a model name or PCI id, for example MI300X, 0x74a1 or EPYC_ZEN5",
        "auto",
        ("AIM_GPU_MODEL",),
    ),
    Variable(
        "AIM_ACCELERATOR_COUNT",
        "how many accelerators to use, exactly",
        "auto or a number from 1",
        "auto",
        ("AIM_GPU_COUNT",),
    ),
    Variable(
        "AIM_NODES",
        "how many machines serve the model together, each with the accelerators of the profile; where it is "
        "not set, LeaderWorkerSet's variables are read",
        "a number from 1",
        "1",
        ("LWS_GROUP_SIZE",),
    ),
    Variable(
        "AIM_NODE_RANK",
        "which of several machines this is; 0 leads, and it alone answers requests",
        "a number from 0",
        aliases=("LWS_WORKER_INDEX",),
    ),
    Variable(
        "AIM_MASTER_ADDR",
        "where several machines meet: the address of the one with rank 0",
        "a host name or an IP address, without a port",
        aliases=("LWS_LEADER_ADDRESS",),
    ),
    Variable(
        "AIM_MASTER_PORT",
        "port at that address, the same on all machines",
        "a number from 1 to 65535",
        str(DEFAULT_MASTER_PORT),
    ),
    Variable(
        "AIM_ALLOW_GENERAL_PROFILE_FALLBACK",
        "take a general profile when none was made for the model",
        "true, false",
        "true",
    ),
    Variable(
        "AIM_ALLOW_UNOPTIMIZED", "as a last resort, take an unoptimized profile", "true, false", "false"
    ),
    Variable(
        "AIM_ENGINE_ARGS",
        "engine arguments that replace the profile's",
        'a JSON object, for example {"max-model-len": 8192}',
        "{}",
    ),
    Variable(
        "AIM_HOST_ROOT",
        "look at the machine below this folder: a host's root mounted in a container, or a saved tree",
        "a folder with /sys, /proc and /dev in it",
        DEFAULT_HOST_ROOT,
    ),
    Variable("AIM_CACHE_PATH", "where weights are kept", "a folder", DEFAULT_CACHE_PATH),
    Variable("AIM_LOAD_STRATEGY", "how the engine reads the weights", _words(LoadStrategy, "auto"), "auto"),
    Variable(
        "AIM_PROFILES_PATH",
        "a folder of profiles that comes before the shipped ones",
        "a folder with custom/, general/ and org/model/ in it",
        DEFAULT_PROFILES_PATH,
    ),
    Variable("AIM_CUSTOM_MODEL_NAME", "serve and cache the weights under this name", "org/model"),
    Variable(
        "AIM_PORT",
        "port of the engine; a Kubernetes service link (tcp://…) is ignored",
        "a number from 1 to 65535",
        str(DEFAULT_PORT),
    ),
    Variable(
        "AIM_MANAGEMENT_PORT",
        "port of the status page, health, metadata and metrics, which answers from the first second; "
        "empty is none",
        "a number from 1 to 65535, or empty",
        str(DEFAULT_MANAGEMENT_PORT),
    ),
    Variable(
        "AIM_MANAGEMENT_HOST",
        "address that the management port listens on; 0.0.0.0 where others may look",
        "an address of this machine",
        DEFAULT_MANAGEMENT_HOST,
    ),
    Variable(
        "AIM_DRAIN_SECONDS",
        "how long a stop waits for requests in flight",
        "seconds from 0",
        f"{DEFAULT_DRAIN_S:g}",
    ),
    Variable(
        "AIM_STALL_SECONDS",
        "how long requests may be queued without a token before the service is not ready; twice as long, "
        "and it is not live",
        "seconds from 1",
        f"{DEFAULT_STALL_S:g}",
    ),
    Variable(
        "AIM_READY_SECONDS", "how long the engine may take to be ready; 0: no limit", "seconds from 0", "0"
    ),
    Variable(
        "AIM_ON_FAILURE",
        "what to do when the engine fails to start: end, try once more, or take the next profile in rank",
        _words(OnFailure),
        OnFailure.STOP,
    ),
    Variable(
        "AIM_TERMINATION_LOG",
        "file that the reason of a failure is written to, where it exists, as Kubernetes makes it",
        "a file",
        DEFAULT_TERMINATION_LOG,
    ),
    Variable(
        "AIM_RECORD_PATH",
        "where serve writes its run record: a file that ends with .json, or a folder that keeps the newest; "
        "empty is none",
        "a file, a folder, or empty",
        DEFAULT_RECORD_PATH,
    ),
    Variable(
        "AIM_ADAPTER_SOURCE",
        "LoRA adapters: a folder with one folder for each, named as the adapter",
        "a folder",
        DEFAULT_ADAPTER_SOURCE,
    ),
    Variable(
        "AIM_ADAPTER_MODE",
        "static: the adapters that are there at the start; dynamic: the folder is watched",
        _words(AdapterMode),
        AdapterMode.STATIC,
    ),
    Variable("AIM_ADAPTER_REFRESH_INTERVAL", "time between two looks at the folder", "seconds from 5", "30"),
    Variable("AIM_ADAPTER_MAX_COUNT", "adapters on the accelerator at once", "a number from 1", "8"),
    Variable(
        "AIM_ADAPTER_MAX_CPU_COUNT", "adapters in memory at once, at least as many", "a number from 1", "16"
    ),
    Variable(
        "AIM_ADAPTER_MAX_RANK",
        "largest rank of an adapter",
        ", ".join(map(str, LORA_RANKS)),
        "32",
    ),
    Variable("AIM_LOG_LEVEL", "level of this program's log", ", ".join(LOG_LEVELS), "INFO"),
    Variable(
        "AIM_LOG_LEVEL_ROOT",
        "level of everything else, the engine included; unset: INFO for the engine, WARNING for the rest",
        ", ".join(LOG_LEVELS),
    ),
    Variable("AIM_LOG_FORMAT", "format of the log and of errors", ", ".join(LOG_FORMATS), "text"),
    Variable(
        "HF_TOKEN", "token for gated models on the Hugging Face hub", "a token; HF_TOKEN_FILE names a file"
    ),
    Variable("HF_ENDPOINT", "address of the Hugging Face hub or a mirror", "a URL", DEFAULT_HUB_ENDPOINT),
    Variable(
        "HF_HOME",
        "the Hugging Face folder: models in its hub/ are served from there, and a saved token is found",
        "a folder",
    ),
    Variable(
        "HF_HUB_CACHE", "where the Hugging Face hub's own client keeps models, to serve them", "a folder"
    ),
)
# Read from NAME_FILE too, so that no secret needs to be in the environment of a container's definition.
SECRETS: tuple[str, ...] = (
    *("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "MODELSCOPE_API_TOKEN"),
    *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
    *("GOOGLE_SERVICE_ACCOUNT_KEY", "GOOGLE_BEARER_TOKEN"),
    *("AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_ACCESS_KEY", "AZURE_STORAGE_MASTER_KEY"),
    *("AZURE_STORAGE_KEY", "AZURE_STORAGE_CONNECTION_STRING"),
    *("AZURE_STORAGE_SAS_KEY", "AZURE_STORAGE_SAS_TOKEN", "AZURE_STORAGE_TOKEN"),
    *("AZURE_STORAGE_CLIENT_SECRET", "AZURE_CLIENT_SECRET"),
    "VLLM_API_KEY",
)
# Engine arguments, in their dashed spelling, whose values are shown nowhere, and the variables of the
# engine's environment that they become.
SECRET_ARGUMENTS: dict[str, str] = {"api-key": "VLLM_API_KEY", "hf-token": "HF_TOKEN"}
# Names that AIM images, charts and operators set. No setting is made of them; `evaluate` alone reads
# AIM_EVAL_BACKEND_COMMAND, and nothing the others.
IGNORED: frozenset[str] = frozenset(
    [
        "AIM_ACCELERATOR_FAMILY",
        "AIM_BASE_IMAGE_REF",
        "AIM_CONFIG_PATH",
        "AIM_EVAL_BACKEND_COMMAND",
        "AIM_MODEL",
        "AIM_UPSTREAM_IMAGE_REF",
        "AIM_VLLM_MODEL",
    ]
)
