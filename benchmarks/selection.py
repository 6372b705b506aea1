"""How listing and choosing grow with the number of profiles, as ratios to a bare interpreter start.

    python benchmarks/selection.py [--rounds N] [--json]

Makes folders of custom profiles (half for one AIM, half general), then runs `python -c pass` and
`aim-runtime list-profiles --format text` in turn, each in a fresh process, interleaved, over the shipped
catalogue alone and with the custom profiles. A ratio is taken within a round, because machines are noisy.
Last it judges and selects within this process, over a catalogue that is loaded already.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from aim_runtime.plan import judge_all
from aim_runtime.profiles.select import select
from aim_runtime.settings import Settings
from aim_runtime.site import survey

PROGRAM = Path(sys.executable).with_name("aim-runtime")
AIM = "CohereLabs/command-a-reasoning-08-2025"
COUNTS = (0, 1_000, 3_000, 10_000)
TARGET_LIST_S, TARGET_SELECT_S = 3.0, 0.02

MODELS = ("MI300X", "MI325X", "MI350X", "MI355X", "MI250X")
PRECISIONS = ("fp4", "fp8", "fp16", "bf16", "int8")
TYPES = ("optimized", "preview", "unoptimized")


def main(rounds: int, as_json: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        roots = {count: write_profiles(Path(folder) / str(count), count) for count in COUNTS}
        listing = measure_listing(roots, rounds)
        selecting = {count: measure_selecting(root, rounds) for count, root in roots.items()}
    if as_json:
        print(json.dumps({"rounds": rounds, **figures(listing), "selecting": selecting}, indent=2))
    else:
        print("\n".join(words(rounds, figures(listing), selecting)))


def write_profiles(root: Path, count: int) -> Path:
    """Write `count` valid profiles of about the size of the shipped ones, no two with one id."""
    for number in range(count):
        general = number % 2 == 1
        model = MODELS[number % len(MODELS)]
        precision = PRECISIONS[number // 5 % len(PRECISIONS)]
        size = (1, 2, 4, 8)[number // 25 % 4]
        metric = ("latency", "throughput")[number // 100 % 2]
        name = f"vllm-{model.casefold()}-{precision}-tp{size}-{metric}-v{number}.yaml"
        path = root / "custom" / ("general" if general else AIM) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            f"""{"" if general else f"aim_id: {AIM}{chr(10)}model_id: {AIM}{chr(10)}"}metadata:
  engine: vllm
  accelerator_type: gpu
  accelerator_model: {model}
  accelerator_count: {size}
  precision: {precision}
  metric: {metric}
  type: {"general" if general else TYPES[number // 200 % 3]}
engine_args:
  disable-uvicorn-access-log: null
  distributed-executor-backend: mp
  gpu-memory-utilization: 0.{80 + number % 16}
  max-model-len: {1024 * (1 + number % 128)}
  max-num-batched-tokens: {1024 * (1 + number % 16)}
  max-num-seqs: {16 + number % 512}
  no-async-scheduling: null
  no-enable-prefix-caching: null
env_vars:
  NCCL_MIN_NCHANNELS: '{1 + number % 112}'
  TORCH_BLAS_PREFER_HIPBLASLT: '1'
  VLLM_ROCM_USE_AITER: '{number % 2}'
evidence:
  source: published
  release: variant {number}
""",
            encoding="utf-8",
        )
    root.mkdir(parents=True, exist_ok=True)
    return root


def measure_listing(roots: dict[int, Path], rounds: int) -> dict[str, list[float]]:
    """Seconds of every run: of the bare interpreter, and of listing by the number of custom profiles."""
    bare = [sys.executable, "-c", "pass"]
    command = [str(PROGRAM), "list-profiles", "--format", "text"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AIM_")}

    def seconds(argv: list[str], root: Path, expected: int) -> float:
        environment = {
            **kept,
            "AIM_ID": AIM,
            "AIM_ACCELERATOR_MODEL": "MI300X",
            "AIM_PROFILES_PATH": str(root),
        }
        started = time.perf_counter()
        done = subprocess.run(argv, env=environment, stdout=subprocess.PIPE, check=True)
        taken = time.perf_counter() - started
        lines = done.stdout.count(b"\n")
        if lines < expected:
            raise SystemExit(f"{argv} printed {lines} lines for {expected} profiles")
        return taken

    runs: dict[str, Callable[[], float]] = {"bare": lambda: seconds(bare, Path(), 0)}
    for count, root in roots.items():
        runs[str(count)] = lambda root=root, count=count: seconds(command, root, count)  # type: ignore[misc]
    found: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(rounds + 1):
        for name, run in runs.items():
            taken = run()
            if number:  # the first compiles and warms the page cache
                found[name].append(taken)
    return found


def measure_selecting(root: Path, rounds: int) -> dict[str, float]:
    """Median seconds of judging all profiles and of choosing one, with everything in memory."""
    settings = Settings.from_env(
        {"AIM_ID": AIM, "AIM_ACCELERATOR_MODEL": "MI300X", "AIM_PROFILES_PATH": str(root)}
    )
    site = survey(settings)
    judging, choosing = [], []
    gc.disable()  # as the command line does
    for number in range(rounds + 1):
        started = time.perf_counter()
        verdicts = judge_all(settings, site)
        judged = time.perf_counter()
        select(settings, site.catalog, verdicts, site.hardware)
        if number:
            choosing.append(time.perf_counter() - judged)
            judging.append(judged - started)
    return {
        "profiles": len(site.catalog.profiles),
        "judge_all_s": statistics.median(judging),
        "select_s": statistics.median(choosing),
    }


def figures(listing: dict[str, list[float]]) -> dict[str, Any]:
    """Medians in seconds, ratios within a round with their least and most, and how the cost grows."""
    bare = listing["bare"]
    median_s = {name: statistics.median(found) for name, found in listing.items()}
    ratios = {
        name: [taken / bare[number] for number, taken in enumerate(found)]
        for name, found in listing.items()
        if name != "bare"
    }
    per_1000_s = {
        str(count): (median_s[str(count)] - median_s["0"]) / count * 1000 for count in COUNTS if count
    }
    return {
        "seconds": median_s,
        "ratio": {
            name: {"median": statistics.median(found), "min": min(found), "max": max(found)}
            for name, found in ratios.items()
        },
        "seconds_per_1000": per_1000_s,
        "per_file_10000_to_1000": per_1000_s["10000"] / per_1000_s["1000"],
    }


def words(rounds: int, found: dict[str, Any], selecting: dict[int, dict[str, float]]) -> Iterator[str]:
    """The figures as lines."""
    seconds_, ratio = found["seconds"], found["ratio"]
    yield f"bare interpreter: {seconds_['bare'] * 1000:.1f} ms, {rounds} rounds"
    for count in COUNTS:
        name = f"list-profiles, shipped + {count:,}" if count else "list-profiles, shipped"
        each = ratio[str(count)]
        growth = f", {found['seconds_per_1000'][str(count)]:.3f} s per 1,000" if count else ""
        spread = f"({each['min']:.1f} to {each['max']:.1f})"
        yield f"{name:32} {each['median']:6.1f} x {spread:18} {seconds_[str(count)]:.3f} s{growth}"
    yield f"cost of a file at 10,000 to that at 1,000: {found['per_file_10000_to_1000']:.2f} (linear: 1)"
    for each in selecting.values():
        judging, choosing = each["judge_all_s"] * 1000, each["select_s"] * 1000
        yield f"{each['profiles']:6,} profiles: judge_all {judging:8.1f} ms, select {choosing:6.2f} ms"
    yield f"target: 10,000 listed in {TARGET_LIST_S:.0f} s, select in {TARGET_SELECT_S * 1000:.0f} ms"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="print the figures as one JSON object")
    arguments = parser.parse_args()
    main(arguments.rounds, arguments.json)
