"""The page about scaling: its tables are what the program computes, and its words what the tables say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/scaling.md"


def scaling(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, ROOT / "benchmarks/scaling.py", *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def rows(part: str) -> list[dict[str, str]]:
    """A table of the page, by its columns."""
    text = PAGE.read_text(encoding="utf-8")
    _, _, rest = text.partition(f"<!-- benchmarks/scaling.py {part}: begin -->")
    lines = [line for line in rest.partition("<!--")[0].splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [dict(zip(cells[0], row, strict=True)) for row in cells[2:]]


def policy(part: str, pattern: str, name: str) -> dict[str, str]:
    return next(row for row in rows(part) if (row["pattern"], row["policy"]) == (pattern, name))


def test_every_table_is_current() -> None:
    result = scaling("--check", PAGE)
    assert result.returncode == 0, result.stderr


def test_a_table_that_was_changed_is_stale_until_it_is_written(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE.read_text(encoding="utf-8").replace("| 1 x MI300X |", "| 9 x MI300X |"), "utf-8")
    stale = scaling("--only", "fits", "--check", page)
    assert stale.returncode == 1
    assert "--write" in stale.stderr
    assert scaling("--only", "fits", "--write", page).returncode == 0
    assert page.read_text(encoding="utf-8") == PAGE.read_text(encoding="utf-8")


def test_a_page_without_marks_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing\n", encoding="utf-8")
    result = scaling("--only", "gets", "--write", page)
    assert result.returncode == 1
    assert "no <!-- benchmarks/scaling.py gets: begin -->" in result.stderr
    assert page.read_text(encoding="utf-8") == "nothing\n"


def test_recorded_arrivals_are_played(tmp_path: Path) -> None:
    recorded = tmp_path / "recorded.csv"
    recorded.write_text("arrived_s,input_tokens,output_tokens\n0,100,50\n2.5,100,70\n1,80,1\n", "utf-8")
    result = scaling("--arrivals", recorded)
    assert result.returncode == 0, result.stderr
    assert "| recorded.csv | as generated | 0 | 0 | 0 |" in result.stdout
    recorded.write_text("a,b\n1,2\n", encoding="utf-8")
    refused = scaling("--arrivals", recorded)
    assert refused.returncode == 1
    assert refused.stderr == "recorded.csv:1: no columns arrived_s, input_tokens, output_tokens\n"


def test_the_words_about_what_fits_hold() -> None:
    found = {row[""]: row for row in rows("fits")}
    assert "does not fit" in found["1 x MI300X"]["KV cache"]
    assert "does not fit" not in found["1 x MI355X"]["KV cache"]
    held = {
        count: float(found[f"{count} x MI300X"]["requests of full length at once"].split()[0])
        for count in (2, 4, 8)
    }
    assert held[4] > 3 * held[2]
    assert held[8] > 2 * held[4]


def test_the_words_about_the_policies_hold() -> None:
    peak = policy("patterns", "daily wave", "3 replicas, always")
    made = policy("patterns", "daily wave", "as generated")
    queue = policy("patterns", "daily wave", "queue alone")
    whole = policy("patterns", "daily wave", "running by full length")
    assert made["p99"] == "0"
    assert float(made["GPU hours"]) < 0.8 * float(peak["GPU hours"])
    assert queue["p99"].endswith("min")
    assert int(queue["cut off"]) > 1000
    assert float(whole["GPU hours"]) > 0.95 * float(peak["GPU hours"])
    assert policy("patterns", "bursts", "as generated")["p99"].endswith("min")


def test_the_words_about_starts_and_drains_hold() -> None:
    waits = [row["p99"] for row in rows("by-start") if row["pattern"] == "step"]
    assert waits[0].endswith("min")
    assert waits[-1].endswith(" h")
    cut = [int(row["cut off"].split()[0]) for row in rows("by-drain")]
    assert cut[0] > 3 * cut[1] > 9 * cut[2]


def test_sending_a_cache_takes_little_beside_reading_the_prompt() -> None:
    assert all(float(row["sending, of reading"].rstrip("%")) <= 1 for row in rows("sent"))
