"""Prompts and answers on different replicas: what has to be sent, and how long that takes."""

from __future__ import annotations

from dataclasses import replace

from aim_runtime.hardware.devices import BY_MODEL, MIB
from aim_runtime.profiles.fit import Fit, fit
from scale.given import NIC, XGMI
from scale.markdown import seconds, size, table
from scale.plans import shape
from scale.roofline import kv_bytes, prompt_s, step_s

PROMPTS = (1024, 8192, 32768, 131072)
GPU, COUNT = "MI300X", 4
CHUNKS = (0, 1024, 8192)
BESIDE = 32


def sent() -> str:
    """The KV cache of a prompt, each GPU of the group sending its share over a card or link of its own."""
    heads = ["prompt, tokens", "KV cache", "read by 4 x MI300X", "sent over 4 x 400 Gbit/s", "over xGMI"]
    heads += ["sending, of reading"]
    rows = []
    for tokens in PROMPTS:
        share, reading = kv_bytes(tokens) / COUNT, prompt_s(GPU, COUNT, tokens)
        far = share / NIC.value
        row = [f"{tokens:,}", size(kv_bytes(tokens)), seconds(reading), seconds(far)]
        rows.append([*row, seconds(share / XGMI.value), f"{far / reading:.1%}"])
    return table(heads, rows)


def disturbed() -> str:
    """How long a step of 32 answers is when a piece of a prompt is in it."""
    heads = [f"tokens of a prompt in a step of {BESIDE} answers", "the step", "times as long"]
    alone = step_s(GPU, COUNT, BESIDE, PROMPTS[1])
    rows = []
    for tokens in CHUNKS:
        step = alone + (prompt_s(GPU, COUNT, tokens) if tokens else 0)
        rows.append([f"{tokens:,}" if tokens else "none", seconds(step), f"{step / alone:.1f}"])
    return table(heads, rows)


def shares() -> str:
    """For each replica that reads prompts, how many that write answers, at 32 answers at once."""
    heads = [
        "prompt → answer, tokens",
        "reading it",
        "writing it, with 31 others",
        "replicas that write, for one that reads",
    ]
    rows = []
    for given, made in ((1024, 4096), (8192, 1024), (32768, 512)):
        reading = prompt_s(GPU, COUNT, given)
        writing = made * step_s(GPU, COUNT, BESIDE, given + made // 2)
        rows.append(
            [
                f"{given:,} → {made:,}",
                *(seconds(reading), seconds(writing), f"{writing / BESIDE / reading:.1f}"),
            ]
        )
    return table(heads, rows)


def without_windows() -> str:
    """The same profile when every layer is charged in full: what a connector costs that cannot do more."""
    found = shape(GPU, COUNT)
    memory = BY_MODEL[GPU].memory_mib
    assert memory
    plain = fit(found.model, replace(found.fit.demand, hybrid=False), memory * MIB, None)
    assert isinstance(plain, Fit)
    heads = ["4 x MI300X, KV cache", "tokens", "requests of 32,768 at once"]
    rows = [
        [name, f"{each.capacity_tokens:,}", f"{each.concurrency:.0f}"]
        for name, each in (("windows kept apart", found.fit), ("every layer in full", plain))
    ]
    return table(heads, rows)
