"""How an engine is started: the values of the engines room and the protocol of its variants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from aim_runtime.models.architecture import Architecture
from aim_runtime.models.location import Location
from aim_runtime.profiles.demand import Demand
from aim_runtime.profiles.profile import Profile
from aim_runtime.profiles.selection import Selection
from aim_runtime.settings import Settings


class Layer(StrEnum):
    """Who gave a value; declared from the weakest to the strongest."""

    ARCHITECTURE = "model's architecture"
    PROFILE = "profile"
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
class EngineInstall:
    """One installation of an engine: the version it says it has and how it is called.

    `command` is the argv in front of the arguments; `python` the interpreter that has its libraries.
    """

    engine: str
    version: str
    command: tuple[str, ...]
    python: Path


@dataclass(frozen=True)
class Launch:
    """Everything needed to start an engine.

    `command` is the whole argv; `environment` what is set on top of the inherited environment;
    `arguments` the merged arguments with their layers; `notes` what the user should know of the merge.
    """

    command: tuple[str, ...]
    environment: Mapping[str, str]
    arguments: tuple[Argument, ...]
    ready_path: str
    port: int
    notes: tuple[str, ...] = ()


class Engine(Protocol):
    """A variant of the room: knows one engine's options and command, starts nothing."""

    name: str

    def find(self) -> EngineInstall | None:
        """Look for an installation, without starting anything."""

    def problems(self, profile: Profile, install: EngineInstall | None) -> tuple[str, ...]:
        """Return why the engine would refuse the profile's arguments; empty when it would not."""

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
    ) -> Launch:
        """Put the command together. Raises UnknownEngineArgument for an argument of the user's.

        `model` is what is known of the weights: what the profile leaves open may follow from it.
        """
