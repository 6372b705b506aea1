"""The models room: Xet, the transport of the Hugging Face hub itself, which fetches no chunk twice.

It speaks with a host of Hugging Face's whatever the endpoint is, so that a mirror is of no use to it
(https://github.com/huggingface/huggingface_hub/issues/4475): for any other endpoint the mover does it.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from aim_runtime.models import background
from aim_runtime.models.cache import ensure_space
from aim_runtime.models.events import Progress, Report
from aim_runtime.models.ref import ModelRef
from aim_runtime.models.sources.huggingface_errors import explain, foreign_errors
from aim_runtime.models.sources.source import Fetched
from aim_runtime.models.transfer.leftovers import remove_strangers
from aim_runtime.models.transfer.remote import Snapshot
from aim_runtime.variables import DEFAULT_HUB_ENDPOINT

_FILES_AT_ONCE = 8
_TRUE = ("1", "on", "yes", "true")


def is_to_be_used(endpoint: str, environment: Mapping[str, str]) -> bool:
    """Return whether the real hub is asked, and its library has the transport and may use it."""
    from importlib.util import find_spec

    disabled = environment.get("HF_HUB_DISABLE_XET", "").casefold() in _TRUE
    return endpoint == DEFAULT_HUB_ENDPOINT and not disabled and find_spec("hf_xet") is not None


def fetch(snapshot: Snapshot, ref: ModelRef, endpoint: str, into: Path, report: Report) -> Fetched:
    """Download the files of `snapshot` with huggingface_hub; whole files in `into` are not fetched again."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.utils.tqdm import disable_progress_bars

    disable_progress_bars()
    sizes = {file.name: file.size_bytes for file in snapshot.files}
    total_bytes = sum(sizes.values())
    # From 1.18 on the library never comes back to an unfinished file; each try leaves another.
    # https://github.com/huggingface/huggingface_hub/issues/4196
    for orphan in list(into.rglob("*.????????.incomplete")):
        orphan.unlink(missing_ok=True)
    ensure_space(into, total_bytes - background.bytes_below(into))

    def bring(name: str) -> None:
        hf_hub_download(ref.name, name, revision=snapshot.revision, local_dir=into, endpoint=endpoint)

    def watch() -> None:
        report(Progress("download", min(background.bytes_below(into), total_bytes), total_bytes))

    # Not snapshot_download: its threads are an executor's, for which an interrupted program waits
    # until the last file under way has arrived, longer than a container is given to stop.
    largest_first = sorted(sizes, key=lambda name: -sizes[name])  # so that none of them is left for the end
    try:
        background.watched(background.each(largest_first, bring, _FILES_AT_ONCE), watch)
        watch()
    except foreign_errors() as error:
        raise explain(error, ref, endpoint, started=True) from error
    shutil.rmtree(into / ".cache", ignore_errors=True)  # the library's notes about what it was doing
    remove_strangers(into, sizes)
    promised = {file.name: file.digest for file in snapshot.files if file.digest}
    return Fetched(into, snapshot.revision, promised=promised)
