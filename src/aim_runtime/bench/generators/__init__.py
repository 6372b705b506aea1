"""The programs that put a load on a service: which there are, and which one is taken."""

from __future__ import annotations

from collections.abc import Iterable

from aim_runtime.bench.generators.generator import Generator
from aim_runtime.bench.generators.guidellm import GuideLlm
from aim_runtime.bench.generators.vllm import VllmBench
from aim_runtime.errors import InvalidValue, ToolMissing

INSTALL = "pip install 'aim-runtime[bench]'"
# In the order in which they are taken. The engine's own needs nothing besides the engine, keeps the time of
# every chunk of an answer (guidellm only of the first and the last), and takes 0.07 ms of CPU a token where
# guidellm takes 0.19 ms, which without a GPU is the engine's own time. docs/benchmark.md has the measurement.
GENERATORS: dict[str, Generator] = {each.name: each for each in (VllmBench(), GuideLlm())}


def choose(name: str | None = None, among: Iterable[Generator] = GENERATORS.values()) -> Generator:
    """The generator of that name, else the first that is installed. Raises InvalidValue, ToolMissing."""
    if name is not None:
        if name not in GENERATORS:
            raise InvalidValue(f"{name} is not a load generator", hint=f"one of {', '.join(GENERATORS)}")
        among = [GENERATORS[name]]
    chosen = next((each for each in among if each.installed()), None)
    if chosen is None:
        raise ToolMissing(f"the load generator {name or 'guidellm'} is not installed here", hint=INSTALL)
    return chosen
