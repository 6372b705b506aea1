"""Look for everything that is wrong with files of the catalogue, each finding with its place and its fix."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from shlex import quote
from typing import Any

from aim_runtime.authoring.engine_version import EngineVersion
from aim_runtime.authoring.finding import Finding, Remark, Severity, warning
from aim_runtime.authoring.lint_engine import of_engine
from aim_runtime.authoring.lint_names import of_aim, of_names
from aim_runtime.engines import ENGINES
from aim_runtime.profiles.aim import AimFile
from aim_runtime.profiles.catalog import AIM_FILE
from aim_runtime.profiles.document import parse
from aim_runtime.profiles.faults import Broken
from aim_runtime.profiles.places import Written
from aim_runtime.profiles.profile import ProfileFile, todays_spelling
from aim_runtime.profiles.read import read

_SCHEMA = "schema"
_NOWHERE = Written(None, {}, {})
_OLD_SPELLINGS = {"gpu": "accelerator_model", "gpu_count": "accelerator_count"}


def files_under(path: Path) -> list[Path]:
    """The files of the catalogue below a folder, in order; a file is taken as it is.

    A mounted ConfigMap has every file a second time below `..data`: that copy is left out.
    """
    if not path.is_dir():
        return [path]
    return sorted(
        found
        for found in path.rglob("*.yaml")
        if not any(part.startswith("..") for part in found.relative_to(path).parts) and found.is_file()
    )


def lint(paths: Iterable[Path], engine: EngineVersion) -> Iterator[Finding]:
    """Yield what is wrong with each file, in the order of the files and then of their lines."""
    for path in paths:
        found = _of_aim(path) if path.name == AIM_FILE else _of_profile(path, engine)
        yield from sorted(found, key=lambda finding: (finding.line, finding.column))


def _of_aim(path: Path) -> list[Finding]:
    content = read(path, AimFile)
    if isinstance(content, Broken):
        return _faults(path, content, "mend what the line says")
    return _placed(path, list(of_aim(path, content)))


def _of_profile(path: Path, engine: EngineVersion) -> list[Finding]:
    written: dict[str, Any] = {}

    def before(data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("metadata"), dict):
            written.update(data["metadata"])
        return todays_spelling(data)

    content = read(path, ProfileFile, before)
    if isinstance(content, Broken):
        return _faults(path, content, "mend what the line says; aim-runtime profiles schema prints the keys")
    remarks = [*_old(path, written), *of_names(path, content)]
    if content.metadata.engine in ENGINES:
        remarks += of_engine(path, content, engine)
    return _placed(path, remarks)


def _old(path: Path, metadata: dict[str, Any]) -> Iterator[Remark]:
    for old, new in _OLD_SPELLINGS.items():
        if old in metadata:
            text = f"metadata.{old} is the 0.9 spelling of {new}"
            yield warning(
                "old-spelling", ("metadata", new), text, f"aim-runtime profiles migrate {quote(str(path))}"
            )


def _faults(path: Path, broken: Broken, fix: str) -> list[Finding]:
    return [
        Finding(path, fault.line or 1, fault.column or 1, Severity.ERROR, _SCHEMA, fault.text, fix)
        for fault in broken.faults
    ]


def _placed(path: Path, remarks: list[Remark]) -> list[Finding]:
    """Look up where the remarks' keys stand; only files with such remarks are read again for it."""
    written = _written(path) if any(remark.location for remark in remarks) else _NOWHERE
    found = []
    for remark in remarks:
        word = written.key(remark.location)
        line, column = word.line or 1, word.column or 1
        found.append(Finding(path, line, column, remark.severity, remark.rule, remark.text, remark.fix))
    return found


def _written(path: Path) -> Written:
    """The places of a file's keys; of a file that was damaged in the meantime none."""
    document = parse(path.read_text(encoding="utf-8"))
    if isinstance(document, Broken):
        return _NOWHERE
    return Written(document.root, document.data, todays_spelling(document.data))
