"""Adapters that come and go: rounds over a real folder against a server with the engine's adapter API."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from aim_runtime.engines.adapting import Adapting
from aim_runtime.engines.endpoint import Endpoint
from aim_runtime.engines.vllm_adapters import refuse_unusable
from aim_runtime.models.adapter import Adapters
from aim_runtime.models.adapter_folder import look_at
from aim_runtime.models.events import Notice
from aim_runtime.serving.adapters import AdapterKeeper, serving_adapters
from aim_runtime.serving.life import Life
from aim_runtime.vocabulary import AdapterMode
from fakes.adapter_server import AdapterServer, adapter_server
from running import free_port
from unit.adapters import adapter, tensors


@dataclass
class Kept:
    """A keeper, the folder it looks at, the server it asks, and what it said."""

    source: Path
    server: AdapterServer
    adapting: Adapting
    life: Life = field(default_factory=Life)
    said: list[Notice] = field(default_factory=list)

    def look(self) -> Adapters:
        return refuse_unusable(look_at(self.source), self.adapting.max_rank)

    def keeper(self, key: str = "") -> AdapterKeeper:
        endpoint = Endpoint(self.server.port, api_key=key or None)
        return AdapterKeeper(self.adapting, endpoint, self.life, self.look, self.look(), self.said.append)

    @property
    def words(self) -> list[str]:
        """What was said since this was asked last."""
        words = [each.text for each in self.said]
        self.said.clear()
        return words


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    source = tmp_path / "adapters"
    source.mkdir()
    with adapter_server() as server:
        adapting = Adapting(
            source,
            AdapterMode.DYNAMIC,
            refresh_s=0.05,
            max_cpu_count=2,
            load_path="/v1/load_lora_adapter",
            unload_path="/v1/unload_lora_adapter",
        )
        yield Kept(source, server, adapting)


def test_what_was_there_before_the_start_is_loaded_in_the_first_round(kept: Kept) -> None:
    adapter(kept.source, "a")
    keeper = kept.keeper()
    keeper.round()
    assert kept.server.loaded == {"a": f"{kept.source}/a"}
    assert kept.words == ["the adapter a is loaded (rank 8)"]
    assert kept.life.view().adapters == ("a",)
    keeper.round()
    assert len(kept.server.asked) == 1
    assert kept.words == []


def test_what_arrives_is_loaded_when_two_looks_found_it_the_same(kept: Kept) -> None:
    keeper = kept.keeper()
    keeper.round()
    adapter(kept.source, "a", tensors(16))
    keeper.round()
    assert kept.server.asked == []
    adapter(kept.source, "a", tensors(32))  # it is still growing
    keeper.round()
    assert kept.server.asked == []
    keeper.round()
    assert kept.server.asked == [("load", "a", False)]


def test_half_a_copy_waits_and_is_told_of_once(kept: Kept) -> None:
    keeper = kept.keeper()
    adapter(kept.source, "a", tensors(16)[:-3])
    keeper.round()
    keeper.round()
    assert kept.server.asked == []
    (said,) = kept.words
    assert said.startswith("the adapter a is skipped: adapter_model.safetensors is ")
    adapter(kept.source, "a", tensors(16))
    keeper.round()
    keeper.round()
    assert kept.words == ["the adapter a is loaded (rank 8)"]


def test_a_changed_adapter_is_tried_in_place_and_then_loaded_from_another_path(kept: Kept) -> None:
    adapter(kept.source, "a")
    keeper = kept.keeper()
    keeper.round()
    adapter(kept.source, "a", tensors(48))
    keeper.round()
    keeper.round()
    assert kept.server.asked == [
        ("load", "a", False),
        ("load", "a", True),
        ("unload", "a", None),
        ("load", "a", False),
    ]
    path = kept.server.loaded["a"]
    assert path == f"{kept.source}/./a"
    assert Path(path).samefile(kept.source / "a")
    assert kept.words[-1] == "the adapter a is loaded anew (rank 8)"


def test_a_changed_adapter_that_is_no_good_leaves_the_old_one(kept: Kept) -> None:
    adapter(kept.source, "a")
    keeper = kept.keeper()
    keeper.round()
    adapter(kept.source, "a", tensors(48))
    kept.server.status["a"] = 400
    keeper.round()
    keeper.round()
    keeper.round()
    assert kept.server.asked == [("load", "a", False), ("load", "a", True)]
    assert kept.words[-1] == "the adapter a is refused by the engine: no a; what it was is served on"
    assert kept.life.view().adapters == ("a",)


def test_each_load_has_a_path_of_its_own_that_does_not_grow(kept: Kept) -> None:
    adapter(kept.source, "a")
    keeper = kept.keeper()
    keeper.round()
    paths = [kept.server.loaded["a"]]
    for number in range(40):
        adapter(kept.source, "a", tensors(number + 100))
        keeper.round()
        keeper.round()
        paths.append(kept.server.loaded["a"])
    assert len(set(paths)) == 41
    assert all(Path(path).samefile(kept.source / "a") for path in paths)
    assert max(map(len, paths)) <= len(paths[0]) + 12


def test_what_was_refused_and_comes_again_is_said_again(kept: Kept) -> None:
    keeper = kept.keeper()
    for _ in range(2):
        folder = adapter(kept.source, "a")
        kept.server.status["a"] = 400
        keeper.round()
        keeper.round()
        assert kept.words == ["the adapter a is refused by the engine: no a"]
        shutil.rmtree(folder)
        keeper.round()
        assert kept.words == []


def test_an_adapter_that_is_being_written_anew_is_served_on(kept: Kept) -> None:
    folder = adapter(kept.source, "a")
    keeper = kept.keeper()
    keeper.round()
    (folder / "adapter_model.safetensors").unlink()
    keeper.round()
    assert "a" in kept.server.loaded
    assert kept.life.view().adapters == ("a",)


def test_a_removed_adapter_is_unloaded(kept: Kept) -> None:
    folder = adapter(kept.source, "a")
    keeper = kept.keeper()
    keeper.round()
    shutil.rmtree(folder)
    keeper.round()
    keeper.round()
    assert kept.server.asked == [("load", "a", False), ("unload", "a", None)]
    assert kept.words[-1] == "the adapter a is unloaded: its folder is gone"
    assert kept.life.view().adapters == ()
    # And comes again, as a new one.
    adapter(kept.source, "a")
    keeper.round()
    keeper.round()
    assert kept.server.loaded == {"a": f"{kept.source}/./a"}


def test_an_unload_that_the_engine_knows_nothing_of_is_done(kept: Kept) -> None:
    folder = adapter(kept.source, "a")
    keeper = kept.keeper()
    keeper.round()
    kept.server.loaded.clear()
    shutil.rmtree(folder)
    keeper.round()
    assert kept.life.view().adapters == ()


def test_an_unload_that_fails_is_tried_again(kept: Kept) -> None:
    folder = adapter(kept.source, "a")
    keeper = kept.keeper()
    keeper.round()
    shutil.rmtree(folder)
    kept.server.unload_status = 503
    keeper.round()
    keeper.round()
    assert kept.words[1:] == ["the adapter a could not be unloaded: not now"]
    kept.server.unload_status = 0
    keeper.round()
    assert kept.server.loaded == {}


@pytest.mark.parametrize(("status", "asks"), [(400, 1), (404, 1), (422, 1), (500, 3), (503, 3)])
def test_what_the_engine_says_is_final_or_not(kept: Kept, status: int, asks: int) -> None:
    adapter(kept.source, "a")
    kept.server.status["a"] = status
    keeper = kept.keeper()
    for _ in range(3):
        keeper.round()
    assert [each for each in kept.server.asked if each[0] == "load"] == [("load", "a", False)] * asks
    assert len(kept.words) == 1, "each thing is said once"
    # Another state of its files is another question.
    kept.server.status.clear()
    adapter(kept.source, "a", tensors(64))
    keeper.round()
    keeper.round()
    assert kept.life.view().adapters == ("a",)


def test_an_engine_that_does_not_answer_is_asked_again(kept: Kept) -> None:
    adapter(kept.source, "a")
    port, kept.server.port = kept.server.port, free_port()
    keeper = kept.keeper()
    keeper.round()
    keeper.round()
    assert kept.words == ["the adapter a could not be loaded: no answer; it is tried again"]
    kept.server.port = port
    keeper = kept.keeper()
    keeper.round()
    assert kept.life.view().adapters == ("a",)


def test_what_a_request_loaded_first_is_taken_over(kept: Kept) -> None:
    adapter(kept.source, "a")
    kept.server.loaded["a"] = "by its resolver"
    keeper = kept.keeper()
    keeper.round()
    assert kept.server.loaded == {"a": f"{kept.source}/a"}
    assert kept.life.view().adapters == ("a",)


def test_the_key_goes_with_each_request(kept: Kept) -> None:
    kept.server.key = "sk-planted"
    adapter(kept.source, "a")
    kept.keeper().round()
    assert kept.server.loaded == {}
    assert "Unauthorized" in kept.words[0]
    kept.keeper("sk-planted").round()
    assert "a" in kept.server.loaded
    assert not any("sk-planted" in each for each in kept.words)


def test_more_than_memory_holds_is_said_once(kept: Kept) -> None:
    for name in "abc":
        adapter(kept.source, name)
    keeper = kept.keeper()
    keeper.round()
    keeper.round()
    crowded = [each for each in kept.words if "of which 2 are in memory at once" in each]
    assert len(crowded) == 1
    assert set(kept.server.loaded) == set("abc")


def test_a_folder_that_cannot_be_read_changes_nothing(kept: Kept) -> None:
    adapter(kept.source, "a")
    keeper = kept.keeper()
    keeper.round()
    shutil.rmtree(kept.source)
    kept.source.write_text("a file")
    keeper.round()
    assert kept.words[-1] == (
        f"AIM_ADAPTER_SOURCE={kept.source} cannot be read: Not a directory: the adapters stay as they are"
    )
    assert kept.life.view().adapters == ("a",)


def test_a_rank_above_the_limit_is_skipped_and_not_asked_for(kept: Kept) -> None:
    keeper = kept.keeper()
    adapter(kept.source, "big", r=64)
    keeper.round()
    keeper.round()
    assert kept.server.asked == []
    assert kept.words == [
        "the adapter big is skipped: its rank 64 is more than 32, the largest allowed (AIM_ADAPTER_MAX_RANK)"
    ]


def test_the_thread_keeps_until_the_block_ends(kept: Kept) -> None:
    endpoint = Endpoint(kept.server.port)
    with serving_adapters(kept.adapting, endpoint, kept.life, kept.look, kept.look(), kept.said.append):
        adapter(kept.source, "a")
        deadline = time.monotonic() + 5
        while "a" not in kept.life.view().adapters and time.monotonic() < deadline:
            time.sleep(0.01)
        assert kept.life.view().adapters == ("a",)
    asked = len(kept.server.asked)
    adapter(kept.source, "b")
    time.sleep(0.3)
    assert len(kept.server.asked) == asked


def test_static_adapters_are_only_told_of(kept: Kept) -> None:
    static = replace(kept.adapting, mode=AdapterMode.STATIC, names=("x", "y"))
    endpoint = Endpoint(kept.server.port)
    with serving_adapters(static, endpoint, kept.life, kept.look, kept.look(), kept.said.append):
        assert kept.life.view().adapters == ("x", "y")
    with serving_adapters(None, endpoint, kept.life, kept.look, kept.look(), kept.said.append):
        assert kept.life.view().adapters == ()
    assert kept.server.asked == []
