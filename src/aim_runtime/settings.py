"""ASK: what the user wants, parsed once from the environment into a frozen value.

The only module that knows what an `AIM_*` variable means.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from aim_runtime import parse, variables
from aim_runtime.errors import InvalidModelRef, InvalidValue, UnknownVariable, nearest
from aim_runtime.models.ref import ModelRef
from aim_runtime.nodes import Nodes, Said, nodes, require_together
from aim_runtime.slo import Slo
from aim_runtime.variables import VARIABLES
from aim_runtime.vocabulary import AcceleratorType, AdapterMode, LoadStrategy, Metric, OnFailure, Precision

_Value = TypeVar("_Value")
_Number = TypeVar("_Number", int, float)
# Kubernetes adds these for a service named `aim` or `aim-…` in the same namespace.
_SERVICE_LINK = re.compile(
    r"AIM_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_\w+)?)=.*|AIM_(\w+_)?PORT=tcp://.*"
)
# What reaches the engine from the environment and may contradict a profile's `env_vars`.
ENGINE_PREFIXES = (
    *("VLLM_", "HSA_", "HIP_", "ROCR_", "CUDA_", "NCCL_", "RCCL_"),
    *("OMP_", "GOMP_", "KMP_", "MKL_", "TORCH_", "PYTORCH_", "TORCHINDUCTOR_", "TRITON_", "MIOPEN_"),
)
# VLLM_API_KEY and its like: the engine inherits them, no value here keeps them.
SECRET_SUFFIXES = ("_KEY", "_TOKEN", "_SECRET", "_PASSWORD")


@dataclass(frozen=True)
class AdapterSettings:
    """LoRA adapters: the folder that has them, one folder each, and how many may be loaded at once.

    `refresh_s` between two looks at the folder, in dynamic mode; `max_count` on the accelerator,
    `max_cpu_count` in the machine's memory, at least as many; `asked` whether the user named the folder.
    """

    source: Path = Path(variables.DEFAULT_ADAPTER_SOURCE)
    mode: AdapterMode = AdapterMode.STATIC
    refresh_s: float = 30.0
    max_count: int = 8
    max_cpu_count: int = 16
    max_rank: int = 32
    asked: bool = False


@dataclass(frozen=True)
class Serving:
    """How the service is watched, told of and ended. Times in seconds; `management_port` 0 is none.

    `ready_s` is how long a start may take, 0 for as long as it takes; `record_path` the file or folder of
    the run record, None for none.
    """

    management_port: int = variables.DEFAULT_MANAGEMENT_PORT
    management_host: str = variables.DEFAULT_MANAGEMENT_HOST
    drain_s: float = variables.DEFAULT_DRAIN_S
    stall_s: float = variables.DEFAULT_STALL_S
    ready_s: float = 0.0
    on_failure: OnFailure = OnFailure.STOP
    termination_log: Path = Path(variables.DEFAULT_TERMINATION_LOG)
    record_path: Path | None = Path(variables.DEFAULT_CACHE_PATH) / variables.RECORDS_IN_CACHE


@dataclass(frozen=True)
class Settings:
    """Everything the user said, checked. None means "you choose".

    `any_metric`: no metric was asked for, and a service level was; it decides among profiles of either.
    `taken_arguments` names the secrets that were in `engine_args`: the environment has their values.
    """

    aim_id: str | None = None
    model_ref: ModelRef | None = None
    custom_model_name: str | None = None
    profile_id: str | None = None
    precision: Precision | None = None
    metric: Metric = Metric.LATENCY
    any_metric: bool = False
    slo: Slo | None = None
    engine: str = "vllm"
    engine_python: str | None = None
    accelerator_type: AcceleratorType | None = None
    accelerator_model: str | None = None
    accelerator_count: int | None = None
    allow_general_profile_fallback: bool = True
    allow_unoptimized: bool = False
    engine_args: Mapping[str, Any] = field(default_factory=dict)
    extra_args: tuple[str, ...] = ()
    host_root: Path = Path(variables.DEFAULT_HOST_ROOT)
    cache_path: Path = Path(variables.DEFAULT_CACHE_PATH)
    load_strategy: LoadStrategy | None = None
    hub_cache_path: Path | None = None
    profiles_path: Path = Path(variables.DEFAULT_PROFILES_PATH)
    port: int = variables.DEFAULT_PORT
    serving: Serving = Serving()
    adapters: AdapterSettings = AdapterSettings()
    nodes: Nodes | None = None
    log_level: str = "INFO"
    log_level_root: str | None = None
    log_format: str = "text"
    hub_endpoint: str = variables.DEFAULT_HUB_ENDPOINT
    token_present: bool = False
    key_present: bool = False
    taken_arguments: tuple[str, ...] = ()
    engine_environment: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def aim(self) -> str | None:
        """The AIM whose profiles are asked for: `AIM_ID`, or the model's own name."""
        return self.aim_id or self.custom_model_name or (self.model_ref.model_id if self.model_ref else None)

    @property
    def metrics(self) -> str:
        """What a profile may be tuned for, in words."""
        return " or ".join(Metric) if self.any_metric else self.metric

    @classmethod
    def from_env(cls, environ: Mapping[str, str], extra_args: tuple[str, ...] = ()) -> Settings:
        """Read `environ` (and the arguments after `--`), or raise a ConfigError naming the first mistake."""
        read = _Reader(environ)
        warnings = read.strangers()
        metric, slo = read.value("AIM_METRIC", parse.word(Metric)), read.value("AIM_SLO", parse.slo)
        port, serving = read.value("AIM_PORT", parse.port) or variables.DEFAULT_PORT, _serving(read)
        return cls(
            aim_id=read.value("AIM_ID", parse.model_name),
            model_ref=read.value("AIM_MODEL_ID", parse.model_ref),
            custom_model_name=read.value("AIM_CUSTOM_MODEL_NAME", parse.model_name),
            profile_id=read.value("AIM_PROFILE_ID", parse.text),
            precision=read.value("AIM_PRECISION", parse.word(Precision)),
            metric=metric or Metric.LATENCY,
            any_metric=metric is None and slo is not None,
            slo=slo,
            engine=read.value("AIM_ENGINE", parse.engine) or "vllm",
            engine_python=read.text("AIM_ENGINE_PYTHON"),
            accelerator_type=read.value("AIM_ACCELERATOR_TYPE", parse.word(AcceleratorType)),
            accelerator_model=read.value("AIM_ACCELERATOR_MODEL", parse.text_or_auto),
            accelerator_count=read.value("AIM_ACCELERATOR_COUNT", parse.count),
            allow_general_profile_fallback=read.boolean("AIM_ALLOW_GENERAL_PROFILE_FALLBACK", default=True),
            allow_unoptimized=read.boolean("AIM_ALLOW_UNOPTIMIZED", default=False),
            engine_args=read.value("AIM_ENGINE_ARGS", parse.json_object) or {},
            extra_args=extra_args,
            host_root=read.value("AIM_HOST_ROOT", parse.folder) or Path(variables.DEFAULT_HOST_ROOT),
            cache_path=read.path("AIM_CACHE_PATH"),
            load_strategy=read.value("AIM_LOAD_STRATEGY", parse.word(LoadStrategy)),
            hub_cache_path=_hub_cache(environ),
            profiles_path=read.path("AIM_PROFILES_PATH"),
            port=port,
            serving=serving,
            adapters=_adapters(read),
            nodes=_nodes(read, port, serving),
            log_level=read.value("AIM_LOG_LEVEL", parse.one_of(variables.LOG_LEVELS)) or "INFO",
            log_level_root=read.value("AIM_LOG_LEVEL_ROOT", parse.one_of(variables.LOG_LEVELS)),
            log_format=read.value("AIM_LOG_FORMAT", parse.one_of(variables.LOG_FORMATS)) or "text",
            hub_endpoint=read.value("HF_ENDPOINT", parse.url) or variables.DEFAULT_HUB_ENDPOINT,
            token_present=_has_token(environ),
            key_present=read.text("VLLM_API_KEY") is not None,
            engine_environment={
                name: value
                for name, value in sorted(environ.items())
                if name.startswith(ENGINE_PREFIXES) and not name.endswith(SECRET_SUFFIXES)
            },
            warnings=warnings,
        )


def expand_secret_files(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the secrets that `NAME_FILE` variables point to and `NAME` itself does not give.

    Raises InvalidValue when a named file cannot be read or is empty.
    """
    found = {}
    for name in variables.SECRETS:
        path = environ.get(f"{name}_FILE", "")
        if not path or environ.get(name):
            continue
        try:
            text = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "not text"
            raise InvalidValue(f"{name}_FILE={path} cannot be read: {reason}") from error
        if not text:
            raise InvalidValue(
                f"{name}_FILE={path} is an empty file", hint=f"write the secret for {name} into it"
            )
        found[name] = text
    return found


class _Reader:
    """The environment with the table of variables beside it; empty counts as unset."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._table = {variable.name: variable for variable in VARIABLES}

    def text(self, name: str) -> str | None:
        return self._environ.get(name, "").strip() or None

    def value(self, name: str, read: Callable[[str], _Value | None]) -> _Value | None:
        """Parse a variable or its alias; a value that `read` refuses is worded from the table."""
        variable = self._table[name]
        for spelling in (name, *variable.aliases):
            text = self.text(spelling)
            if text is None:
                continue
            try:
                return read(text)
            except ValueError as error:
                raise InvalidValue(
                    f"{spelling}={text}: {error}", hint=f"set {spelling} to: {variable.allowed}"
                ) from error
            except InvalidModelRef as error:
                raise InvalidModelRef(f"{spelling}={error.message}", hint=error.hint) from error
        return None

    def spelled(self, name: str) -> str | None:
        """The variable as it was set, under its name or an alias; None where neither is."""
        names = (name, *self._table[name].aliases)
        return next((f"{each}={text}" for each in names if (text := self.text(each)) is not None), None)

    def without(self, prefix: str) -> _Reader:
        """The same environment without the variables that begin with `prefix`."""
        return _Reader({name: self._environ[name] for name in self._environ if not name.startswith(prefix)})

    def empty(self, name: str) -> bool:
        """Whether the variable is there with nothing in it."""
        return name in self._environ and self.text(name) is None

    def number(self, name: str, read: Callable[[str], _Number]) -> _Number:
        """Parse a variable that has a default in the table."""
        found = self.value(name, read)
        return read(self._table[name].default) if found is None else found

    def path(self, name: str) -> Path:
        return Path(self.text(name) or self._table[name].default).expanduser()

    def boolean(self, name: str, *, default: bool) -> bool:
        found = self.value(name, parse.boolean)
        return default if found is None else found

    def strangers(self) -> tuple[str, ...]:
        """Return a warning for each `AIM_*` name that means nothing here; raise for a likely misspelling."""
        known = {name for variable in VARIABLES for name in (variable.name, *variable.aliases)}
        warnings = []
        for name, value in sorted(self._environ.items()):
            if not name.startswith("AIM_") or name in known or name in variables.IGNORED:
                continue
            if _SERVICE_LINK.fullmatch(f"{name}={value}"):
                continue
            meant = nearest(name, known, cutoff=0.85)
            if meant:
                raise UnknownVariable(
                    f"{name}={value}: no such variable; did you mean {meant}?",
                    hint=f"rename it to {meant}, or unset {name}",
                )
            warnings.append(f"{name} is set, but no such variable is known: ignored")
        if self._environ.get("AIM_PORT", "").startswith("tcp://"):
            warnings.append(
                "AIM_PORT holds a Kubernetes service link, not a port: ignored "
                "(set enableServiceLinks: false in the pod to be rid of it)"
            )
        return tuple(warnings)


def _serving(read: _Reader) -> Serving:
    usual = Serving()
    return Serving(
        # Empty is not unset here: it is the contract's way to say that there should be none.
        0 if read.empty("AIM_MANAGEMENT_PORT") else read.number("AIM_MANAGEMENT_PORT", parse.management_port),
        read.value("AIM_MANAGEMENT_HOST", parse.text) or usual.management_host,
        read.number("AIM_DRAIN_SECONDS", parse.seconds(0)),
        read.number("AIM_STALL_SECONDS", parse.seconds(1)),
        read.number("AIM_READY_SECONDS", parse.seconds(0)),
        read.value("AIM_ON_FAILURE", parse.word(OnFailure)) or usual.on_failure,
        read.path("AIM_TERMINATION_LOG"),
        _record_path(read),
    )


def _record_path(read: _Reader) -> Path | None:
    if read.empty("AIM_RECORD_PATH"):
        return None
    said = read.text("AIM_RECORD_PATH")
    return Path(said).expanduser() if said else read.path("AIM_CACHE_PATH") / variables.RECORDS_IN_CACHE


def _adapters(read: _Reader) -> AdapterSettings:
    count = read.number("AIM_ADAPTER_MAX_COUNT", parse.whole(1))
    return AdapterSettings(
        read.path("AIM_ADAPTER_SOURCE"),
        read.value("AIM_ADAPTER_MODE", parse.word(AdapterMode)) or AdapterMode.STATIC,
        read.number("AIM_ADAPTER_REFRESH_INTERVAL", parse.seconds(5)),
        count,
        max(count, read.number("AIM_ADAPTER_MAX_CPU_COUNT", parse.whole(1))),
        read.number("AIM_ADAPTER_MAX_RANK", parse.rank),
        read.text("AIM_ADAPTER_SOURCE") is not None,
    )


def _nodes(read: _Reader, port: int, serving: Serving) -> Nodes | None:
    # LeaderWorkerSet numbers its pods: whoever says how many machines there are numbers them as well.
    read = read.without("LWS_") if read.text("AIM_NODES") else read
    names = ("AIM_NODES", "AIM_NODE_RANK", "AIM_MASTER_ADDR", "AIM_MASTER_PORT")
    words = {name: text for name in names if (text := read.spelled(name)) and "=tcp://" not in text}
    said = Said(
        read.value("AIM_NODES", parse.whole(1)),
        read.value("AIM_NODE_RANK", parse.whole(0)),
        read.value("AIM_MASTER_ADDR", parse.host),
        read.value("AIM_MASTER_PORT", parse.port),
        words,
    )
    found = nodes(said, variables.DEFAULT_MASTER_PORT)
    if found:
        ports = {"AIM_PORT": port, "AIM_MANAGEMENT_PORT": serving.management_port}
        require_together(found, ports, serving.on_failure)
    return found


def _hub_home(environ: Mapping[str, str]) -> Path | None:
    """The Hugging Face folder of the user, where there is a home to have one in."""
    read = _Reader(environ).text
    home = read("HF_HOME")
    if not home:
        base = read("XDG_CACHE_HOME") or (f"{environ['HOME']}/.cache" if environ.get("HOME") else None)
        home = f"{base}/huggingface" if base else None
    return Path(home).expanduser() if home else None


def _hub_cache(environ: Mapping[str, str]) -> Path | None:
    """Where the hub's own client keeps models, by its rules: nothing is ever written there."""
    named = _Reader(environ).text("HF_HUB_CACHE") or _Reader(environ).text("HUGGINGFACE_HUB_CACHE")
    if named:
        return Path(named).expanduser()
    home = _hub_home(environ)
    return home / "hub" if home else None


def _has_token(environ: Mapping[str, str]) -> bool:
    """Whether the hub's own client will find a token: in a variable, or where its login left one."""
    read = _Reader(environ).text
    if read("HF_TOKEN") or read("HUGGING_FACE_HUB_TOKEN"):
        return True
    home = _hub_home(environ) or Path("/nonexistent")
    # A home that this user may not enter holds no token for it (Path.is_file would raise).
    return os.path.isfile(environ.get("HF_TOKEN_PATH") or home / "token")  # noqa: PTH113
