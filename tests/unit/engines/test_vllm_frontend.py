"""vLLM's front end in Rust: when it serves, and that Python's does where it cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from aim_runtime.engines.launch import Argument, EngineInstall, EnvironmentVariable, Layer
from aim_runtime.engines.vllm_frontend import ASKED, PROGRAM, FrontEnd, front_end, lacking, program_in
from aim_runtime.errors import InvalidValue
from aim_runtime.settings import Settings

MODULE = ("/opt/python", "-m", "vllm.entrypoints.openai.api_server")
SCRIPT = ("/opt/vllm", "serve")
OTHER = EnvironmentVariable("VLLM_DO_NOT_TRACK", "1", Layer.PROFILE)


def engine(folder: Path, *, rust: bool = True) -> EngineInstall:
    (folder / "vllm").mkdir(parents=True)
    (folder / "vllm" / "__init__.py").touch()
    if rust:
        (folder / "vllm" / "vllm-rs").touch(0o755)
    return EngineInstall("vllm", "0.32.0", MODULE, Path(MODULE[0]), path=(str(folder / "no"), str(folder)))


def chosen(
    install: EngineInstall | None,
    *options: str,
    profile: str | None = "1",
    call: tuple[str, ...] = MODULE,
    lacks: str = "",
    **theirs: str,
) -> FrontEnd:
    asked = (EnvironmentVariable(ASKED, profile, Layer.PROFILE),) if profile is not None else ()
    arguments = [Argument(key, "x", Layer.PROFILE) for key in ("model", *options)]
    settings = Settings(engine_environment=theirs)
    return front_end(call, (OTHER, *asked), arguments, install, settings, lacks=lacks)


def test_the_module_that_serves_with_python_only_is_not_called(tmp_path: Path) -> None:
    found = chosen(engine(tmp_path))
    assert found.call[:2] == (MODULE[0], "-c")
    assert "vllm.entrypoints.cli.serve" in found.call[2]
    assert EnvironmentVariable(ASKED, "1", Layer.PROFILE) in found.variables


def test_vllms_own_script_knows_both(tmp_path: Path) -> None:
    assert chosen(engine(tmp_path), call=SCRIPT).call == SCRIPT


@pytest.mark.parametrize("value", [None, "", "0"])
def test_who_does_not_ask_gets_pythons(tmp_path: Path, value: str | None) -> None:
    assert chosen(engine(tmp_path), profile=value).call == MODULE


def test_the_users_word_stands(tmp_path: Path) -> None:
    install = engine(tmp_path)
    assert chosen(install, VLLM_USE_RUST_FRONTEND="0").call == MODULE
    assert chosen(install, profile=None, VLLM_USE_RUST_FRONTEND="1").call[1] == "-c"


@pytest.mark.parametrize(
    ("rust", "options", "lacks", "why"),
    [
        (False, (), "", "this vLLM came without vllm-rs"),
        (True, ("root-path",), "", "it has no --root-path yet"),
        (True, (), "it has no embeddings", "it has no embeddings"),
    ],
)
def test_where_it_cannot_pythons_serves_a_profile_and_a_user_is_told(
    tmp_path: Path, rust: bool, options: tuple[str, ...], lacks: str, why: str
) -> None:
    install = engine(tmp_path, rust=rust)
    found = chosen(install, *options, lacks=lacks)
    assert found.call == MODULE
    left = next(each for each in found.variables if each.name == ASKED)
    assert (left.value, left.layer) == (None, Layer.MACHINE)
    assert left.reason.startswith(f"the front end in Python serves: {why}")
    assert OTHER in found.variables
    with pytest.raises(
        InvalidValue, match=f"{ASKED}=1 of the environment cannot be followed: {why}"
    ) as error:
        chosen(install, *options, profile=None, lacks=lacks, VLLM_USE_RUST_FRONTEND="1")
    assert f"unset {ASKED}" in error.value.hint


def test_a_program_elsewhere_is_taken(tmp_path: Path) -> None:
    elsewhere = {PROGRAM: str(tmp_path / "built" / "vllm-rs")}
    assert chosen(engine(tmp_path, rust=False), **elsewhere).call[1] == "-c"


def test_nothing_is_known_of_an_engine_that_is_not_here() -> None:
    assert chosen(None, call=SCRIPT).call == SCRIPT


def test_the_first_vllm_of_a_path_counts(tmp_path: Path) -> None:
    with_it, without = engine(tmp_path / "a"), engine(tmp_path / "b", rust=False)
    assert program_in((*with_it.path, *without.path)) == tmp_path / "a" / "vllm" / "vllm-rs"
    assert program_in((*without.path, *with_it.path)) is None


def test_what_it_cannot_do_of_a_plan() -> None:
    assert lacking(adapters=False, embeds=False, spread=False) == ""
    assert "LoRA" in lacking(adapters=True, embeds=False, spread=False)
    assert "embeddings" in lacking(adapters=False, embeds=True, spread=False)
    assert "several machines" in lacking(adapters=False, embeds=False, spread=True)
