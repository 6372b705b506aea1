"""The models room: what a hub tells of a model before a byte of its weights is fetched."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path

from aim_runtime.models import background
from aim_runtime.models.architecture import Architecture
from aim_runtime.models.ref import ModelRef
from aim_runtime.models.sources.huggingface_errors import foreign_errors
from aim_runtime.models.words import redact


def look_up(
    ref: ModelRef, endpoint: str, watch: Callable[[], None] = lambda: None, within_s: float = 4.0
) -> Architecture | None:
    """Return the facts of a model as its config.json and the sizes of its weights say.

    None when the hub does not tell within `within_s` seconds, for whatever reason: fetching will say
    which, and the memory check abstains. `watch` is called meanwhile; what it raises ends the waiting.
    """
    answer = background.start(lambda: _ask(ref, endpoint, within_s))
    if not background.finished(answer, watch, within_s):
        return None
    try:
        return answer.result()
    except foreign_errors():
        return None
    except RecursionError:  # a config.json of nothing but brackets
        return None


def _ask(ref: ModelRef, endpoint: str, within_s: float) -> Architecture | None:
    from huggingface_hub import HfApi, hf_hub_download
    from huggingface_hub.utils.tqdm import disable_progress_bars

    disable_progress_bars()
    info = HfApi(endpoint=endpoint).model_info(
        ref.name, revision=ref.revision, files_metadata=True, timeout=within_s
    )
    sizes = {file.rfilename: file.size or 0 for file in info.siblings or [] if "/" not in file.rfilename}
    with tempfile.TemporaryDirectory(prefix="aim-facts-") as folder:
        path = hf_hub_download(
            ref.name,
            "config.json",
            revision=info.sha,
            endpoint=endpoint,
            local_dir=folder,
            etag_timeout=within_s,
        )
        config = json.loads(Path(path).read_bytes())
    if not isinstance(config, dict):
        return None
    return Architecture.from_config(config, _weights_bytes(sizes), f"config.json at {redact(endpoint)}")


def _weights_bytes(sizes: dict[str, int]) -> int | None:
    """The size of the format that is fetched: safetensors where there are any."""
    for suffix in (".safetensors", ".bin"):
        found = [
            size
            for name, size in sizes.items()
            if name.endswith(suffix) and not name.startswith("consolidated")
        ]
        if found:
            return sum(found) or None
    return None
