"""vLLM on several machines, without Ray: what each is started with, and how the model is spread over them.

vLLM's own ways (docs.vllm.ai, Parallelism and Scaling; `create_engine_config` in vllm/engine/arg_utils.py):
tensor parallel within a machine, whose accelerators are close to one another, and pipeline parallel from one
to the next. Its ranks are in that order, so that it also takes tensor parallel over machines and, with
`--data-parallel-size`, whole copies of the model on each; which, the profile or the user says.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

from aim_runtime.engines.launch import EngineInstall
from aim_runtime.engines.options import Options
from aim_runtime.engines.vllm_changes import change_of
from aim_runtime.engines.vllm_memory import whole
from aim_runtime.errors import InvalidValue, UnknownEngineArgument
from aim_runtime.nodes import Nodes

# What the runtime must own, and the setting to use instead.
OWNED = {
    "nnodes": "AIM_NODES",
    "node-rank": "AIM_NODE_RANK",
    "master-addr": "AIM_MASTER_ADDR",
    "master-port": "AIM_MASTER_PORT",
    "headless": "AIM_NODE_RANK",
}
# Of the HTTP server: vLLM refuses it where there is none.
_OF_THE_SERVER = "api-server-count"
_TENSOR, _PIPELINE = "tensor-parallel-size", "pipeline-parallel-size"
_OTHERS = ("data-parallel-size", "prefill-context-parallel-size")
_BACKEND = "distributed-executor-backend"


def require(nodes: Nodes | None, options: Options, install: EngineInstall | None, *, on_cpu: bool) -> None:
    """Raise UnknownEngineArgument where the engine cannot serve on several machines without Ray."""
    if nodes is None:
        return
    version = install.version if install else options.version
    change = change_of("nnodes", version)
    if change or "nnodes" not in options.table:
        since = f" before {change.version}" if change else ""
        raise UnknownEngineArgument(
            f"AIM_NODES={nodes.count}: vLLM {version} is installed, and vLLM{since} serves on several "
            "machines only with Ray",
            hint="use an image with a newer vLLM, or unset AIM_NODES",
        )
    if on_cpu and install and install.cpu_only:
        # It is started as its API server's module, and only the `vllm` script knows of --headless. Started by
        # hand, 0.32.0 joins and is ready, and its pipeline fails at the first request.
        raise UnknownEngineArgument(
            f"AIM_NODES={nodes.count}: vLLM's build for CPUs is installed, and cannot follow another machine",
            hint="unset AIM_NODES, or serve on GPUs",
        )


def owned(nodes: Nodes | None) -> dict[str, Any]:
    """The arguments that say which of the machines this is; nothing for one alone."""
    if nodes is None:
        return {}
    found = {
        "nnodes": nodes.count,
        "node-rank": nodes.rank,
        "master-addr": nodes.master,
        "master-port": nodes.port,
    }
    return found if nodes.leads else {**found, "headless": True}


def left_out(nodes: Nodes | None) -> frozenset[str]:
    """Arguments that a profile or a user may give and that are not for this machine."""
    if nodes is None:
        return frozenset()
    return frozenset(OWNED) if nodes.leads else frozenset({*OWNED, _OF_THE_SERVER})


def spread(nodes: Nodes | None, said: Mapping[str, Any], each: int) -> dict[str, Any]:
    """How the model is spread, as far as what is `said` leaves it open.

    `each` is the number of accelerators of a machine: as many stages as are needed to use all of them,
    each as wide as one machine, or wider where that is said.
    """
    if nodes is None:
        return {}
    backend = {} if _BACKEND in said else {_BACKEND: "mp"}
    width = max(whole(said.get(_TENSOR)) or each, each) * _copies(said)
    stages = nodes.count * each // width
    return {**backend, **({_PIPELINE: stages} if stages > 1 and _PIPELINE not in said else {})}


def require_even(nodes: Nodes | None, merged: Mapping[str, Any], each: int) -> None:
    """Raise InvalidValue where the ranks are not as many on each machine, or more than it has room for."""
    if nodes is None:
        return
    sizes = {key: whole(merged.get(key)) or 1 for key in (_TENSOR, _PIPELINE, *_OTHERS)}
    ranks = prod(sizes.values())
    if ranks % nodes.count or ranks // nodes.count > each:
        product = " x ".join(f"{key} {size}" for key, size in sizes.items() if size > 1) or "one rank"
        raise InvalidValue(
            f"AIM_NODES={nodes.count} with {each} accelerator{'s' * (each > 1)} each cannot share "
            f"{product} = {ranks} evenly",
            hint=f"choose sizes whose product is {nodes.count * each}, or leave them out",
        )


def _copies(said: Mapping[str, Any]) -> int:
    return prod(whole(said.get(key)) or 1 for key in _OTHERS)
