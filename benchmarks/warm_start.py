"""What a start of the real engine gains by what is kept and read ahead, on this machine, in one run.

    python benchmarks/warm_start.py WORK_FOLDER [ROUNDS [PART_OF_A_GROUPS_NAME]]

WORK_FOLDER gets SmolLM2 (fetched by `serve`, as every start would) and a random model of 2.5 GB, and keeps
both for the next run. Every configuration starts once a round, in turn:

- compile caches: the eager and the compiled profile of SmolLM2, each with empty and with kept caches;
- weights that are not in memory (2.5 GB): `serve`, which reads them ahead while the engine imports, against
  the same engine command started by hand, which does not;
- each way of reading that this engine has, by hand, on weights that are and are not in memory.

Prints the median seconds from start to ready, those of loading as the engine logs them, and the ratio of
both to the first configuration of the group with its spread over the rounds.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from services import AIM, free_port, seconds_to_ready

SMOLLM2 = "HuggingFaceTB/SmolLM2-135M-Instruct"
LARGE = "bench/large"
# For the large model, or its start is mostly the engine's trial run on few cores.
FEW = ("--max-num-batched-tokens", "256", "--max-model-len", "256")
_LOADED = re.compile(r"Loading weights took ([\d.]+) seconds")
# A Llama of 1.2 billion parameters with random weights: what is loaded does not hang on their values.
_MAKE = """
import sys, torch
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM
into, tokenizer = sys.argv[1:]
sizes = {"hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 16, "vocab_size": 49152}
heads = {"num_attention_heads": 32, "num_key_value_heads": 8, "max_position_embeddings": 2048}
torch.set_default_dtype(torch.bfloat16)
model = LlamaForCausalLM(LlamaConfig(**sizes, **heads))
model.save_pretrained(into, max_shard_size="600MB")
AutoTokenizer.from_pretrained(tokenizer).save_pretrained(into)
"""


@dataclass(frozen=True)
class Configuration:
    """A way to start: by `serve`, or `by_hand` with the command that dry-run prints."""

    name: str
    settings: dict[str, str]
    by_hand: bool = False
    fresh: bool = False
    cold: bool = False
    arguments: tuple[str, ...] = ()


@dataclass
class Group:
    """Configurations that are compared with the first one."""

    name: str
    configurations: list[Configuration]
    found: dict[str, list[dict[str, float]]] = field(default_factory=dict)


def groups() -> list[Group]:
    eager = {"AIM_ID": SMOLLM2, "AIM_METRIC": "latency"}
    compiled = {"AIM_ID": SMOLLM2, "AIM_METRIC": "throughput"}
    large = {"AIM_MODEL_ID": LARGE}

    def read(name: str, *arguments: str, cold: bool) -> Configuration:
        return Configuration(name, large, by_hand=True, cold=cold, arguments=(*FEW, *arguments))

    ways = [(word, "--safetensors-load-strategy", word) for word in ("prefetch", "eager")]
    if find_spec("runai_model_streamer"):
        ways.append(("runai_streamer", "--load-format", "runai_streamer"))
    return [
        Group(
            "compile caches, eager",
            [Configuration("empty", eager, fresh=True), Configuration("kept", eager)],
        ),
        Group(
            "compile caches, compiled",
            [Configuration("empty", compiled, fresh=True), Configuration("kept", compiled)],
        ),
        Group(
            "2.5 GB on the disk only",
            [
                read("by hand", cold=True),
                Configuration("serve, read ahead", large, cold=True, arguments=FEW),
                *(read(*way, cold=True) for way in ways),
            ],
        ),
        Group(
            "2.5 GB in memory",
            [
                read("by hand", cold=False),
                Configuration("serve", large, arguments=FEW),
                *(read(*way, cold=False) for way in ways),
            ],
        ),
    ]


def weights(cache: Path) -> Iterator[Path]:
    yield from sorted((cache / LARGE).glob("*.safetensors"))


def set_memory(cache: Path, *, cold: bool) -> None:
    """Put the weights out of the page cache, or into it."""
    for path in weights(cache):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            if cold:
                os.fsync(descriptor)
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            else:
                while os.read(descriptor, 1 << 22):
                    pass
        finally:
            os.close(descriptor)


def environment(configuration: Configuration, cache: Path, port: int) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AIM_", "VLLM_"))}
    machine = {"AIM_CACHE_PATH": str(cache), "AIM_PORT": str(port), "AIM_ACCELERATOR_TYPE": "cpu"}
    return inherited | machine | configuration.settings


def command(configuration: Configuration, env: dict[str, str]) -> list[str]:
    if not configuration.by_hand:
        return [AIM, "serve", "--", *configuration.arguments]
    planned = [AIM, "dry-run", "--format", "shell", "--", *configuration.arguments]
    script = subprocess.run(planned, env=env, check=True, capture_output=True, text=True).stdout
    return ["sh", "-c", script]


def measure(configuration: Configuration, cache: Path) -> dict[str, float]:
    """Start, measure, stop."""
    port = free_port()
    env = environment(configuration, cache, port)
    if configuration.fresh:
        for kept in (cache / ".aim/compiled").glob(f"{SMOLLM2.replace('/', '--')}-*"):
            shutil.rmtree(kept) if kept.is_dir() else kept.unlink()
    argv = command(configuration, env)
    set_memory(cache, cold=configuration.cold)
    log = cache.parent / "engine.log"
    with log.open("wb") as output:
        process = subprocess.Popen(argv, env=env, stdout=output, stderr=output, start_new_session=True)
        try:
            figures = {"start to ready": seconds_to_ready(process, port)}
        finally:
            time.sleep(1)  # or what the engine compiled is not yet known to be good
            process.send_signal(signal.SIGTERM)
            process.wait(60)
    loaded = _LOADED.search(log.read_text(errors="replace"))
    if loaded and LARGE in configuration.settings.values():  # the small model's is a moment
        figures["loading weights"] = float(loaded[1])
    return figures


def prepare(cache: Path) -> None:
    """Have both models in the cache, and everything else that a start reads in memory."""
    measure(Configuration("prepare", {"AIM_ID": SMOLLM2}), cache)
    if not (cache / LARGE / "config.json").is_file():
        make = [sys.executable, "-c", _MAKE, str(cache / LARGE), str(cache / SMOLLM2)]
        subprocess.run(make, check=True, stdout=subprocess.DEVNULL)
    measure(Configuration("prepare", {"AIM_MODEL_ID": LARGE}, arguments=FEW), cache)


def report(group: Group) -> None:
    print(group.name)
    base = group.found[group.configurations[0].name]
    for name, runs in group.found.items():
        for figure in runs[0]:
            if any(figure not in run for run in (*runs, *base)):
                continue  # not every way of loading says how long it took
            values = [run[figure] for run in runs]
            ratios = [run[figure] / first[figure] for run, first in zip(runs, base, strict=True)]
            spread = f"x {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
            print(f"  {name:20} {figure:16} {statistics.median(values):7.2f} s   {spread}")


def main(folder: Path, rounds: int, wanted: str) -> None:
    cache = folder / "models"
    prepare(cache)
    compared = [group for group in groups() if wanted in group.name]
    for number in range(rounds):
        for group in compared:
            for configuration in group.configurations:
                figures = measure(configuration, cache)
                group.found.setdefault(configuration.name, []).append(figures)
                line = f"round {number + 1}, {group.name}, {configuration.name}: {figures}"
                print(line, file=sys.stderr, flush=True)
    for group in compared:
        report(group)


if __name__ == "__main__":
    _, work, *more = sys.argv
    main(Path(work).resolve(), int(more[0]) if more else 2, more[1] if len(more) > 1 else "")
