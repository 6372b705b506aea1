"""The environment, parsed once: every variable, its good values, and words for the bad ones."""

from __future__ import annotations

import ast
import inspect
import json
import re
from pathlib import Path
from typing import Any

import pytest

from aim_runtime import settings as settings_module
from aim_runtime import variables
from aim_runtime.errors import ConfigError, InvalidModelRef, InvalidValue, UnknownVariable
from aim_runtime.models.ref import ModelRef
from aim_runtime.settings import AdapterSettings, Serving, Settings, expand_secret_files
from aim_runtime.slo import Objective, Slo
from aim_runtime.variables import VARIABLES
from aim_runtime.vocabulary import AcceleratorType, AdapterMode, LoadStrategy, Metric, OnFailure, Precision

PLANTED = "hf_planted_secret_0123456789"


def read(**environ: str) -> Settings:
    return Settings.from_env(environ)


def test_an_empty_environment_gives_the_defaults() -> None:
    assert read() == Settings()
    assert Settings().metric is Metric.LATENCY
    assert Settings().port == 8000
    assert Settings().cache_path == Path("/workspace/model-cache")


GOOD: list[tuple[str, str, str, Any]] = [
    ("AIM_ID", "CohereLabs/command-a", "aim_id", "CohereLabs/command-a"),
    ("AIM_ID", "hf://CohereLabs/command-a", "aim_id", "CohereLabs/command-a"),
    ("AIM_MODEL_ID", "org/model", "model_ref", ModelRef.parse("hf://org/model")),
    ("AIM_MODEL_ID", "hf://org/model@v1", "model_ref", ModelRef.parse("org/model@v1")),
    ("AIM_MODEL_ID", "/data/model", "model_ref", ModelRef.parse("file:///data/model")),
    ("AIM_CUSTOM_MODEL_NAME", "me/mine", "custom_model_name", "me/mine"),
    ("AIM_PROFILE_ID", "general/vllm-x", "profile_id", "general/vllm-x"),
    ("AIM_PRECISION", "fp8", "precision", Precision.FP8),
    ("AIM_PRECISION", " FP8 ", "precision", Precision.FP8),
    ("AIM_PRECISION", "auto", "precision", None),
    ("AIM_METRIC", "Throughput", "metric", Metric.THROUGHPUT),
    ("AIM_METRIC", "auto", "metric", Metric.LATENCY),
    ("AIM_METRIC", "auto", "any_metric", False),
    ("AIM_SLO", "ttft_p90_ms<=500", "slo", Slo((Objective("ttft", 90, 0.5),))),
    ("AIM_SLO", "ttft_p90_ms<=500", "any_metric", True),
    ("AIM_SLO", "ttft_p90_ms<=500", "metric", Metric.LATENCY),
    ("AIM_SLO", "ttft_p90_ms<=500", "metrics", "latency or throughput"),
    ("AIM_METRIC", "throughput", "metrics", "throughput"),
    ("AIM_ENGINE", "vLLM", "engine", "vllm"),
    ("AIM_ENGINE", "auto", "engine", "vllm"),
    ("AIM_ACCELERATOR_TYPE", "CPU", "accelerator_type", AcceleratorType.CPU),
    ("AIM_ACCELERATOR_TYPE", "auto", "accelerator_type", None),
    ("AIM_ACCELERATOR_MODEL", "0x74a1", "accelerator_model", "0x74a1"),
    ("AIM_ACCELERATOR_MODEL", "Auto", "accelerator_model", None),
    ("AIM_GPU_MODEL", "MI300X", "accelerator_model", "MI300X"),
    ("AIM_ACCELERATOR_COUNT", "4", "accelerator_count", 4),
    ("AIM_ACCELERATOR_COUNT", "auto", "accelerator_count", None),
    ("AIM_GPU_COUNT", "2", "accelerator_count", 2),
    ("AIM_ALLOW_GENERAL_PROFILE_FALLBACK", "False", "allow_general_profile_fallback", False),
    ("AIM_ALLOW_GENERAL_PROFILE_FALLBACK", "off", "allow_general_profile_fallback", False),
    ("AIM_ALLOW_UNOPTIMIZED", "1", "allow_unoptimized", True),
    ("AIM_ALLOW_UNOPTIMIZED", "yes", "allow_unoptimized", True),
    ("AIM_ENGINE_ARGS", '{"max-model-len": 8192}', "engine_args", {"max-model-len": 8192}),
    ("AIM_CACHE_PATH", "/models", "cache_path", Path("/models")),
    ("AIM_PROFILES_PATH", "/profiles", "profiles_path", Path("/profiles")),
    ("AIM_LOAD_STRATEGY", "Prefetch", "load_strategy", LoadStrategy.PREFETCH),
    ("AIM_LOAD_STRATEGY", "default", "load_strategy", LoadStrategy.DEFAULT),
    ("AIM_LOAD_STRATEGY", "auto", "load_strategy", None),
    ("AIM_PORT", "65535", "port", 65535),
    ("AIM_PORT", "tcp://10.0.0.1:80", "port", 8000),
    ("AIM_LOG_LEVEL", "debug", "log_level", "DEBUG"),
    ("AIM_LOG_LEVEL_ROOT", "error", "log_level_root", "ERROR"),
    ("AIM_LOG_FORMAT", "JSON", "log_format", "json"),
    ("HF_ENDPOINT", "http://mirror:8080/", "hub_endpoint", "http://mirror:8080"),
    ("HF_TOKEN", PLANTED, "token_present", True),
]


@pytest.mark.parametrize(
    ("name", "value", "field", "expected"), GOOD, ids=[f"{name}={value}" for name, value, *_ in GOOD]
)
def test_good_value(name: str, value: str, field: str, expected: Any) -> None:
    assert getattr(read(**{name: value}), field) == expected


@pytest.mark.parametrize(
    ("metric", "any_metric"), [("latency", False), ("throughput", False), ("auto", True), ("", True)]
)
def test_a_metric_that_is_asked_for_stays_a_test_beside_a_service_level(
    metric: str, any_metric: bool
) -> None:
    found = read(AIM_METRIC=metric, AIM_SLO="tpot_p90_ms<=50")
    assert found.any_metric is any_metric
    assert found.metric == (metric if not any_metric else "latency")


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({}, None),
        ({"HOME": "/h"}, "/h/.cache/huggingface/hub"),
        ({"HOME": "/h", "XDG_CACHE_HOME": "/x"}, "/x/huggingface/hub"),
        ({"HOME": "/h", "XDG_CACHE_HOME": "/x", "HF_HOME": "/hf"}, "/hf/hub"),
        ({"HF_HOME": "/hf", "HF_HUB_CACHE": "/c"}, "/c"),
        ({"HF_HOME": "/hf", "HUGGINGFACE_HUB_CACHE": "/old"}, "/old"),
        ({"HF_HOME": "/hf", "HF_HUB_CACHE": " "}, "/hf/hub"),
    ],
)
def test_the_users_own_hugging_face_cache_is_where_its_client_has_it(
    environ: dict[str, str], folder: str | None
) -> None:
    assert Settings.from_env(environ).hub_cache_path == (Path(folder) if folder else None)


@pytest.mark.parametrize("value", ["", "   "], ids=["empty", "blank"])
@pytest.mark.parametrize("name", [n for variable in VARIABLES for n in (variable.name, *variable.aliases)])
def test_empty_counts_as_unset(name: str, value: str) -> None:
    if name in ("AIM_MANAGEMENT_PORT", "AIM_RECORD_PATH"):
        return  # there it is the way to have none: test_no_management_port, test_where_the_record_goes
    assert read(**{name: value}) == Settings()


BAD: list[tuple[str, str, str, str]] = [
    ("AIM_ID", "no-slash", "not a model name", "org/model"),
    ("AIM_ID", "a/../b", "not a model name", "org/model"),
    ("AIM_CUSTOM_MODEL_NAME", "a/b/c", "not a model name", "org/model"),
    ("AIM_PRECISION", "fp9", "did you mean fp8?", "auto, int4, int8, fp4, fp8, fp16, bf16, fp32"),
    ("AIM_METRIC", "latncy", "did you mean latency?", "latency, throughput"),
    ("AIM_SLO", "ttft_p90<=500", "did you mean ttft_p90_ms?", "limits parted by commas"),
    ("AIM_SLO", "ttft_p90_ms>=500", "ttft_p90_ms takes <=, not >=", "limits parted by commas"),
    ("AIM_SLO", "fast", "fast is not NAME<=NUMBER", "limits parted by commas"),
    ("AIM_SLO", "clients>=8", "no latency is limited", "limits parted by commas"),
    ("AIM_ENGINE", "vlm", "did you mean vllm?", "vllm"),
    ("AIM_ENGINE", "sglang", "not one of vllm", "vllm"),
    ("AIM_ACCELERATOR_TYPE", "tpu", "not an accelerator type; did you mean", "auto, gpu, cpu"),
    ("AIM_ACCELERATOR_COUNT", "two", "not a number of accelerators", "auto or a number from 1"),
    ("AIM_ACCELERATOR_COUNT", "0", "not a number of accelerators", "auto or a number from 1"),
    ("AIM_ACCELERATOR_COUNT", "-1", "not a number of accelerators", "auto or a number from 1"),
    ("AIM_ACCELERATOR_COUNT", "٣", "not a number of accelerators", "auto or a number from 1"),
    ("AIM_GPU_COUNT", "1.5", "not a number of accelerators", "auto or a number from 1"),
    ("AIM_ALLOW_GENERAL_PROFILE_FALLBACK", "maybe", "neither true nor false", "true, false"),
    ("AIM_ALLOW_UNOPTIMIZED", "2", "neither true nor false", "true, false"),
    ("AIM_ENGINE_ARGS", "{broken", "not JSON: ", 'a JSON object, for example {"max-model-len": 8192}'),
    ("AIM_ENGINE_ARGS", "[1]", "JSON, but not an object: list", "a JSON object"),
    ("AIM_PORT", "80x", "not a port number", "a number from 1 to 65535"),
    ("AIM_PORT", "-1", "not a port number", "a number from 1 to 65535"),
    ("AIM_PORT", "0", "outside the range of ports", "a number from 1 to 65535"),
    ("AIM_PORT", "65536", "outside the range of ports", "a number from 1 to 65535"),
    ("AIM_LOG_LEVEL", "DEBG", "did you mean DEBUG?", "DEBUG, INFO, WARNING, ERROR, CRITICAL"),
    ("AIM_LOG_LEVEL_ROOT", "loud", "not one of DEBUG", "DEBUG, INFO"),
    ("AIM_LOAD_STRATEGY", "fastsafetensor", "not a load strategy; did you mean", "auto, default, prefetch"),
    ("AIM_LOG_FORMAT", "jsn", "did you mean json?", "text, json"),
    ("HF_ENDPOINT", "mirror.example", "not a URL", "a URL"),
]


@pytest.mark.parametrize(
    ("name", "value", "reason", "allowed"), BAD, ids=[f"{name}={value}" for name, value, *_ in BAD]
)
def test_bad_value_names_variable_value_and_what_is_allowed(
    name: str, value: str, reason: str, allowed: str
) -> None:
    with pytest.raises(InvalidValue) as caught:
        read(**{name: value})
    assert caught.value.message.startswith(f"{name}={value}: ")
    assert reason in caught.value.message
    assert caught.value.hint.startswith(f"set {name} to: {allowed}")


@pytest.mark.parametrize(
    ("value", "reason"),
    [("h://org/model", "scheme h:// is not known; did you mean hf?"), ("model", "not a model reference")],
)
def test_bad_model_reference(value: str, reason: str) -> None:
    with pytest.raises(InvalidModelRef) as caught:
        read(AIM_MODEL_ID=value)
    assert caught.value.message.startswith(f"AIM_MODEL_ID='{value}'")
    assert reason in caught.value.message
    assert "hf://org/model" in caught.value.hint


@pytest.mark.parametrize(
    ("new", "old", "field", "values"),
    [
        ("AIM_ACCELERATOR_MODEL", "AIM_GPU_MODEL", "accelerator_model", ("MI300X", "MI325X")),
        ("AIM_ACCELERATOR_COUNT", "AIM_GPU_COUNT", "accelerator_count", ("4", "8")),
    ],
)
def test_new_name_wins_over_its_alias(new: str, old: str, field: str, values: tuple[str, str]) -> None:
    assert str(getattr(read(**{new: values[0], old: values[1]}), field)) == values[0]
    assert str(getattr(read(**{new: "", old: values[1]}), field)) == values[1]
    assert getattr(read(**{new: "auto", old: values[1]}), field) is None


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("AIM_PRECISON", "AIM_PRECISION"),
        ("AIM_MODELID", "AIM_MODEL_ID"),
        ("AIM_GPU_MODELL", "AIM_GPU_MODEL"),
        ("AIM_ENGINE_ARG", "AIM_ENGINE_ARGS"),
    ],
)
def test_misspelled_name_is_refused_with_the_right_one(name: str, meant: str) -> None:
    with pytest.raises(UnknownVariable) as caught:
        read(**{name: "fp8"})
    assert caught.value.exit_code == 2
    assert caught.value.message == f"{name}=fp8: no such variable; did you mean {meant}?"
    assert meant in caught.value.hint


def test_a_name_like_no_other_is_reported() -> None:
    assert read(AIM_SOMETHING_ELSE="1").warnings == (
        "AIM_SOMETHING_ELSE is set, but no such variable is known: ignored",
    )


@pytest.mark.parametrize("name", sorted(variables.IGNORED))
def test_what_images_and_operators_set_is_silently_ignored(name: str) -> None:
    assert read(**{name: "x"}) == Settings()


def test_a_misspelled_port_is_no_service_link() -> None:
    with pytest.raises(UnknownVariable) as caught:
        read(AIM_MANAGMENT_PORT="8001")
    assert "did you mean AIM_MANAGEMENT_PORT?" in caught.value.message


def test_kubernetes_service_links_are_ignored() -> None:
    links = {
        "AIM_SERVICE_HOST": "10.0.0.1",
        "AIM_SERVICE_PORT": "8000",
        "AIM_SERVICE_PORT_HTTP": "8000",
        "AIM_PORT": "tcp://10.0.0.1:8000",
        "AIM_PORT_8000_TCP": "tcp://10.0.0.1:8000",
        "AIM_PORT_8000_TCP_ADDR": "10.0.0.1",
        "AIM_PORT_8000_TCP_PORT": "8000",
        "AIM_PORT_8000_TCP_PROTO": "tcp",
        "AIM_COHERE_SERVICE_HOST": "10.0.0.2",
        "AIM_COHERE_PORT": "tcp://10.0.0.2:80",
        "AIM_COHERE_PORT_80_TCP": "tcp://10.0.0.2:80",
    }
    found = read(**links)
    assert found.port == 8000
    (warning,) = found.warnings
    assert "AIM_PORT holds a Kubernetes service link" in warning
    assert "enableServiceLinks" in warning


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, None),
        ({"AIM_ID": "a/id"}, "a/id"),
        ({"AIM_MODEL_ID": "b/model@main"}, "b/model"),
        ({"AIM_ID": "a/id", "AIM_MODEL_ID": "b/model"}, "a/id"),
        ({"AIM_CUSTOM_MODEL_NAME": "c/name", "AIM_MODEL_ID": "b/model"}, "c/name"),
        ({"AIM_ID": "a/id", "AIM_CUSTOM_MODEL_NAME": "c/name"}, "a/id"),
        ({"AIM_ID": "", "AIM_MODEL_ID": "/srv/org/model"}, "org/model"),
    ],
)
def test_whose_profiles_are_asked_for(environ: dict[str, str], expected: str | None) -> None:
    assert read(**environ).aim == expected


def test_every_variable_of_the_table_is_read() -> None:
    tree = ast.parse(inspect.getsource(settings_module))
    used = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    assert {variable.name for variable in VARIABLES} - used == set()


def test_the_table_has_no_name_twice_and_a_meaning_for_each() -> None:
    names = [name for variable in VARIABLES for name in (variable.name, *variable.aliases)]
    assert len(names) == len(set(names))
    assert not set(names) & (variables.IGNORED)
    assert all(variable.meaning and variable.allowed for variable in VARIABLES)


def test_arguments_after_the_dashes_are_kept() -> None:
    assert Settings.from_env({}, ("--max-model-len", "8")).extra_args == ("--max-model-len", "8")


def test_home_folder_is_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/somewhere")
    assert read(AIM_CACHE_PATH="~/models").cache_path == Path("/somewhere/models")


@pytest.mark.parametrize(
    ("variable", "path"),
    [("HOME", ".cache/huggingface/token"), ("HF_HOME", "token"), ("HF_TOKEN_PATH", None)],
)
def test_a_token_that_a_login_left_is_found(tmp_path: Path, variable: str, path: str | None) -> None:
    token = tmp_path / (path or "anywhere")
    environ = {variable: str(tmp_path if path else token)}
    assert not read(**environ).token_present
    token.parent.mkdir(parents=True, exist_ok=True)
    token.write_text(PLANTED)
    assert read(**environ).token_present


def test_the_older_name_of_the_token_is_one_too() -> None:
    assert read(HUGGING_FACE_HUB_TOKEN=PLANTED).token_present
    assert not read(HUGGING_FACE_HUB_TOKEN=" ", HOME="/nonexistent").token_present


def test_hf_home_replaces_the_home_folder(tmp_path: Path) -> None:
    (tmp_path / ".cache/huggingface").mkdir(parents=True)
    (tmp_path / ".cache/huggingface/token").write_text(PLANTED)
    assert not read(HOME=str(tmp_path), HF_HOME=str(tmp_path / "other")).token_present


def test_secret_files_are_read(tmp_path: Path) -> None:
    files = {name: tmp_path / name for name in variables.SECRETS}
    for name, path in files.items():
        path.write_text(f"secret of {name}\n")
    environ = {f"{name}_FILE": str(path) for name, path in files.items()}
    assert expand_secret_files(environ) == {name: f"secret of {name}" for name in variables.SECRETS}


def test_an_explicit_secret_wins_over_its_file(tmp_path: Path) -> None:
    environ = {"HF_TOKEN": "given", "HF_TOKEN_FILE": str(tmp_path / "missing")}
    assert expand_secret_files(environ) == {}
    assert expand_secret_files({"HF_TOKEN_FILE": ""}) == {}


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "cannot be read: No such file"), (b" \n", "is an empty file"), (b"\xff\xfe", "not text")],
    ids=["missing", "empty", "binary"],
)
def test_a_bad_secret_file_is_refused(tmp_path: Path, content: bytes | None, reason: str) -> None:
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InvalidValue, match=reason) as caught:
        expand_secret_files({"HF_TOKEN_FILE": str(path)})
    assert caught.value.message.startswith(f"HF_TOKEN_FILE={path} ")


def test_no_secret_is_kept_in_the_value() -> None:
    secrets = {name: f"{PLANTED}{index}" for index, name in enumerate(variables.SECRETS)}
    found = read(**secrets, VLLM_OTHER_KEY=PLANTED, VLLM_LOGGING_LEVEL="DEBUG")
    assert PLANTED not in repr(found)
    assert PLANTED not in json.dumps(dict(found.engine_environment))
    assert found.engine_environment == {"VLLM_LOGGING_LEVEL": "DEBUG"}


def test_engine_variables_are_kept_for_the_plan() -> None:
    environ = {"VLLM_USE_V1": "1", "HIP_VISIBLE_DEVICES": "0", "PATH": "/bin", "MY_VLLM_X": "1"}
    assert dict(read(**environ).engine_environment) == {"HIP_VISIBLE_DEVICES": "0", "VLLM_USE_V1": "1"}


def test_errors_are_of_one_kind() -> None:
    assert issubclass(UnknownVariable, ConfigError)
    assert issubclass(InvalidModelRef, ConfigError)


def test_how_the_service_is_watched_and_ended() -> None:
    assert read().serving == Serving()
    found = read(
        AIM_MANAGEMENT_PORT="9001",
        AIM_MANAGEMENT_HOST="0.0.0.0",
        AIM_DRAIN_SECONDS="0",
        AIM_STALL_SECONDS="2.5",
        AIM_READY_SECONDS="600",
        AIM_ON_FAILURE="Next-Profile",
        AIM_TERMINATION_LOG="/t/log",
    ).serving
    assert found == Serving(9001, "0.0.0.0", 0.0, 2.5, 600.0, OnFailure.NEXT_PROFILE, Path("/t/log"))


@pytest.mark.parametrize("value", ["", " ", "0", "off"])
def test_no_management_port(value: str) -> None:
    assert read(AIM_MANAGEMENT_PORT=value).serving.management_port == 0


@pytest.mark.parametrize(
    ("environ", "path"),
    [
        ({}, "/workspace/model-cache/.aim/runs"),
        ({"AIM_CACHE_PATH": "/c"}, "/c/.aim/runs"),
        ({"AIM_CACHE_PATH": "/c", "AIM_RECORD_PATH": "/r/run.json"}, "/r/run.json"),
        ({"AIM_RECORD_PATH": ""}, None),
        ({"AIM_RECORD_PATH": " "}, None),
    ],
)
def test_where_the_record_goes(environ: dict[str, str], path: str | None) -> None:
    assert read(**environ).serving.record_path == (Path(path) if path else None)


def test_a_service_link_is_no_management_port() -> None:
    assert read(AIM_MANAGEMENT_PORT="tcp://10.0.0.1:80").serving.management_port == 8001


def test_adapters() -> None:
    assert read().adapters == AdapterSettings()
    found = read(
        AIM_ADAPTER_SOURCE="/adapters",
        AIM_ADAPTER_MODE="dynamic",
        AIM_ADAPTER_REFRESH_INTERVAL="5",
        AIM_ADAPTER_MAX_COUNT="20",
        AIM_ADAPTER_MAX_RANK="64",
    ).adapters
    # What is on the accelerator is in memory too: the smaller limit of memory is raised.
    assert found == AdapterSettings(Path("/adapters"), AdapterMode.DYNAMIC, 5.0, 20, 20, 64, asked=True)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("AIM_DRAIN_SECONDS", "-1", "not at least 0 seconds"),
        ("AIM_STALL_SECONDS", "0", "not at least 1 seconds"),
        ("AIM_READY_SECONDS", "soon", "not a number of seconds"),
        ("AIM_READY_SECONDS", "inf", "not at least 0 seconds"),
        ("AIM_ON_FAILURE", "retri", "did you mean retry?"),
        ("AIM_MANAGEMENT_PORT", "70000", "outside the range of ports"),
        ("AIM_ADAPTER_MODE", "dinamic", "did you mean dynamic?"),
        ("AIM_ADAPTER_REFRESH_INTERVAL", "1", "not at least 5 seconds"),
        ("AIM_ADAPTER_MAX_COUNT", "0", "not a whole number from 1"),
        ("AIM_ADAPTER_MAX_RANK", "7", "not one of 1, 8, 16"),
    ],
)
def test_what_is_refused_of_them(name: str, value: str, words: str) -> None:
    with pytest.raises(InvalidValue, match=re.escape(words)):
        read(**{name: value})
