"""What vLLM's messages say of its start: the phase under way, those that will not come, the KV cache.

The words are those of the sources of 0.9 to 0.32. The order of a start on a GPU is: load the weights,
compile while a profiling run asks for it, size the KV cache, capture graphs, warm up the rest. So a message
of profiling or of the KV cache names the last phase, which it belongs to where nothing is captured;
where graphs are still to come, whoever keeps the order knows that it is not there yet (`skipped`).
"""

from __future__ import annotations

import re

from aim_runtime.vocabulary import Phase

_PHASES = (
    (
        Phase.CAPTURING,
        r"Capturing .*(?:CUDA ?graph|cudagraph)|Capturing (?:the )?model for|Profiling CUDA graph memory",
    ),
    (
        Phase.COMPILING,
        r"Start(?:ing)? (?:compiling function|torch\.compile)|Dynamo bytecode transform"
        r"|Using cache directory: .* for vLLM's|vLLM's torch\.compile cache is disabled"
        r"|Compiling (?:a graph|model again)|Cache the graph"
        r"|Directly load (?:the compiled graph|AOT compilation)|saved AOT compiled"
        r"|torch\.compile (?:takes|took)|Compile and warming up|Warming up model for the compilation"
        r"|Computation graph saved|Compiling \w+ kernels",
    ),
    (
        Phase.LOADING,
        r"Starting to load model|Loading .*\bshards\b|Loading (?:safetensors|drafter model)"
        r"|Loading (?:model )?weights|Multi-thread loading|Model loading took|Initializing model took",
    ),
    (
        Phase.WARMING,
        r"Graph capturing finished|Warming up|[\w ]{0,40}warmup\b|Memory profiling (?:takes|took)"
        r"|Initial profiling|Available KV cache memory|[\w +]{0,40}KV cache size: "
        r"|# \w+ blocks: |init engine \(",
    ),
)
_TABLE = tuple((phase, re.compile(rf"(?:\[\w+\] )?(?:{words})")) for phase, words in _PHASES)
_KV = re.compile(r"KV cache size: ([\d,]+) tokens")
# The engine prints its whole configuration before it loads: as Python's or, until 0.10, as JSON's values.
_CONFIGURATION = re.compile(r"Initializing a V\d LLM engine|Enforce eager set")
_NO_GRAPHS = re.compile(
    r"device_config=cpu\b|['\"]cudagraph_mode['\"]: ?(?:<CUDAGraphMode\.NONE|0\b)|\"use_cudagraph\": ?false"
)
_NO_COMPILING = re.compile(r"<Compilation(?:Mode\.NONE|Level\.NO_COMPILATION)|\"level\": ?0\b")
_EAGER = re.compile(r"enforce_eager=True|Enforce eager set")


def phase_of(message: str) -> Phase | None:
    """The phase that a message, or what a progress bar counts, belongs to."""
    return next((phase for phase, words in _TABLE if words.match(message)), None)


def kv_tokens(message: str) -> int | None:
    """How many tokens the KV cache holds, where the message says it."""
    match = _KV.search(message)
    return int(match[1].replace(",", "")) if match else None


def skipped(message: str) -> tuple[Phase, ...]:
    """The phases that the configuration, where the message has it, leaves out."""
    if not _CONFIGURATION.match(message):
        return ()
    eager = _EAGER.search(message)
    found = [Phase.COMPILING] if eager or _NO_COMPILING.search(message) else []
    return (*found, *([Phase.CAPTURING] if eager or _NO_GRAPHS.search(message) else []))
