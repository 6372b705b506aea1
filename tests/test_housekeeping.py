"""What a serious project keeps in order: versions, pins, licence, and no traces of anybody's machine."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from aim_runtime import __version__

ROOT = Path(__file__).parents[1]
# What is installed into the package's environment, and so must agree; servers have one of their own.
REQUIREMENTS = sorted(
    path for path in (ROOT / "requirements").glob("*.txt") if not path.name.startswith("servers")
)
MAX_FILE_BYTES = 1_000_000

# Spelled in pieces, so that this file does not find itself.
_MACHINE_FOLDERS = ("root", "tmp", r"home/[\w.-]+", "opt/wheels", "opt/pypi")
MACHINE_PATH = re.compile(r"(?<![\w.~$})/-])/(?:" + "|".join(_MACHINE_FOLDERS) + r")(?:/|(?=-more\b))")


def repository_files() -> list[Path]:
    """Files that are, or without .gitignore would be, in the repository."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    return [path for name in sorted(set(listed.split("\0")) - {""}) if (path := ROOT / name).is_file()]


def pins(path: Path) -> dict[str, str]:
    """Name to version, of one requirements file; any line that is not an exact pin is an error."""
    found: dict[str, str] = {}
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        if not line or line.startswith(("#", "-r ")):
            continue
        match = re.match(r"([\w.-]+)==([\w.!+]+)(?: ;.*| --hash=.*)?$", line)
        assert match, f"{path.name}:{number}: not pinned with ==: {line}"
        found[re.sub(r"[-_.]+", "-", match[1]).lower()] = match[2]
    return found


def test_changelog_begins_with_the_version_of_the_package() -> None:
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest, "CHANGELOG.md has no entry"
    assert newest[1] == __version__


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: path.name)
def test_every_requirement_is_pinned(path: Path) -> None:
    assert pins(path)


def test_requirement_lists_agree() -> None:
    first: dict[str, tuple[str, str]] = {}
    for path in REQUIREMENTS:
        for name, version in pins(path).items():
            seen, where = first.setdefault(name, (version, path.name))
            assert version == seen, f"{name}: {version} in {path.name}, {seen} in {where}"


def test_licence_is_mit() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert text.startswith("MIT License")
    assert "Permission is hereby granted, free of charge" in text


def test_no_file_is_large() -> None:
    large = {str(path.relative_to(ROOT)): path.stat().st_size for path in repository_files()}
    assert not {name: size for name, size in large.items() if size > MAX_FILE_BYTES}


def test_no_file_names_a_folder_of_somebodys_machine() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}"
        for path in repository_files()
        if not path.is_relative_to(ROOT / "tests/golden")
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), start=1)
        if MACHINE_PATH.search(line)
    ]
    assert not found, "\n".join(found)
