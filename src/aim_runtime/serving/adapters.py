"""LoRA adapters that come and go while the engine serves: the folder is looked at, the engine is told.

What the engine has said of an adapter holds until the adapter's files change. An adapter is loaded when
two looks in turn found the same whole files: what is still being copied waits.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from aim_runtime.engines.adapting import Adapting
from aim_runtime.engines.endpoint import Endpoint
from aim_runtime.models.adapter import Adapter, Adapters, Signature
from aim_runtime.models.events import Notice
from aim_runtime.serving.life import Life
from aim_runtime.vocabulary import AdapterMode

_TIMEOUT_S = 30.0
_GONE = 404


@contextmanager
def serving_adapters(
    adapting: Adapting | None,
    endpoint: Endpoint,
    life: Life,
    look: Callable[[], Adapters],
    known: Adapters,
    report: Callable[[Notice], None],
) -> Iterator[None]:
    """Keep the engine's adapters as the folder has them until the block ends; begin when it is ready.

    `look` looks at the folder and `known` is what it found before the start. `report` is called from
    another thread. In static mode the adapters are those of the start, and only told of.
    """
    if adapting is None or adapting.mode is AdapterMode.STATIC:
        life.change(adapters=adapting.names if adapting else ())
        yield
        return
    end = threading.Event()
    keeper = AdapterKeeper(adapting, endpoint, life, look, known, report)
    thread = threading.Thread(target=keeper.keep, args=(end,), name="adapters", daemon=True)
    thread.start()
    try:
        yield
    finally:
        end.set()  # not waited for: an engine that is ended answers nothing any more


class AdapterKeeper:
    """Compares the folder with what was loaded, one round at a time."""

    def __init__(
        self,
        adapting: Adapting,
        endpoint: Endpoint,
        life: Life,
        look: Callable[[], Adapters],
        known: Adapters,
        report: Callable[[Notice], None],
    ) -> None:
        self._adapting = adapting
        self._endpoint = endpoint
        self._life = life
        self._look = look
        self._report = report
        self._seen = _signatures(known)
        # What the engine said its last word on, and what it serves.
        self._settled: dict[str, Signature] = {}
        self._loaded: set[str] = set()
        self._loads: dict[str, int] = {}
        # Each thing is said once, until there is another to say of the same adapter.
        self._said = {each.name: each.words for each in known.skipped}
        self._crowded = False

    def keep(self, end: threading.Event) -> None:
        """Do a round now and then at every interval, until `end`."""
        while not end.is_set():
            self.round()
            end.wait(self._adapting.refresh_s)

    def round(self) -> None:
        """Look once, and tell the engine what has changed."""
        looked = self._look()
        if looked.problem:
            self._say("", f"AIM_ADAPTER_SOURCE={looked.problem}: the adapters stay as they are", grave=True)
            return
        self._said.pop("", None)
        for skipped in looked.skipped:
            self._say(skipped.name, skipped.words, grave=True)
        for adapter in looked.found:
            waits = self._seen.get(adapter.name) != adapter.signature
            if not waits and self._settled.get(adapter.name) != adapter.signature:
                self._bring(adapter)
        there = {each.name for each in looked.found} | {each.name for each in looked.skipped}
        for name in self._said.keys() - there - self._loaded:
            del self._said[name]  # what comes again is another one
        # A folder that cannot be used at the moment may be one that is being written anew: what was good
        # of it is served on.
        for name in sorted((self._loaded | self._settled.keys()) - there):
            self._drop(name)
        self._seen = _signatures(looked)
        self._count(len(looked.found))

    def _bring(self, adapter: Adapter) -> None:
        """Load an adapter, or a changed one in the place of what it was."""
        name, again = adapter.name, adapter.name in self._loaded
        path = self._spelled(adapter)
        status, text = self._load(name, path, in_place=again)
        if again and status == 200:
            # An adapter loaded in place is read from its files at every step of the engine from then on
            # (vllm/lora/worker_manager.py: add_adapter), so that is only the trial of the new files.
            self._unload(name)
            status, text = self._load(name, path, in_place=False)
            if status != 200:
                self._forget(name)
        elif _is_final(status) and not again and self._unload(name)[0] == 200:
            # A request was faster: the engine found the adapter itself.
            status, text = self._load(name, path, in_place=False)
        if status == 200:
            self._loads[name] = self._loads.get(name, 0) + 1
            self._settled[name] = adapter.signature
            self._loaded.add(name)
            self._tell()
            self._say(
                name, f"the adapter {name} is {'loaded anew' if again else 'loaded'} (rank {adapter.rank})"
            )
            return
        kept = "; what it was is served on" if name in self._loaded else ""
        if _is_final(status):
            self._settled[name] = adapter.signature
            self._say(name, f"the adapter {name} is refused by the engine: {text}{kept}", grave=True)
        else:
            retried = f"{text or 'no answer'}{kept}; it is tried again"
            self._say(name, f"the adapter {name} could not be loaded: {retried}", grave=True)

    def _spelled(self, adapter: Adapter) -> str:
        """The adapter's path, in another spelling after each load.

        vLLM's prefix cache tells adapters apart by name and path: blocks that were computed with other
        weights from the same path would be taken for this one's. The number of loads is written in binary,
        with the two ways of naming the same folder as its digits.
        """
        count = self._loads.get(adapter.name, 0)
        digits = f"{count:b}" if count else ""
        return (
            f"{adapter.path.parent}/{''.join('./' if each == '1' else '/' for each in digits)}{adapter.name}"
        )

    def _drop(self, name: str) -> None:
        if name not in self._loaded:  # the engine refused it, and nothing but that is to be forgotten
            self._forget(name)
            return
        status, text = self._unload(name)
        if status in (200, _GONE):
            self._forget(name)
            self._say(name, f"the adapter {name} is unloaded: its folder is gone")
        else:
            self._say(name, f"the adapter {name} could not be unloaded: {text or 'no answer'}", grave=True)

    def _forget(self, name: str) -> None:
        self._settled.pop(name, None)
        self._loaded.discard(name)
        self._tell()

    def _load(self, name: str, path: str, *, in_place: bool) -> tuple[int, str]:
        asked = {"lora_name": name, "lora_path": path, "load_inplace": in_place}
        return self._ask(self._adapting.load_path, asked)

    def _unload(self, name: str) -> tuple[int, str]:
        return self._ask(self._adapting.unload_path, {"lora_name": name})

    def _ask(self, path: str, body: dict[str, object]) -> tuple[int, str]:
        """Status and words of the answer; 0 where there was none. Any 2xx is 200."""
        answer = self._endpoint.ask(path, _TIMEOUT_S, method="POST", body=json.dumps(body))
        if answer is None:
            return 0, ""
        return (200 if 200 <= answer[0] < 300 else answer[0]), _message(answer[1])

    def _tell(self) -> None:
        self._life.change(adapters=tuple(sorted(self._loaded)))

    def _count(self, number: int) -> None:
        limit, crowded = self._adapting.max_cpu_count, number > self._adapting.max_cpu_count
        if crowded and not self._crowded:
            self._report(
                Notice(
                    f"{number} adapters, of which {limit} are in memory at once (AIM_ADAPTER_MAX_CPU_COUNT): "
                    "the others are read again whenever they are asked for"
                )
            )
        self._crowded = crowded

    def _say(self, name: str, text: str, *, grave: bool = False) -> None:
        if self._said.get(name) != text:
            self._said[name] = text
            self._report(Notice(text, grave))


def _signatures(looked: Adapters) -> dict[str, Signature]:
    return {each.name: each.signature for each in looked.found}


def _is_final(status: int) -> bool:
    """Whether the engine will say the same again of the same files."""
    return 400 <= status < 500


def _message(text: str) -> str:
    """What an answer says, in one line: an OpenAI-shaped error's message, or the start of the text."""
    with suppress(ValueError, TypeError, KeyError):
        text = json.loads(text)["error"]["message"]
    return " ".join(str(text).split())[:300]
