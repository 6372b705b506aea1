"""vLLM on several machines: the arguments of each, and how the model is spread over them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aim_runtime.engines.launch import EngineInstall, Launch, Layer
from aim_runtime.engines.vllm import Vllm
from aim_runtime.errors import InvalidValue, UnknownEngineArgument
from aim_runtime.models.architecture import Architecture
from aim_runtime.models.location import Location
from aim_runtime.models.ref import ModelRef
from aim_runtime.nodes import Nodes
from aim_runtime.profiles.fit import GIB, Fit, fit
from aim_runtime.profiles.selection import Selection
from aim_runtime.settings import Settings
from unit.profiles.build import AIM, machine, profile

HERE = Location(AIM, Path("/models/acme/model"), True, (ModelRef.parse(f"hf://{AIM}"),))
VLLM = EngineInstall("vllm", "0.32.0", ("/venv/bin/vllm", "serve"), Path("/venv/bin/python"))
LEADER = Nodes(2, 0, "node-0", 29501)
SECOND = Nodes(2, 1, "node-0", 29501)


def launch(
    nodes: Nodes | None = LEADER,
    given: dict[str, Any] | None = None,
    install: EngineInstall = VLLM,
    **asked: Any,
) -> Launch:
    gpus = machine("8*MI300X").gpus
    settings = Settings(**{"aim_id": AIM, "nodes": nodes, **asked})
    chosen = Selection(profile("MI300X/fp16/8", args=given or {}), gpus, (), ())
    return Vllm().launch(chosen, HERE, settings, install)


def sizes(found: Launch) -> dict[str, Any]:
    return {
        each.key.removesuffix("-parallel-size"): int(each.value)
        for each in found.arguments
        if each.key.endswith("-parallel-size")
    }


def test_the_leader_and_a_follower() -> None:
    led, leads = launch(SECOND), launch(LEADER)
    tail = ("--nnodes", "2", "--node-rank", "0", "--master-addr", "node-0", "--master-port", "29501")
    assert leads.command[-8:] == tail
    assert led.command[-9:] == (*tail[:3], "1", *tail[4:], "--headless")
    assert (leads.headless, led.headless) == (False, True)
    owned = {each.key: each.layer for each in led.arguments[-5:]}
    assert set(owned.values()) == {Layer.RUNTIME}
    assert set(owned) == {"nnodes", "node-rank", "master-addr", "master-port", "headless"}
    assert "--distributed-executor-backend mp" in " ".join(leads.command), "Ray is not asked, if it is there"


def test_one_machine_has_none_of_it() -> None:
    alone = launch(None)
    assert not {"nnodes", "node-rank", "headless", "distributed-executor-backend"} & {
        each.key for each in alone.arguments
    }
    assert sizes(alone) == {"tensor": 8}


@pytest.mark.parametrize(
    ("machines", "given", "asked", "expected"),
    [
        (2, {}, {}, {"pipeline": 2, "tensor": 8}),
        (4, {}, {}, {"pipeline": 4, "tensor": 8}),
        (2, {}, {"tensor-parallel-size": 16}, {"tensor": 16}),
        (4, {}, {"tensor-parallel-size": 16}, {"pipeline": 2, "tensor": 16}),
        (2, {}, {"tensor-parallel-size": 4}, {"pipeline": 2, "tensor": 4}),
        (2, {}, {"data-parallel-size": 2}, {"data": 2, "tensor": 8}),
        (4, {}, {"data-parallel-size": 2}, {"pipeline": 2, "data": 2, "tensor": 8}),
        (2, {}, {"data-parallel-size": 16, "tensor-parallel-size": 1}, {"data": 16, "tensor": 1}),
        (2, {"data-parallel-size": 2}, {}, {"data": 2, "tensor": 8}),
        (2, {"tensor-parallel-size": 16}, {}, {"tensor": 16}),
        (2, {"pipeline-parallel-size": 2}, {}, {"pipeline": 2, "tensor": 8}),
        (2, {}, {"pp": 4, "tensor-parallel-size": 4}, {"pipeline": 4, "tensor": 4}),
    ],
)
def test_how_the_model_is_spread(
    machines: int, given: dict[str, Any], asked: dict[str, Any], expected: dict[str, int]
) -> None:
    asked = {key.replace("pp", "pipeline-parallel-size"): value for key, value in asked.items()}
    nodes = Nodes(machines, 0, "node-0", 29501)
    assert sizes(launch(nodes, given, engine_args=asked)) == expected


def test_a_profile_for_several_machines_is_right_on_them_alone() -> None:
    wide = profile("MI300X/fp16/8", args={"tensor-parallel-size": 16})
    assert Vllm().problems(wide, VLLM, 2) == ()
    assert Vllm().problems(wide, VLLM) == ("tensor-parallel-size 16 differs from accelerator_count 8",)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"pipeline-parallel-size": 4}, "tensor-parallel-size 8 x pipeline-parallel-size 4 = 32 evenly"),
        ({"tensor-parallel-size": 32}, "tensor-parallel-size 32 = 32 evenly"),
        ({"tensor-parallel-size": 1, "pipeline-parallel-size": 3}, "pipeline-parallel-size 3 = 3 evenly"),
        ({"tensor-parallel-size": 1, "pipeline-parallel-size": 1}, "one rank = 1 evenly"),
    ],
)
def test_ranks_that_the_machines_cannot_share_are_refused(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        launch(engine_args=asked)
    assert message in refused.value.message
    assert "AIM_NODES=2 with 8 accelerators each" in refused.value.message
    assert "product is 16" in refused.value.hint


def test_what_the_runtime_owns_is_not_the_users() -> None:
    found = launch(SECOND, engine_args={"node-rank": 0, "master_addr": "elsewhere", "api-server-count": 4})
    assert [note for note in found.notes if "ignored" in note] == [
        "node-rank in AIM_ENGINE_ARGS is ignored: set AIM_NODE_RANK instead",
        "master-addr in AIM_ENGINE_ARGS is ignored: set AIM_MASTER_ADDR instead",
    ]
    command = " ".join(found.command)
    assert "--node-rank 1" in command
    assert "elsewhere" not in command
    assert "api-server-count" not in command, "vLLM refuses it with --headless"
    assert "--api-server-count 4" in " ".join(launch(LEADER, engine_args={"api-server-count": 4}).command)


def test_who_says_it_all_by_hand_is_left_alone() -> None:
    found = launch(None, engine_args={"nnodes": 2, "node-rank": 1, "headless": True})
    assert "--nnodes 2 --node-rank 1 --headless" in " ".join(found.command)
    assert found.notes == ()


@pytest.mark.parametrize("version", ["0.10.1.1", "0.11.0"])
def test_an_engine_that_needs_ray_is_refused(version: str) -> None:
    with pytest.raises(UnknownEngineArgument) as refused:
        launch(install=replace(VLLM, version=version))
    assert f"AIM_NODES=2: vLLM {version} is installed, and vLLM before 0.11.1 serves" in refused.value.message
    assert "newer vLLM" in refused.value.hint
    assert not launch(None, install=replace(VLLM, version=version)).headless


def test_the_build_for_cpus_is_refused_on_a_cpu() -> None:
    hardware = machine()
    chosen = Selection(profile("EPYC_ZEN5/bf16/4"), (hardware.cpu,), (), ())
    build = replace(VLLM, cpu_only=True)
    with pytest.raises(UnknownEngineArgument, match="and cannot follow another machine"):
        Vllm().launch(chosen, HERE, Settings(aim_id=AIM, nodes=LEADER), build)
    assert launch(LEADER, install=build).command, "a plan for other machines is none for this one"


def test_each_machine_keeps_what_it_compiles_apart() -> None:
    folders = {launch(nodes).compiled for nodes in (None, LEADER, SECOND)}
    assert len(folders) == 3


def test_a_model_too_large_for_one_machine_fits_two() -> None:
    model = Architecture(weights_bytes=2000 * GIB, layers=80, max_positions=32768)
    given = profile("MI300X/fp16/8")
    memory = 192 * GIB

    def judged(nodes: Nodes | None, **asked: Any) -> Fit:
        settings = Settings(aim_id=AIM, nodes=nodes, engine_args=asked)
        demand = Vllm().demand(given, settings, VLLM, model, memory)
        found = fit(model, demand, memory, None)
        assert isinstance(found, Fit)
        return found

    assert not judged(None).fits
    assert judged(LEADER).fits
    assert judged(LEADER).weights_bytes == 2000 * GIB // 16
    assert judged(LEADER, **{"tensor-parallel-size": 16}).weights_bytes == 2000 * GIB // 16
    assert not judged(LEADER, **{"data-parallel-size": 2}).fits, "each machine has a whole copy"
