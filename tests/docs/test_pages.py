"""The catalogue's pages: written from its data, and said to be stale when the data has moved on."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from aim_runtime.hardware.devices import BY_MODEL

ROOT = Path(__file__).parents[2]


def generate(root: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the generator of the checkout at `root`."""
    return subprocess.run(
        [sys.executable, "scripts/generate_pages.py", *options], cwd=root, capture_output=True, text=True
    )


def test_every_page_is_current() -> None:
    result = generate(ROOT, "--check")
    assert result.returncode == 0, result.stderr


def test_a_changed_profile_makes_its_page_stale(tmp_path: Path) -> None:
    for name in ("catalog", "scripts", "docs"):
        shutil.copytree(ROOT / name, tmp_path / name)
    for profile in (tmp_path / "catalog/Qwen/Qwen3-32B").glob("vllm-mi300x-*-tp1-*.yaml"):
        text = profile.read_text(encoding="utf-8")
        text += "  reference: https://example.org/a\n  machine: one MI300X\n"
        text += "  figures: {clients_1_ttft_p90_s: 0.1}\n"
        profile.write_text(re.sub(r"(?m)^  type: \w+$", "  type: unoptimized", text), encoding="utf-8")
    stale = generate(tmp_path, "--check")
    assert stale.returncode == 1
    assert "catalog/Qwen/Qwen3-32B/README.md" in stale.stderr
    assert "docs/reference/accelerators.md" in stale.stderr
    assert "Llama" not in stale.stderr
    assert generate(tmp_path).returncode == 0
    assert generate(tmp_path, "--check").returncode == 0
    page = (tmp_path / "catalog/Qwen/Qwen3-32B/README.md").read_text(encoding="utf-8")
    figures = "with figures that https://example.org/a has of one MI300X; no measurement of this project."
    assert f"profiles: published by AMD AIM 0.9, {figures}" in page


def test_every_aim_has_a_page_with_the_sections_people_look_for() -> None:
    folders = [path.parent for path in sorted((ROOT / "catalog").glob("*/*/metadata.yaml"))]
    assert len(folders) >= 14
    for folder in folders:
        page = (folder / "README.md").read_text(encoding="utf-8")
        for heading in ("## Model", "## Available profiles", "## Evidence", "## Terms of use"):
            assert heading in page, folder
        for profile in folder.glob("vllm-*.yaml"):
            assert f"|{profile.stem}|" in page, profile


def test_the_page_of_command_a_says_what_cannot_fit() -> None:
    page = (ROOT / "catalog/CohereLabs/command-a-reasoning-08-2025/README.md").read_text(encoding="utf-8")
    row = next(line for line in page.splitlines() if line.startswith("|vllm-mi300x-fp16-tp1-latency|MI300X|"))
    assert "does not fit: weights 206.9 GiB an accelerator > 182.4 GiB" in row
    assert "CC-BY-NC-4.0" in page
    assert "HF_TOKEN" in page


@pytest.mark.parametrize(
    ("model", "column", "cell"),
    [
        ("MI300X", "Architecture", "gfx942"),
        ("MI300X", "Memory", "192 GiB"),
        ("MI300X", "Bandwidth", "5.30 TB/s"),
        ("MI300X", "Devices a board", "SPX 1, DPX 2, QPX 4, CPX 8"),
        ("MI300X", "PCI ids", "74a1; 74a9 (Instinct MI300X HF); 74b5 VF; 74bd VF (Instinct MI300X HF)"),
        ("MI250X", "Memory", "64 GiB"),
        ("MI250X", "Bandwidth", "1.64 TB/s"),
        ("MI250X", "Devices a board", "2"),
        ("MI355X", "Native precisions", "int8, fp4, fp8, fp16, bf16, fp32"),
        ("W7800", "PCI ids", "745e; 7449 (PRO W7800 48GB 48 GiB)"),
        ("RX9070", "PCI ids", "7550 (C0 RX 9070 XT, C2 RX 9070 GRE 12 GiB, C3 RX 9070)"),
        ("STRIX_HALO", "Memory", "the system's"),
        ("H100", "Name", "NVIDIA H100"),
        ("H100", "Architecture", "sm_90"),
    ],
)
def test_the_table_of_accelerators(model: str, column: str, cell: str) -> None:
    page = (ROOT / "docs/reference/accelerators.md").read_text(encoding="utf-8")
    lines = page[page.index("## Known accelerators") : page.index("## Known processors")].splitlines()
    rows = [line.strip("|").split("|") for line in lines if line.startswith("|")]
    table = {row[0]: dict(zip(rows[0], row, strict=True)) for row in rows[2:]}
    assert table[model][column] == cell


def test_the_table_has_every_accelerator() -> None:
    page = (ROOT / "docs/reference/accelerators.md").read_text(encoding="utf-8")
    lines = page[page.index("## Known accelerators") : page.index("## Known processors")].splitlines()
    assert [line.split("|")[1] for line in lines if line.startswith("|")][2:] == list(BY_MODEL)
