"""How vLLM should read the weights, by where they lie and what this engine can do.

Nothing is read here: facts come in, arguments and their reason go out. What the user or the profile says
of loading stands, whatever the facts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from aim_runtime.engines.launch import Layer, Loading
from aim_runtime.engines.options import Options
from aim_runtime.errors import InvalidValue
from aim_runtime.models.storage import Medium, Storage
from aim_runtime.vocabulary import LoadStrategy

FORMAT, READING, EXTRA = "load-format", "safetensors-load-strategy", "model-loader-extra-config"
# Whoever says one of these has decided how to load.
_SAID = (FORMAT, READING, EXTRA)
# What is read ahead stays in memory while the engine makes its own copy of it.
_AHEAD = 0.5

_ARGUMENTS: dict[LoadStrategy, Mapping[str, Any]] = {
    LoadStrategy.DEFAULT: {},
    LoadStrategy.PREFETCH: {READING: "prefetch"},
    LoadStrategy.FASTSAFETENSORS: {FORMAT: "fastsafetensors"},
    # 16 readers, as its documentation has it: a network file system answers many at once.
    LoadStrategy.RUNAI_STREAMER: {FORMAT: "runai_streamer", EXTRA: {"concurrency": 16}},
}
_PACKAGES = {
    LoadStrategy.FASTSAFETENSORS: "fastsafetensors",
    LoadStrategy.RUNAI_STREAMER: "runai_model_streamer",
}


@dataclass(frozen=True)
class Facts:
    """What the choice looks at: where the weights lie, what loads them, and what the engine has."""

    storage: Storage
    accelerators: int
    on_cpu: bool
    options: Options
    importable: Callable[[str], bool]

    def lack(self, strategy: LoadStrategy) -> str:
        """Why this engine cannot load that way; empty when it can."""
        if strategy is LoadStrategy.DEFAULT:
            return ""
        missing = next((key for key in _ARGUMENTS[strategy] if self.options.kind(key) is None), None)
        if missing:
            return f"vLLM {self.options.version} has no option {missing}"
        if not self.storage.safetensors:
            return "not all of the weights are safetensors files"
        if strategy is LoadStrategy.FASTSAFETENSORS and self.on_cpu:
            # vllm/model_executor/model_loader/weight_utils.py: its device is always cuda:N.
            return "it loads into a GPU only"
        package = _PACKAGES.get(strategy)
        if package and not self.importable(package):
            return f"the package {package} is not installed beside the engine"
        return ""


@dataclass(frozen=True)
class Chosen:
    """The arguments of a way of loading, who decided, and what to show of it."""

    loading: Loading
    layer: Layer = Layer.MACHINE
    arguments: Mapping[str, Any] = field(default_factory=dict)


def choose_loading(facts: Facts, asked: LoadStrategy | None, given: Mapping[str, Any]) -> Chosen:
    """Choose; `given` are the arguments of profile and user in their normal spelling.

    Raises InvalidValue when AIM_LOAD_STRATEGY asks for what this engine cannot do.
    """
    said = next((key for key in _SAID if key in given), None)
    if said:
        return Chosen(Loading("as given", f"{said} is given: {given[said]}"))
    if asked is not None:
        lack = facts.lack(asked)
        if lack:
            raise InvalidValue(
                f"AIM_LOAD_STRATEGY={asked}: {lack}",
                hint="unset AIM_LOAD_STRATEGY: what this engine can do is chosen by itself",
            )
        return Chosen(Loading(asked, f"AIM_LOAD_STRATEGY={asked}"), Layer.ENVIRONMENT, _ARGUMENTS[asked])
    strategy, reason = _by_evidence(facts)
    return Chosen(Loading(strategy, reason), Layer.MACHINE, _ARGUMENTS[strategy])


def _by_evidence(facts: Facts) -> tuple[LoadStrategy, str]:
    """The first way that suits the facts and that the engine has, else its own."""
    ways = list(_suitable(facts))
    lacks = [facts.lack(strategy) for strategy, _ in ways]
    first = lacks.index("")
    strategy, reason = ways[first]
    without = [f"not {ways[number][0]}, because {lacks[number]}" for number in range(first)]
    return strategy, "; ".join([f"{_where(facts.storage)}: {reason}", *without])


def _suitable(facts: Facts) -> Iterator[tuple[LoadStrategy, str]]:
    """What suits the facts, the best first; the last is the engine's own way."""
    storage = facts.storage
    why = "nothing is known to be faster there"
    if not storage.weights_bytes:
        # A format that suits what is not there yet could only be guessed.
        why = "they are fetched first, and read ahead while the engine starts"
    elif storage.warm:
        # 524 MB from memory: mapped 1749 MB/s, runai_streamer 1258, fastsafetensors 722.
        why = "nothing is faster than mapping what is in memory"
    elif storage.medium is Medium.NETWORK:
        if not facts.on_cpu:
            # Many readers at once hide each one's latency. Mapped weights are read page by page.
            yield LoadStrategy.RUNAI_STREAMER, "many readers at once hide its latency"
        if storage.fits(_AHEAD):
            # vLLM does this by itself on NFS and Lustre, not on CIFS, CephFS or FUSE (weight_utils.py).
            yield LoadStrategy.PREFETCH, "files read from end to end, not page by page as they are needed"
        else:
            why = "they are too much to be read ahead into memory"
    elif storage.medium is Medium.LOCAL and facts.on_cpu:
        # 2.5 GB from a disk (benchmarks/warm_start.py, medians of three): mapped 3.0 s of a start of 27 s,
        # vLLM's prefetch 2.9 s, eager 8.0 s; with runai_streamer the start took 28 s.
        why = "on a CPU no other way is faster"
    elif storage.medium is Medium.LOCAL and facts.accelerators > 1:
        # Each GPU reads a share of the files, and they exchange it: 7.4 times as fast for DeepSeek-R1 on
        # eight MI300X (fastsafetensors#34), 83 s to 69 s (amd/skills#142); default of rocm-aic#97. With one
        # GPU there are no files to share, and it starts a driver for direct reads.
        yield LoadStrategy.FASTSAFETENSORS, "each GPU reads a share of the files"
    yield LoadStrategy.DEFAULT, why


def _where(storage: Storage) -> str:
    """Where the weights are, in words."""
    kind = f" ({storage.filesystem})" if storage.filesystem else ""
    if not storage.weights_bytes:
        return f"the weights are to be on {storage.medium}{kind}"
    held = "" if storage.resident is None else f", {100 * storage.resident:.0f} % of them in memory"
    return f"the weights are on {storage.medium}{kind}{held}" if kind else f"the weights are there{held}"
