"""Write generated files, or say which are stale; what the generators of pages share."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path


def write_or_check(root: Path, files: Mapping[str, str], check: bool) -> int:
    """Write the files (path below `root` to text) that differ; with `check` only name them and return 1."""
    stale = []
    for name, text in files.items():
        path = root / name
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"wrote {name}")
    if check and stale:
        print(f"stale: {', '.join(stale)}; run: make generate", file=sys.stderr)
        return 1
    return 0
