"""The programs that put a load on a service: which there are, and which one is taken."""

from __future__ import annotations

from aim_runtime.bench.generators.generator import Generator
from aim_runtime.bench.generators.guidellm import GuideLlm
from aim_runtime.bench.generators.vllm import VllmBench
from aim_runtime.bench.generators.vllm_rs import VllmRs
from aim_runtime.errors import InvalidValue, ToolMissing

INSTALL = "pip install 'aim-runtime[bench]'"
# In the order in which they are taken. The engine's own needs nothing besides the engine, keeps the time of
# every chunk of an answer (guidellm only of the first and the last), and takes 0.07 ms of CPU a token where
# guidellm takes 0.19 ms, which without a GPU is the engine's own time. docs/benchmark.md has the measurement.
GENERATORS: dict[str, Generator] = {each.name: each for each in (VllmBench(), GuideLlm(), VllmRs())}


def choose(name: str | None = None, engine_python: str | None = None, *, quick: bool = False) -> Generator:
    """The generator of that name, else the first that is installed. Raises InvalidValue, ToolMissing.

    `engine_python` is the Python that has the engine, None for this program's own. `quick`: it is started
    again and again, so the one that starts at once is first, though it does not say how far it is.
    """
    if name is not None and name not in GENERATORS:
        raise InvalidValue(f"{name} is not a load generator", hint=f"one of {', '.join(GENERATORS)}")
    among = GENERATORS | {each.name: each for each in (VllmBench(engine_python), VllmRs(engine_python))}
    order = sorted(among.values(), key=lambda each: each.name != VllmRs.name) if quick else among.values()
    named = order if name is None else (among[name],)
    chosen = next((each for each in named if each.installed()), None)
    if chosen is None:
        raise ToolMissing(f"the load generator {name or 'guidellm'} is not installed here", hint=INSTALL)
    return chosen
