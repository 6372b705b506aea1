"""The comparison of servers, as far as it needs none: its tables, its roofline, the page it fills."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "benchmarks"
BEGIN, END = (
    "<!-- figures of benchmarks/serving.py: begin -->",
    "<!-- figures of benchmarks/serving.py: end -->",
)
# Twice the speed in the first round, four times in the second.
BASE_TPOT_S, TPOT_S = (0.040, 0.080), (0.020, 0.020)


def serving(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, FOLDER / "serving.py", *arguments], capture_output=True, text=True, timeout=60
    )


def in_benchmarks(code: str, *arguments: str | Path) -> str:
    """Run a few lines as a program among the benchmarks, and return what it prints."""
    asked = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(asked, cwd=FOLDER, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def figures(tpot_s: float) -> dict[str, float]:
    clients = {
        f"clients_{n}_{figure}": n / tpot_s for n in (8, 32) for figure in ("tokens_per_s", "ttft_p50_s")
    }
    alone = {
        "clients_1_ttft_p50_s": 0.1,
        "clients_1_tpot_p50_s": tpot_s,
        "clients_1_tokens_per_s": 1 / tpot_s,
    }
    return {**clients, **alone, "start_to_first_token_s": 30, "peak_memory_bytes": 1e9}


def result() -> dict[str, Any]:
    """What a run of two rounds would save: 10 GB/s, and 100 MB of weights."""
    common = {"command": "server --model weights", "precision": "bf16", "weight_bytes": 100_000_000}
    return {
        "date": "2026-01-02",
        "machine": {"cpu": "AMD EPYC", "cores": 2, "memory_gib": 24},
        "versions": {"vLLM": "0.32.0"},
        "model": "some/model",
        "output_tokens": 64,
        "bandwidth": [
            {"memory_bytes_per_s": 8e9, "level_3_bytes_per_s": 90e9},
            {"memory_bytes_per_s": 10e9, "level_3_bytes_per_s": 80e9},
        ],
        "contenders": [
            {"name": "vLLM defaults", **common, "rounds": [figures(each) for each in BASE_TPOT_S]},
            {"name": "latency", **common, "rounds": [figures(each) for each in TPOT_S]},
        ],
    }


def saved(folder: Path, found: dict[str, Any]) -> Path:
    path = folder / "result.json"
    path.write_text(json.dumps(found), encoding="utf-8")
    return path


def row(text: str, name: str, table: int) -> list[str]:
    """The cells of a contender in the first, second or third table where it is."""
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith(f"| {name} |")]
    return rows[table]


def test_figures_are_medians_and_ratios_are_of_the_same_round(tmp_path: Path) -> None:
    done = serving("--result", saved(tmp_path, result()))
    assert done.returncode == 0, done.stderr
    assert row(done.stdout, "vLLM defaults", 0)[1:4] == ["30.0", "100", "60.0"]
    assert row(done.stdout, "latency", 1)[3] == "0.38 (0.25 to 0.50)"
    assert row(done.stdout, "latency", 1)[5] == "3.00 (2.00 to 4.00)"


def test_the_ceiling_is_the_best_bandwidth_over_the_bytes_of_a_token(tmp_path: Path) -> None:
    text = serving("--result", saved(tmp_path, result())).stdout
    assert "10.0 GB/s from memory, and 90.0 GB/s" in text
    assert row(text, "latency", 2) == ["latency", "bf16", "100", "100", "50.0", "50%"]


def test_a_round_that_failed_is_left_out_of_the_ratios_and_of_success(tmp_path: Path) -> None:
    found = result()
    found["contenders"][1]["rounds"][1] = None
    done = serving("--result", saved(tmp_path, found))
    assert done.returncode == 1
    assert row(done.stdout, "latency", 1)[3] == "0.50"
    found["contenders"][1]["rounds"][0] = None
    assert row(serving("--result", saved(tmp_path, found)).stdout, "latency", 0)[1] == "failed"


def test_the_page_keeps_its_words_and_gets_the_figures(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# Words\n\n{BEGIN}\n\nold\n\n{END}\n\nmore words\n", encoding="utf-8")
    for _ in range(2):
        serving("--result", saved(tmp_path, result()), "--write", page)
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"# Words\n\n{BEGIN}\n\n2026-01-02, 2 cores")
    assert text.endswith(f"{END}\n\nmore words\n")
    assert "old" not in text
    assert text.count("| latency |") == 3


def test_a_page_without_marks_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Words\n", encoding="utf-8")
    done = serving("--result", saved(tmp_path, result()), "--write", page)
    assert done.returncode == 1
    assert "page.md has no <!-- figures" in done.stderr
    assert page.read_text(encoding="utf-8") == "# Words\n"


def test_the_committed_page_can_be_filled(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text((ROOT / "docs/performance.md").read_text(encoding="utf-8"), encoding="utf-8")
    assert serving("--result", saved(tmp_path, result()), "--write", page).returncode == 0
    assert "2026-01-02" in page.read_text(encoding="utf-8")


def test_without_the_model_it_says_how_to_fetch_it(tmp_path: Path) -> None:
    done = serving(tmp_path)
    assert done.returncode == 1
    assert "aim-runtime download-to-cache" in done.stderr


WEIGHTS = (
    "import sys, pathlib; from peers.roofline import weight_bytes;"
    "print(weight_bytes(pathlib.Path(sys.argv[1])))"
)


def test_weights_are_a_file_less_its_header(tmp_path: Path) -> None:
    header = json.dumps({"a": {"dtype": "BF16", "shape": [50], "data_offsets": [0, 100]}}).encode()
    path = tmp_path / "model.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(100))
    assert int(in_benchmarks(WEIGHTS, path)) == 100


@pytest.mark.engine
def test_weights_of_a_gguf_are_its_tensors(tmp_path: Path) -> None:
    write = (
        "import sys, numpy; from gguf import GGUFWriter; writer = GGUFWriter(sys.argv[1], 'llama');"
        "writer.add_tensor('a', numpy.ones((3, 32), dtype=numpy.float16));"
        "writer.write_header_to_file(); writer.write_kv_data_to_file(); writer.write_tensors_to_file();"
        "writer.close()"
    )
    path = tmp_path / "model.gguf"
    in_benchmarks(write, path)
    assert path.stat().st_size > 192
    assert int(in_benchmarks(WEIGHTS, path)) == 192


@pytest.mark.engine
def test_this_machine_reads_its_cache_faster_than_disks_are() -> None:
    asked = "from peers import roofline; roofline.SECONDS_EACH = 0.1; print(roofline.read_speed(1 << 22))"
    assert 1e9 < float(in_benchmarks(asked)) < 10e12


def test_an_unknown_name_is_answered_with_those_that_there_are(tmp_path: Path) -> None:
    model = tmp_path / "HuggingFaceTB/SmolLM2-135M-Instruct"
    model.mkdir(parents=True)
    (model / "config.json").touch()
    done = serving(tmp_path, "--only", "nobody")
    assert done.returncode == 1
    assert "--only nobody: there are vLLM defaults; latency; throughput" in done.stderr
    assert "llama.cpp" not in done.stderr
