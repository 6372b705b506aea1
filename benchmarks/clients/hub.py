"""huggingface_hub's snapshot_download with its defaults. It compares sizes, no checksum."""

from __future__ import annotations

from clients import run


def download(source: str, into: str) -> None:
    snapshot_download(source.removeprefix("hf://"), local_dir=into)


from huggingface_hub import snapshot_download  # noqa: E402
from huggingface_hub.utils.tqdm import disable_progress_bars  # noqa: E402

disable_progress_bars()
run(download)
