"""The models room: what programs that were killed leave in a cache, and never come back to."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from pathlib import Path

# huggingface_hub's `<etag>.<uuid>.incomplete` (https://github.com/huggingface/huggingface_hub/issues/4196),
# boto3's `model.safetensors.9031f17d`; and ours: a file that was set aside, a record that was not finished.
NAME = re.compile(r".+\.(incomplete|damaged)|.+\.(safetensors|bin|json|gguf)\.[0-9a-fA-F]{8}|\.aim-.+\.tmp")
# What other programs write right now looks like what they left.
PATIENCE_S = 3600.0


def sweep(folder: Path) -> None:
    """Remove what nobody has written to for long; what cannot be removed stays."""
    with suppress(OSError):
        for path in folder.iterdir():
            with suppress(OSError):
                if NAME.fullmatch(path.name) and time.time() - path.lstat().st_mtime > PATIENCE_S:
                    path.unlink()
