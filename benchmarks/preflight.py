"""How long the look at a whole model takes that every start begins with, by the shard.

    python benchmarks/preflight.py [--rounds 20] [--shards 100] [--tensors 60]

Makes a model of empty shards with headers of the real size (an 8 x 22B mixture of experts has about 60
tensors a shard), looks at it as `serve` does, with and without our manifest, and takes the ratio to
`stat` of the same files: the least that any look costs.
"""

from __future__ import annotations

import argparse
import json
import statistics
import struct
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from aim_runtime.models import manifest
from aim_runtime.models.preflight import problems

TARGET_MS = 1.0


def write(folder: Path, shards: int, tensors: int) -> None:
    names = {}
    for shard in range(shards):
        name = f"model-{shard + 1:05}-of-{shards:05}.safetensors"
        header = {
            f"model.layers.{shard}.block_sparse_moe.experts.{number}.w1.weight": {
                "dtype": "BF16",
                "shape": [1024, 1024],
                "data_offsets": [number * 2_097_152, (number + 1) * 2_097_152],
            }
            for number in range(tensors)
        }
        names |= dict.fromkeys(header, name)
        text = json.dumps(header).encode()
        with (folder / name).open("wb") as file:
            file.write(struct.pack("<Q", len(text)) + text)
            file.truncate(8 + len(text) + tensors * 2_097_152)  # a hole: only the header is read
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": names}))
    (folder / "config.json").write_text("{}")


def milliseconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000


def main(rounds: int, shards: int, tensors: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, shards, tensors)
        assert problems(folder) == ()
        plain, ratios, sealed = [], [], []
        for _ in range(rounds):
            stat = milliseconds(lambda: [path.stat() for path in folder.iterdir()])
            plain.append(milliseconds(lambda: problems(folder)) / shards)
            ratios.append(plain[-1] * shards / stat)
        known = {path.name: "0" * 64 for path in folder.iterdir()}
        manifest.seal(folder, "hf://org/m", None, lambda _: None, known=known)
        for _ in range(rounds):
            sealed.append(milliseconds(lambda: problems(folder)) / shards)
    print(f"{shards} shards of {tensors} tensors")
    for words, found in (("a folder that anybody filled", plain), ("one of ours, with its manifest", sealed)):
        middle, most = statistics.median(found), max(found)
        print(f"  {words:32} {middle:.3f} ms a shard (at most {most:.3f}), target {TARGET_MS:g} ms")
    print(f"  {statistics.median(ratios):.1f} x stat of the same files")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--shards", type=int, default=100)
    parser.add_argument("--tensors", type=int, default=60)
    options = parser.parse_args()
    main(options.rounds, options.shards, options.tensors)
