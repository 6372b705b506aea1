"""Fetching by modelscope:// from a fake hub that the real modelscope_hub understands, too."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from aim_runtime.errors import (
    AccessDenied,
    DownloadFailed,
    ModelError,
    ModelNotFound,
    SourceUnreachable,
    VerificationFailed,
)
from aim_runtime.models.events import Event, Notice
from aim_runtime.models.preflight import problems
from aim_runtime.models.ref import ModelRef
from aim_runtime.models.sources.modelscope import ModelScopeSource
from fakes.hub import write_model
from fakes.modelscope import commit_of
from integration.models.programs import fake
from servers import free_port

REF = ModelRef.parse("modelscope://org/m")


@dataclass(frozen=True)
class Hub:
    """A running tests/fakes/modelscope.py, and the model that it has."""

    endpoint: str
    model: Path

    def environment(self, token: str | None = None) -> dict[str, str]:
        more = {"MODELSCOPE_API_TOKEN": token} if token else {}
        return {"MODELSCOPE_ENDPOINT": self.endpoint, **more}

    def requests(self) -> list[str]:
        with urllib.request.urlopen(f"{self.endpoint}/-/requests") as answer:
            seen: list[str] = json.load(answer)
        return seen


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Hub]]:
    model = write_model(tmp_path / "hub/org/m", shards=2, payload_bytes=300_000)
    with ExitStack() as stack:

        def run(*switches: str) -> Hub:
            port = stack.enter_context(fake("modelscope", str(tmp_path / "hub"), *switches))
            return Hub(f"http://127.0.0.1:{port}", model)

        yield run


@pytest.fixture
def into(tmp_path: Path) -> Path:
    (tmp_path / "into").mkdir()
    return tmp_path / "into"


def contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def refusal(environment: dict[str, str], ref: ModelRef = REF, decide_within_s: float = 8.0) -> ModelError:
    with pytest.raises(ModelError) as raised:
        ModelScopeSource(environment, decide_within_s).snapshot(ref, lambda _: None)
    assert "ms-" not in raised.value.message + raised.value.hint
    assert raised.value.hint
    return raised.value


def test_fetches_the_commit_that_is_listed(start: Callable[..., Hub], into: Path) -> None:
    hub, events = start(), list[Event]()
    (hub.model / "pytorch_model.bin").write_bytes(b"x" * 5000)
    expected = {name: data for name, data in contents(hub.model).items() if not name.endswith(".bin")}

    fetched = ModelScopeSource(hub.environment()).fetch(REF, into, events.append)

    assert contents(into) == expected
    assert problems(into) == ()
    commit = commit_of(hub.model)
    assert fetched.revision == commit
    files = [request for request in hub.requests() if "FilePath" in request]
    assert files
    assert all(f"Revision={commit}" in request for request in files)
    (notice,) = (event.text for event in events if isinstance(event, Notice))
    assert notice.startswith("skipping 1 file with the same weights in other formats (*.bin)")


def test_a_revision_is_what_is_asked_for(start: Callable[..., Hub], into: Path) -> None:
    hub = start()
    commit = commit_of(hub.model)
    source = ModelScopeSource(hub.environment())
    assert source.fetch(ModelRef.parse(f"{REF}@{commit}"), into, lambda _: None).revision == commit
    error = refusal(hub.environment(), ModelRef.parse(f"{REF}@v1.O"))
    assert isinstance(error, ModelNotFound)
    assert error.message == f"org/m has no revision 'v1.O' at {hub.endpoint}"
    assert error.hint == "it has master, v1.0; did you mean v1.0?"


def test_a_hub_that_does_not_tell_its_commit(start: Callable[..., Hub], into: Path) -> None:
    hub = start("--no-commit")
    source = ModelScopeSource(hub.environment())
    first = source.fetch(REF, into, lambda _: None).revision
    assert first
    assert source.snapshot(REF, lambda _: None).revision == first
    (hub.model / "config.json").write_text('{"architectures": ["Other"]}')
    assert source.snapshot(REF, lambda _: None).revision != first


def test_more_files_than_one_listing_has(start: Callable[..., Hub], into: Path) -> None:
    hub = start("--most", "8")
    for number in range(12):
        folder = hub.model / f"d{number % 2}"
        folder.mkdir(exist_ok=True)
        (folder / f"{number}.json").write_text(str(number))
    ModelScopeSource(hub.environment(), most_listed=8).fetch(REF, into, lambda _: None)
    assert contents(into) == contents(hub.model)

    for number in range(8):
        (hub.model / "d0" / f"more{number}.json").write_text("{}")
    with pytest.raises(DownloadFailed, match=r"d0, of which .* lists only the first 8 files"):
        ModelScopeSource(hub.environment(), most_listed=8).snapshot(REF, lambda _: None)


def test_a_byte_changed_on_the_way_is_seen(start: Callable[..., Hub], into: Path) -> None:
    name = "model-00001-of-00002.safetensors"
    hub = start("--corrupt", name)
    with pytest.raises(VerificationFailed, match=rf"{name} of {REF} is damaged: SHA-256 "):
        ModelScopeSource(hub.environment()).fetch(REF, into, lambda _: None)
    assert not (into / name).exists()


def test_a_token_opens_a_private_model_and_goes_nowhere_else(start: Callable[..., Hub], into: Path) -> None:
    hub = start("--private")
    error = refusal(hub.environment())
    assert isinstance(error, ModelNotFound)
    assert "a private one needs MODELSCOPE_API_TOKEN" in error.hint
    # The address of the weights refuses whoever brings a token.
    ModelScopeSource(hub.environment("ms-good")).fetch(REF, into, lambda _: None)
    assert contents(into) == contents(hub.model)


def test_tokens_that_do_not_help(start: Callable[..., Hub]) -> None:
    hub = start("--refuse")
    wrong = refusal(hub.environment("ms-wrong"))
    assert wrong.message == f"{hub.endpoint} does not accept the access token"
    none = refusal(hub.environment())
    assert none.message == "org/m needs an access token, and none is set"
    good = refusal(hub.environment("ms-good"))
    assert good.message == "the access token is good, but it may not read org/m"
    for error in (wrong, none, good):
        assert isinstance(error, AccessDenied)
        assert hub.endpoint in error.hint


def test_no_such_model(start: Callable[..., Hub]) -> None:
    hub = start()
    for ref in ("modelscope://org/other", "modelscope://org/other@master"):
        error = refusal(hub.environment(), ModelRef.parse(ref))
        assert isinstance(error, ModelNotFound)
        assert error.message == f"{hub.endpoint} has no model org/other"


def test_a_repository_without_weights(start: Callable[..., Hub]) -> None:
    hub = start()
    for shard in hub.model.glob("*.safetensors"):
        shard.unlink()
    assert refusal(hub.environment()).message == "modelscope://org/m holds no weights"


def test_a_hub_that_hangs_is_given_up_in_time(start: Callable[..., Hub]) -> None:
    hub, began = start("--hang"), time.monotonic()
    error = refusal(hub.environment(), decide_within_s=0.4)
    assert time.monotonic() - began < 2
    assert isinstance(error, SourceUnreachable)
    assert "no answer in 0.4 s" in error.message


@pytest.mark.parametrize(
    ("switches", "words"),
    [
        (["--status", "503"], "answered with HTTP status 503"),
        (["--body", "<html>"], "is not ModelScope"),
        (["--body", "[]"], "is not ModelScope"),
        (["--body", '{"Success": false, "Message": "under repair"}'], "refuses: under repair"),
    ],
)
def test_what_answers_otherwise(switches: list[str], words: str) -> None:
    with fake("same_answer", *switches) as port:
        error = refusal({"MODELSCOPE_DOMAIN": f"http://127.0.0.1:{port}"})
    assert isinstance(error, SourceUnreachable)
    assert words in error.message


def test_a_hub_that_refuses_connections() -> None:
    port = free_port()
    error = refusal({"MODELSCOPE_ENDPOINT": f"https://127.0.0.1:{port}/"})
    assert isinstance(error, SourceUnreachable)
    assert error.message == f"https://127.0.0.1:{port} cannot be reached: connection refused"


LIBRARY = """
import sys
from modelscope_hub import HubApi
api = HubApi()
print(sorted((file.path, file.size) for file in api.list_repo_files("org/m", "model") if file.type == "blob"))
for name in ("config.json", "model-00001-of-00002.safetensors"):
    api.download_file("org/m", "model", name, local_dir=sys.argv[1])
"""


def test_the_fake_hub_is_one_to_the_real_library(
    start: Callable[..., Hub], into: Path, tmp_path: Path
) -> None:
    pytest.importorskip("modelscope_hub")
    hub = start("--private")
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG")}
    done = subprocess.run(
        [sys.executable, "-c", LIBRARY, str(into)],
        env={**kept, **hub.environment("ms-good"), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    listed = sorted((name, len(data)) for name, data in contents(hub.model).items())
    assert done.stdout.strip().splitlines()[0] == str(listed)
    for name in ("config.json", "model-00001-of-00002.safetensors"):
        assert (into / name).read_bytes() == (hub.model / name).read_bytes()
