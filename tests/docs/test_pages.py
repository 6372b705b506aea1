"""The catalogue's pages: written from its data, and said to be stale when the data has moved on."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

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
        profile.write_text(re.sub(r"(?m)^  type: \w+$", "  type: unoptimized", text), encoding="utf-8")
    stale = generate(tmp_path, "--check")
    assert stale.returncode == 1
    assert "catalog/Qwen/Qwen3-32B/README.md" in stale.stderr
    assert "docs/reference/accelerators.md" in stale.stderr
    assert "Llama" not in stale.stderr
    assert generate(tmp_path).returncode == 0
    assert generate(tmp_path, "--check").returncode == 0


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
