"""Where records are kept: a file, or a folder that has the newest of them."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from aim_runtime.models import sharing
from aim_runtime.record.text import write
from aim_runtime.record.values import Record

KEPT = 20
_NAME = re.compile(r"\d{8}T\d{6}Z-.+-[0-9a-f]{8}\.json")


@dataclass(frozen=True)
class Shelf:
    """The place of one run's record; `folder` is None where the user named the file."""

    path: Path
    folder: Path | None

    @classmethod
    def of(cls, place: Path, model_id: str, began: datetime, id_: str) -> Shelf:
        """Return the place for a run; what ends with .json is a file, anything else a folder."""
        if place.suffix == ".json" and not os.path.isdir(place):  # noqa: PTH112 - Path.is_dir raises
            return cls(place, None)
        model = re.sub(r"[^\w.-]", "_", model_id.replace("/", "--"), flags=re.ASCII)
        return cls(place / f"{began.astimezone(UTC):%Y%m%dT%H%M%SZ}-{model}-{id_}.json", place)

    def put(self, record: Record) -> None:
        """Write the record whole or not at all. Raises OSError."""
        sharing.make(self.path.parent)
        temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}.tmp")
        try:
            with temporary.open("w", encoding="utf-8") as file:
                file.write(write(record))
                file.flush()
                os.fsync(file.fileno())
            sharing.open_as_the_parent(temporary)
            temporary.replace(self.path)
        except OSError:
            with suppress(OSError):
                temporary.unlink()
            raise

    def tidy(self) -> None:
        """Remove the oldest records of the folder; never this one, and nothing that is no record's."""
        if self.folder is None:
            return
        with suppress(OSError):
            names = sorted(each.name for each in self.folder.iterdir() if _NAME.fullmatch(each.name))
            for name in names[:-KEPT]:
                if name != self.path.name:
                    with suppress(OSError):
                        (self.folder / name).unlink()
