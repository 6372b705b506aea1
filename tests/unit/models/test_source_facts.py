"""What a source tells of a model before it is fetched, from a hub on the loopback."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from aim_runtime.models.ref import ModelRef
from aim_runtime.models.source_facts import look_up
from aim_runtime.models.sources.table import Surroundings
from integration.models.programs import fake

CONFIG = {"architectures": ["LlamaForCausalLM"], "num_hidden_layers": 4, "num_attention_heads": 8}
REF = ModelRef.parse("hf://acme/model")


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """Start a hub over `tmp_path` with the given switches and return its address."""
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    with ExitStack() as stack:

        def start(*switches: str) -> str:
            return f"http://127.0.0.1:{stack.enter_context(fake('hub', str(tmp_path), *switches))}"

        yield start


def repository(root: Path, files: dict[str, int]) -> None:
    folder = root / "acme/model"
    folder.mkdir(parents=True)
    for name, size in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(bytes(size))
    (folder / "config.json").write_text(json.dumps(CONFIG))


@pytest.mark.parametrize(
    ("files", "weights_bytes"),
    [
        ({"model-00001-of-00002.safetensors": 60, "model-00002-of-00002.safetensors": 40}, 100),
        ({"model.safetensors": 60, "pytorch_model.bin": 61}, 60),
        ({"pytorch_model.bin": 61}, 61),
        ({"model.safetensors": 60, "consolidated.safetensors": 60}, 60),
        ({"model.safetensors": 60, "original/model.safetensors": 500}, 60),
    ],
    ids=["shards", "one format", "the older format", "Mistral's own beside", "a folder in it"],
)
def test_the_config_and_the_size_of_what_is_fetched(
    tmp_path: Path, hub: Callable[..., str], files: dict[str, int], weights_bytes: int
) -> None:
    repository(tmp_path, files)
    endpoint = hub()
    found = look_up(REF, Surroundings(endpoint))
    assert found is not None
    assert (found.weights_bytes, found.layers, found.attention_heads) == (weights_bytes, 4, 8)
    assert found.source == f"config.json at {endpoint}"


@pytest.mark.parametrize(
    ("switches", "ref"),
    [((), "hf://acme/other"), ((), "hf://acme/model@nope"), (("--gated",), "hf://acme/model")],
    ids=["no such model", "no such revision", "gated"],
)
def test_a_refusal_tells_nothing(
    tmp_path: Path, hub: Callable[..., str], switches: tuple[str, ...], ref: str
) -> None:
    repository(tmp_path, {"model.safetensors": 60})
    assert look_up(ModelRef.parse(ref), Surroundings(hub(*switches))) is None


@pytest.mark.parametrize("text", ["[1]", "{", "", "[" * 100000], ids=["a list", "cut off", "empty", "deep"])
def test_a_damaged_config_tells_nothing(tmp_path: Path, hub: Callable[..., str], text: str) -> None:
    repository(tmp_path, {"model.safetensors": 60})
    (tmp_path / "acme/model/config.json").write_text(text)
    assert look_up(REF, Surroundings(hub())) is None


def test_a_hub_that_does_not_answer_is_not_waited_for(tmp_path: Path, hub: Callable[..., str]) -> None:
    repository(tmp_path, {"model.safetensors": 60})
    assert look_up(REF, Surroundings(hub("--hang")), within_s=0.3) is None


def test_no_hub_tells_nothing() -> None:
    assert look_up(REF, Surroundings("http://127.0.0.1:1"), within_s=2) is None
