"""How the weights are read: each row of the policy, what an engine may lack, and who wins over it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from aim_runtime.engines.launch import Layer
from aim_runtime.engines.options import Options
from aim_runtime.engines.vllm import options_for
from aim_runtime.engines.vllm_load import Facts, choose_loading
from aim_runtime.errors import InvalidValue
from aim_runtime.models.storage import NOT_LOOKED_AT, Storage
from aim_runtime.vocabulary import LoadStrategy

GB = 10**9
MODEL = 140 * GB
DISK = Storage("ext4", MODEL, 0.0, 1000 * GB)
SHARE = replace(DISK, filesystem="nfs4")
FUSE = replace(DISK, filesystem="fuse.mountpoint-s3")
FAST = {"load-format": "fastsafetensors"}
STREAM = {"load-format": "runai_streamer", "model-loader-extra-config": {"concurrency": 16}}
AHEAD = {"safetensors-load-strategy": "prefetch"}


def everything(_package: str) -> bool:
    return True


def nothing(_package: str) -> bool:
    return False


def facts(
    storage: Storage, gpus: int = 8, has: Callable[[str], bool] = everything, options: Options | None = None
) -> Facts:
    """Of a machine with that many GPUs; without one it computes on the CPU."""
    return Facts(storage, gpus or 1, gpus == 0, options or options_for(None), has)


# Where, how many GPUs, what is installed, the arguments, a part of the reason.
ROWS: list[tuple[Storage, int, Callable[[str], bool], dict[str, object], str]] = [
    (DISK, 8, everything, FAST, "each GPU reads a share"),
    (DISK, 2, everything, FAST, "each GPU reads a share"),
    (DISK, 1, everything, {}, "nothing is known to be faster there"),
    (DISK, 0, everything, {}, "on a CPU no other way is faster"),
    (DISK, 8, nothing, {}, "not fastsafetensors, because the package fastsafetensors is not installed"),
    (replace(DISK, resident=0.81), 8, everything, {}, "81 % of them in memory: nothing is faster"),
    (replace(DISK, resident=0.8), 8, everything, FAST, "80 % of them in memory"),
    (replace(DISK, resident=None), 8, everything, FAST, "a local disk (ext4): each"),
    (replace(DISK, safetensors=False), 8, everything, {}, "not all of the weights are safetensors"),
    (replace(DISK, filesystem="tmpfs"), 8, everything, {}, "on memory (tmpfs)"),
    (replace(DISK, filesystem="overlay"), 8, everything, FAST, "a local disk (overlay)"),
    (SHARE, 8, everything, STREAM, "a network file system (nfs4), 0 % of them in memory: many readers"),
    (SHARE, 1, everything, STREAM, "many readers"),
    (SHARE, 8, nothing, AHEAD, "from end to end"),
    (replace(SHARE, available_bytes=2 * MODEL), 8, nothing, AHEAD, "from end to end"),
    (replace(SHARE, available_bytes=2 * MODEL - 1), 8, nothing, {}, "too much to be read ahead"),
    (replace(SHARE, available_bytes=None), 8, nothing, {}, "too much to be read ahead"),
    (replace(SHARE, safetensors=False), 8, everything, {}, "nothing is known to be faster there; not runai"),
    (SHARE, 0, everything, AHEAD, "from end to end"),
    (replace(SHARE, resident=0.95), 8, everything, {}, "95 % of them in memory"),
    (FUSE, 8, everything, STREAM, "(fuse.mountpoint-s3)"),
    *(
        (replace(SHARE, filesystem=kind), 8, nothing, AHEAD, f"({kind})")
        for kind in ("nfs", "cifs", "smb3", "ceph", "lustre", "9p", "virtiofs", "fuse", "fuse.juicefs")
    ),
    (replace(DISK, filesystem="somethingfs"), 8, everything, {}, "nothing is known to be faster there"),
    (Storage("ext4"), 8, everything, {}, "are to be on a local disk (ext4): they are fetched first"),
    (Storage("nfs4", 0, None, GB), 8, everything, {}, "are to be on a network file system"),
    (NOT_LOOKED_AT, 8, everything, {}, "they are fetched first"),
]


@pytest.mark.parametrize(
    ("storage", "gpus", "has", "arguments", "reason"), ROWS, ids=[str(number) for number in range(len(ROWS))]
)
def test_rows(
    storage: Storage, gpus: int, has: Callable[[str], bool], arguments: dict[str, object], reason: str
) -> None:
    chosen = choose_loading(facts(storage, gpus, has), None, {})
    assert chosen.arguments == arguments
    assert reason in chosen.loading.reason
    assert chosen.layer is Layer.MACHINE


@pytest.mark.parametrize("strategy", LoadStrategy)
def test_the_reason_belongs_to_a_strategy_that_the_engine_has(strategy: LoadStrategy) -> None:
    chosen = choose_loading(facts(DISK, 8), strategy, {})
    assert (chosen.loading.strategy, chosen.layer) == (strategy, Layer.ENVIRONMENT)
    assert chosen.loading.reason == f"AIM_LOAD_STRATEGY={strategy}"
    assert all(options_for(None).kind(key) for key in chosen.arguments)
    assert list(options_for(None).problems(chosen.arguments)) == []


@pytest.mark.parametrize("asked", [None, *LoadStrategy])
@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("load-format", "mistral"),
        ("load-format", "auto"),
        ("safetensors-load-strategy", "eager"),
        ("model-loader-extra-config", {"enable_multithread_load": True}),
    ],
)
def test_who_says_how_is_obeyed(key: str, value: object, asked: LoadStrategy | None) -> None:
    chosen = choose_loading(facts(DISK, 8), asked, {"dtype": "bfloat16", key: value})
    assert chosen.arguments == {}
    assert chosen.loading.strategy == "as given"
    assert chosen.loading.reason.startswith(f"{key} is given: ")


def older(*without: str) -> Options:
    """An engine that lacks some options."""
    options = options_for(None)
    table = {key: value for key, value in options.table.items() if key not in without}
    return replace(options, version="0.1.0", table=table)


def test_an_engine_without_the_option_is_not_given_it() -> None:
    chosen = choose_loading(facts(SHARE, 8, everything, older("model-loader-extra-config")), None, {})
    assert chosen.arguments == AHEAD
    assert "not runai_streamer, because vLLM 0.1.0 has no option model-loader-ext" in chosen.loading.reason
    old = older("model-loader-extra-config", "safetensors-load-strategy", "load-format")
    assert choose_loading(facts(DISK, 8, everything, old), None, {}).arguments == {}


REFUSED: list[tuple[LoadStrategy, Facts, str]] = [
    (LoadStrategy.FASTSAFETENSORS, facts(DISK, 0), "it loads into a GPU only"),
    (LoadStrategy.FASTSAFETENSORS, facts(DISK, 8, nothing), "the package fastsafetensors is not installed"),
    (LoadStrategy.RUNAI_STREAMER, facts(DISK, 8, nothing), "the package runai_model_streamer is not"),
    (LoadStrategy.RUNAI_STREAMER, facts(replace(DISK, safetensors=False)), "not all of the weights are"),
    (
        LoadStrategy.PREFETCH,
        facts(DISK, 8, everything, older("safetensors-load-strategy")),
        "vLLM 0.1.0 has no option safetensors-load-strategy",
    ),
]


@pytest.mark.parametrize(("asked", "given", "why"), REFUSED)
def test_what_cannot_be_done_is_refused(asked: LoadStrategy, given: Facts, why: str) -> None:
    with pytest.raises(InvalidValue, match=re.escape(f"AIM_LOAD_STRATEGY={asked}: {why}")) as refused:
        choose_loading(given, asked, {})
    assert "unset AIM_LOAD_STRATEGY" in refused.value.hint
