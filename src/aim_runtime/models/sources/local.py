"""The models room: a folder that the user names; it is checked, and neither copied nor changed."""

from __future__ import annotations

import os
from pathlib import Path

from aim_runtime.errors import ModelNotFound, VerificationFailed
from aim_runtime.models.events import Report
from aim_runtime.models.preflight import problems
from aim_runtime.models.ref import ModelRef
from aim_runtime.models.sources.source import Fetched


class LocalSource:
    """Weights that are on this machine already."""

    def fetch(self, ref: ModelRef, into: Path, report: Report) -> Fetched:
        """Return the folder itself, or raise ModelNotFound or VerificationFailed."""
        folder = Path(ref.name)
        if not os.path.isdir(folder):  # noqa: PTH112 - Path.is_dir raises where a folder above is closed
            raise ModelNotFound(
                f"{folder} is not a folder that this user can open", hint="mount it, or correct the path"
            )
        faults = problems(folder)
        if faults:
            raise VerificationFailed(
                f"{folder} is not a whole model: {'; '.join(faults)}", hint="copy the missing files into it"
            )
        return Fetched(folder)
