"""Several machines: what is read of them, from AIM_* or from LeaderWorkerSet's variables."""

from __future__ import annotations

import pytest

from aim_runtime.errors import ConfigError, InvalidValue, MissingSetting
from aim_runtime.nodes import Nodes
from aim_runtime.settings import Settings

AIM = {"AIM_NODES": "4", "AIM_NODE_RANK": "3", "AIM_MASTER_ADDR": "node-0"}
LWS = {"LWS_GROUP_SIZE": "2", "LWS_WORKER_INDEX": "1", "LWS_LEADER_ADDRESS": "qwen-0.qwen.default"}


def read(**environ: str) -> Nodes | None:
    return Settings.from_env(environ).nodes


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, None),
        ({"AIM_NODES": "1"}, None),
        ({"AIM_NODES": "1", "AIM_NODE_RANK": "0", "AIM_MASTER_ADDR": "node-0"}, None),
        ({"LWS_GROUP_SIZE": "1", "LWS_WORKER_INDEX": "0", "LWS_LEADER_ADDRESS": "a-0.a"}, None),
        (AIM, Nodes(4, 3, "node-0", 29501)),
        ({**AIM, "AIM_MASTER_PORT": "29600"}, Nodes(4, 3, "node-0", 29600)),
        ({**AIM, "AIM_MASTER_PORT": "tcp://10.0.0.1:80"}, Nodes(4, 3, "node-0", 29501)),
        ({"AIM_MASTER_PORT": "tcp://10.0.0.1:80"}, None),
        ({**AIM, "AIM_MASTER_ADDR": "fd00::1"}, Nodes(4, 3, "fd00::1", 29501)),
        (LWS, Nodes(2, 1, "qwen-0.qwen.default", 29501)),
        ({**LWS, "AIM_MASTER_ADDR": "10.1.2.3"}, Nodes(2, 1, "10.1.2.3", 29501)),
        ({**LWS, "AIM_NODE_RANK": "0"}, Nodes(2, 0, "qwen-0.qwen.default", 29501)),
        ({**LWS, **AIM}, Nodes(4, 3, "node-0", 29501)),
        ({**LWS, "AIM_NODES": "1"}, None),
    ],
)
def test_which_machine_this_is(environ: dict[str, str], expected: Nodes | None) -> None:
    assert read(**environ) == expected


def test_one_machine_is_no_other_plan() -> None:
    assert Settings.from_env({"AIM_NODES": "1"}) == Settings.from_env({})


@pytest.mark.parametrize(
    ("environ", "kind", "message", "hint"),
    [
        (
            {"AIM_NODES": "2"},
            MissingSetting,
            "AIM_NODES=2, and AIM_NODE_RANK is not set",
            "AIM_NODE_RANK to 0",
        ),
        (
            {"AIM_NODES": "2", "AIM_NODE_RANK": "1"},
            MissingSetting,
            "AIM_NODES=2, and AIM_MASTER_ADDR is not set",
            "address of the one with AIM_NODE_RANK=0",
        ),
        ({**LWS, "AIM_NODES": "2"}, MissingSetting, "AIM_NODE_RANK is not set", "leave all of them unset"),
        ({"AIM_NODE_RANK": "0"}, MissingSetting, "AIM_NODE_RANK=0 is about several", "set AIM_NODES to"),
        ({"AIM_MASTER_ADDR": "a"}, MissingSetting, "AIM_MASTER_ADDR=a is", "or unset AIM_MASTER_ADDR"),
        ({"AIM_MASTER_PORT": "1"}, MissingSetting, "AIM_MASTER_PORT=1 is", "or unset AIM_MASTER_PORT"),
        ({"LWS_WORKER_INDEX": "1"}, MissingSetting, "LWS_WORKER_INDEX=1 is", "unset LWS_WORKER_INDEX"),
        (
            {"LWS_GROUP_SIZE": "2"},
            MissingSetting,
            "LWS_GROUP_SIZE=2, and AIM_NODE_RANK",
            "AIM_NODE_RANK to 0",
        ),
        ({**AIM, "AIM_NODE_RANK": "4"}, InvalidValue, "AIM_NODE_RANK=4 with AIM_NODES=4", "from 0 to 3"),
        (
            {"AIM_NODES": "1", "AIM_NODE_RANK": "1"},
            InvalidValue,
            "AIM_NODE_RANK=1 with AIM_NODES=1",
            "0 to 0",
        ),
        (
            {**LWS, "LWS_WORKER_INDEX": "2"},
            InvalidValue,
            "LWS_WORKER_INDEX=2 with LWS_GROUP_SIZE=2",
            "0 to 1",
        ),
        (
            {**AIM, "AIM_NODES": "0"},
            InvalidValue,
            "AIM_NODES=0: not a whole number from 1",
            "a number from 1",
        ),
        ({**LWS, "LWS_GROUP_SIZE": "two"}, InvalidValue, "LWS_GROUP_SIZE=two", "a number from 1"),
        ({**AIM, "AIM_MASTER_ADDR": "node-0:29501"}, InvalidValue, "not a host name", "without a port"),
        ({**AIM, "AIM_MASTER_ADDR": "http://node-0"}, InvalidValue, "not a host name", "without a port"),
        (
            {**AIM, "AIM_NODE_RANK": "0", "AIM_MASTER_PORT": "8000"},
            InvalidValue,
            "AIM_MASTER_PORT=8000 is AIM_PORT as well",
            "the same one on all machines",
        ),
        (
            {**AIM, "AIM_NODE_RANK": "0", "AIM_MASTER_PORT": "8001"},
            InvalidValue,
            "is AIM_MANAGEMENT_PORT as well",
            "another port",
        ),
        (
            {**AIM, "AIM_ON_FAILURE": "next-profile"},
            InvalidValue,
            "AIM_ON_FAILURE=next-profile with AIM_NODES=4",
            "AIM_PROFILE_ID",
        ),
    ],
)
def test_what_is_refused(environ: dict[str, str], kind: type[ConfigError], message: str, hint: str) -> None:
    with pytest.raises(kind) as refused:
        read(**environ)
    assert message in refused.value.message
    assert hint in refused.value.hint
    assert refused.value.exit_code == 2


def test_a_misspelling_is_told() -> None:
    with pytest.raises(ConfigError, match="did you mean AIM_NODES"):
        read(AIM_NODE="2")
