"""The run record as values: each field is a key of the JSON; docs/records.md says what each means."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from msgspec import Struct, field

from aim_runtime.profiles.profile import ProfileFile

SCHEMA = 1


class State(StrEnum):
    """Where the run is, or how it ended. Whoever is killed leaves the state it was in."""

    STARTING = "starting"
    RUNNING = "running"
    STOPPED = "stopped"
    FAILED = "failed"


class _Part(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An object of the record, all of whose keys are known."""


class Setting(_Part, frozen=True):
    """A variable that this program reads: its value, and whether the environment or a default gave it."""

    value: str
    source: str = field(name="from")


class UsedProfile(_Part, frozen=True):
    """The profile: `sha256` of its file as it was read, None where it could not be; `why` it was chosen."""

    id: str
    origin: str
    path: str
    sha256: str | None
    why: str
    content: ProfileFile


class UsedArgument(_Part, frozen=True):
    """An argument of the engine and the layer that gave it."""

    key: str
    value: Any
    source: str = field(name="from")


class UsedVariable(_Part, frozen=True):
    """A variable of the engine's environment; the value is None for one that was taken away."""

    name: str
    value: str | None
    source: str = field(name="from")
    reason: str


class File(_Part, frozen=True):
    """A file of the weights; `sha256` None where nothing has hashed it."""

    size_bytes: int
    sha256: str | None


class Weights(_Part, frozen=True):
    """What was served: `source` and `revision` that it came from, as far as the folder tells."""

    model_id: str
    path: str
    sources: list[str]
    source: str | None
    revision: str | None
    files: dict[str, File]


class Engine(_Part, frozen=True):
    """The engine that was started, and how it read the weights; the version is None where there was none."""

    name: str
    version: str | None
    python: str | None
    command: list[str]
    loading: str | None
    numa_node: int | None
    compiled: str | None


class Versions(_Part, frozen=True):
    """What the run stood on, None where it is not there or does not tell."""

    aim_runtime: str
    python: str
    torch: str | None
    transformers: str | None
    system: str | None
    kernel: str | None
    amdgpu: str | None
    rocm: str | None
    nvidia: str | None


class Device(_Part, frozen=True):
    """An accelerator that was used."""

    type: str
    index: int
    model: str | None
    name: str
    memory_bytes: int | None
    cores: int
    architecture: str | None
    partition: str | None
    address: str | None
    unique_id: str | None
    numa_node: int | None
    firmware: int | None


class Hardware(_Part, frozen=True):
    """The accelerators that were used, how they were seen, and how many GPUs the machine shows in all."""

    uses: list[Device]
    source: str
    gpus: int
    processor: str
    cores: int


class Stage(_Part, frozen=True):
    """A phase and how long it took."""

    phase: str
    seconds: float


class Attempt(_Part, frozen=True):
    """A start that failed, and what was done then."""

    profile: str
    code: str
    message: str
    next_step: str


class Outcome(_Part, frozen=True):
    """How the run is or ended: times in seconds since `started`; code and message of what ended it."""

    state: State
    started: str
    ready_after_s: float | None = None
    ended_after_s: float | None = None
    code: str | None = None
    message: str | None = None
    stages: list[Stage] = []
    attempts: list[Attempt] = []


class Record(_Part, frozen=True):
    """One run.

    `given` are the arguments after `--`; `inherited` those variables of the environment that the engine
    reads beside what the plan sets.
    """

    schema: int
    id: str
    settings: dict[str, Setting]
    given: list[str]
    inherited: dict[str, str]
    profile: UsedProfile
    arguments: list[UsedArgument]
    variables: list[UsedVariable]
    weights: Weights
    engine: Engine
    versions: Versions
    hardware: Hardware
    outcome: Outcome
