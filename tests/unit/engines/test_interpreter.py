"""The Python that has the engine: asked where it looks, and refused by name when it is none."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from aim_runtime.engines.interpreter import interpreter
from aim_runtime.engines.vllm import Vllm, importable
from aim_runtime.errors import InvalidValue


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """An environment of its own, with an engine that this program's does not have."""
    import venv

    venv.create(tmp_path / "other", symlinks=True)
    (site,) = (tmp_path / "other").glob("lib/python3*/site-packages")
    (site / "vllm").mkdir()
    (site / "vllm/__init__.py").touch()
    (site / "cohere_melody.py").touch()
    (site / "vllm-0.31.7.dist-info").mkdir()
    script = tmp_path / "other/bin/vllm"
    script.touch()
    return tmp_path / "other/bin/python"


def test_the_programs_own() -> None:
    own = interpreter(None)
    assert (own.python, own.path) == (Path(sys.executable), tuple(sys.path))


def test_an_engine_is_found_in_another_environment(other: Path) -> None:
    found = Vllm().find(str(other))
    assert found is not None
    assert (found.version, found.python) == ("0.31.7", other)
    assert found.command == (str(other.with_name("vllm")), "serve")
    assert importable(found, "cohere_melody")
    assert not importable(found, "msgspec")
    assert importable(None, "msgspec")


def test_a_name_is_looked_for_on_the_path(other: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(other.parent), prepend=":")
    assert interpreter("python").python == other


@pytest.mark.parametrize(
    ("program", "words"),
    [
        (None, "there is no such program"),
        ("#!/bin/sh\necho no Python >&2; exit 3\n", "no Python"),
        ("#!/bin/sh\nexit 3\n", "exit code 3"),
        ("#!/bin/sh\necho hello\n", "Expecting value"),
        ("not a program", "Exec format error"),
    ],
)
def test_what_is_no_python_is_refused(tmp_path: Path, program: str | None, words: str) -> None:
    path = tmp_path / "python"
    if program is not None:
        path.write_text(program)
        path.chmod(0o755)
    with pytest.raises(InvalidValue, match=words) as refused:
        interpreter(str(path))
    assert f"AIM_ENGINE_PYTHON={path}" in refused.value.message
