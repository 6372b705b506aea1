"""How an engine is started: the values of the engines room and the protocol of its variants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from aim_runtime.engines.adapting import Adapting
from aim_runtime.engines.certificate import Certificate
from aim_runtime.engines.endpoint import Endpoint, Probe
from aim_runtime.engines.failure import NOTHING_KNOWN, Ending, Failure
from aim_runtime.engines.load import Load
from aim_runtime.engines.output_line import OutputLine
from aim_runtime.hardware.accelerator import Accelerator, Hardware, NumaNode
from aim_runtime.models.adapter import Adapters
from aim_runtime.models.architecture import Architecture
from aim_runtime.models.location import Location
from aim_runtime.models.storage import Storage
from aim_runtime.profiles.demand import Demand
from aim_runtime.profiles.profile import Profile
from aim_runtime.profiles.selection import Selection
from aim_runtime.settings import Settings


class Layer(StrEnum):
    """Who gave a value; declared from the weakest to the strongest."""

    ARCHITECTURE = "model's architecture"
    PROFILE = "profile"
    MACHINE = "machine"
    ENGINE_ARGS = "AIM_ENGINE_ARGS"
    COMMAND_LINE = "command line"
    RUNTIME = "runtime"
    ENVIRONMENT = "environment"


@dataclass(frozen=True)
class Argument:
    """One engine argument, its key without dashes in front, and the layer that decided it."""

    key: str
    value: Any
    layer: Layer


@dataclass(frozen=True)
class EnvironmentVariable:
    """One variable of the engine's environment, the layer that decided it, and why.

    `value` is None for one that the profile sets and this machine takes away.
    """

    name: str
    value: str | None
    layer: Layer
    reason: str = ""


@dataclass(frozen=True)
class EngineInstall:
    """One installation of an engine: the version it says it has and how it is called.

    `command` is the argv in front of the arguments; `python` the interpreter that has its libraries, and
    `path` where that looks for them; `cpu_only` whether it was built without code for a GPU.
    """

    engine: str
    version: str
    command: tuple[str, ...]
    python: Path
    cpu_only: bool = False
    path: tuple[str, ...] = ()


@dataclass(frozen=True)
class Loading:
    """How the engine reads the weights, in one word, and why."""

    strategy: str
    reason: str


@dataclass(frozen=True)
class Launch:
    """Everything needed to start an engine.

    `command` is the whole argv; `variables` what is set on top of the inherited environment, with what
    was taken away; `arguments` the merged arguments with their layers; `numa_node` the node whose CPUs
    the engine runs on, None for all; `notes` what the user should know of the merge; `loading` how the
    weights are read; `compiled` the folder that the engine keeps what it compiles in, which some of the
    variables name folders in; `adapting` what is done about LoRA adapters, None where they are off;
    `certificate` what TLS is spoken with, None for plain HTTP; `embeds` whether it answers with embeddings;
    `headless` whether nothing answers here: one of several machines, which another leads.
    """

    command: tuple[str, ...]
    variables: tuple[EnvironmentVariable, ...]
    arguments: tuple[Argument, ...]
    ready_path: str
    port: int
    numa_node: NumaNode | None = None
    notes: tuple[str, ...] = ()
    loading: Loading | None = None
    compiled: Path | None = None
    adapting: Adapting | None = None
    certificate: Certificate | None = None
    embeds: bool = False
    headless: bool = False

    def compiling_in(self, folder: Path | None) -> Launch:
        """The same with another folder for what is compiled; None leaves that to the engine's defaults."""
        kept = [self._moved(each, folder) for each in self.variables]
        return replace(self, variables=tuple(each for each in kept if each), compiled=folder)

    def _moved(self, variable: EnvironmentVariable, folder: Path | None) -> EnvironmentVariable | None:
        path = Path(variable.value or "")
        if self.compiled is None or variable.layer is not Layer.RUNTIME or self.compiled not in path.parents:
            return variable
        return replace(variable, value=str(folder / path.relative_to(self.compiled))) if folder else None

    @property
    def environment(self) -> Mapping[str, str]:
        """What is set on top of the inherited environment; what it has already is left out."""
        return {
            each.name: each.value
            for each in self.variables
            if each.value is not None and each.layer is not Layer.ENVIRONMENT
        }


class Engine(Protocol):
    """A variant of the room: knows one engine's options and command, starts nothing."""

    name: str

    def find(self, python: str | None = None) -> EngineInstall | None:
        """Look for an installation: in this program's own environment, or in that of another Python.

        Nothing of the engine is started. Raises InvalidValue for a Python that cannot be run.
        """

    def problems(self, profile: Profile, install: EngineInstall | None, machines: int = 1) -> tuple[str, ...]:
        """Return why the engine would refuse the profile's arguments, on so many machines together; empty
        when it would not.
        """

    def demand(
        self,
        profile: Profile,
        settings: Settings,
        install: EngineInstall | None,
        model: Architecture,
        memory_bytes: int | None,
    ) -> Demand:
        """What the engine will ask of an accelerator of `memory_bytes` under profile and settings."""

    def launch(
        self,
        selection: Selection,
        location: Location,
        settings: Settings,
        install: EngineInstall | None,
        model: Architecture,
        host: Accelerator | None,
        storage: Storage,
        adapters: Adapters,
    ) -> Launch:
        """Put the command together. Raises UnknownEngineArgument for an argument of the user's.

        `model` is what is known of the weights: what the profile leaves open may follow from it; `host`
        the CPU of the machine, whatever computes; `storage` what the weights lie on; `adapters` what was
        found where they are looked for. Raises InvalidValue for a way of loading that was asked for and
        that the engine does not have, and for a secret among the arguments.
        """

    def environment(
        self, profile: Profile, uses: tuple[Accelerator, ...], hardware: Hardware, settings: Settings
    ) -> tuple[EnvironmentVariable, ...]:
        """The variables that the profile would be started with on these of the machine's accelerators."""

    def endpoint(self, launch: Launch, inherited: Mapping[str, str]) -> Endpoint:
        """Where the engine of `launch` will answer; `inherited` holds the key, where one is set."""

    def usable(self, looked: Adapters, max_rank: int) -> Adapters:
        """The adapters that the engine can serve; what it would refuse is skipped, with the reason."""

    def line(self, text: str) -> OutputLine:
        """Read one line of the engine's output; whatever it is, it is a line."""

    def load(self, metrics: str) -> Load | None:
        """Read what the engine's metrics say; None where they are not an engine's."""

    def failure(
        self, lines: Sequence[OutputLine], code: int | None, launch: Launch, ending: Ending = NOTHING_KNOWN
    ) -> Failure:
        """Why the engine ended or was never ready, from its last lines and its exit code (negative: signal;
        None: never ready).
        """

    def probes(self, launch: Launch) -> tuple[Probe, ...]:
        """The smallest requests that the engine itself, not only its HTTP server, has to work for.

        Which of them it takes depends on the model: the first that it answers with 200 is the one.
        """
