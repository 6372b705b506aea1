"""`generate leaderworkerset`: by the schema of its definition, and whether its parts fit one another."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from contract import crds
from contract.semantic import findings
from running import COHERE, environment, run

KIND = "LeaderWorkerSet"
EVERYTHING = (
    *("--nodes", "4", "--replicas", "2", "--host-network", "--interface", "eth0", "--rdma", "rdma/hca=8"),
    *("--rccl", "NCCL_IB_GID_INDEX=3", "--rccl", "NCCL_IB_HCA=mlx5_0,mlx5_1", "--master-port", "29600"),
    *("--name", "cohere", "--namespace", "models", "--claim", "weights", "--pull-secret", "registry"),
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


def written(home: Path, *args: str, **env: str) -> str:
    declared = {"AIM_ID": COHERE, "AIM_ACCELERATOR_MODEL": "MI300X", "AIM_MANAGEMENT_PORT": "8001", **env}
    found = run("generate", "leaderworkerset", *args, env=environment(home, **declared))
    assert found.returncode == 0, found.stderr
    return found.stdout


def by_kind(text: str) -> dict[str, dict[str, Any]]:
    """The objects; of several of a kind, the last."""
    return {each["kind"]: each for each in yaml.safe_load_all(text)}


@pytest.fixture(scope="module")
def usual_text(home: Path) -> str:
    return written(home, "--nodes", "2", "--download")


@pytest.fixture(scope="module")
def everything_text(home: Path) -> str:
    return written(home, *EVERYTHING)


@pytest.fixture(scope="module")
def usual(usual_text: str) -> dict[str, dict[str, Any]]:
    return by_kind(usual_text)


@pytest.fixture(scope="module")
def everything(everything_text: str) -> dict[str, dict[str, Any]]:
    return by_kind(everything_text)


def templates(found: dict[str, dict[str, Any]]) -> tuple[dict[str, Any], dict[str, Any]]:
    template = found[KIND]["spec"]["leaderWorkerTemplate"]
    return template["leaderTemplate"], template["workerTemplate"]


def container(template: dict[str, Any]) -> dict[str, Any]:
    (found,) = template["spec"]["containers"]
    return dict(found)


def variables(template: dict[str, Any]) -> dict[str, str]:
    return {each["name"]: each.get("value", "") for each in container(template)["env"]}


@crds.needs_crds
def test_the_definition_has_nothing_against_it(
    usual: dict[str, dict[str, Any]], everything: dict[str, dict[str, Any]]
) -> None:
    assert crds.faults(usual[KIND]) == []
    assert crds.faults(everything[KIND]) == []


@crds.needs_crds
@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (("sizes",), 2, "('sizes' was unexpected)"),
        (("restartPolicy",), "Always", "'Always' is not one of"),
        (("size",), "2", "'2' is not of type 'integer'"),
        (("workerTemplate", "spec", "hostNet"), True, "('hostNet' was unexpected)"),
        (("leaderTemplate", "spec", "containers"), [{}], "'name' is a required property"),
        (("leaderTemplate", "metadata", "labels"), {"a": 1}, "1 is not of type 'string'"),
    ],
)
def test_the_check_sees_what_an_api_server_refuses(
    path: tuple[str, ...], value: object, expected: str, usual: dict[str, dict[str, Any]]
) -> None:
    broken = copy.deepcopy(usual[KIND])
    inner = broken["spec"]["leaderWorkerTemplate"]
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    assert expected in "\n".join(crds.faults(broken))


@pytest.mark.parametrize("which", ["usual_text", "everything_text"])
def test_the_parts_fit_one_another(which: str, request: pytest.FixtureRequest) -> None:
    objects = list(yaml.safe_load_all(request.getfixturevalue(which)))
    (group,) = [each for each in objects if each["kind"] == KIND]
    # Policies add up, and the linter takes each for the only one: the pods' own has a test below.
    others = [
        each for each in objects if each is not group and not each["metadata"]["name"].endswith("-group")
    ]
    assert findings([*others, one_template(group, "leader"), one_template(group, "worker")]) == []


def one_template(group: dict[str, Any], name: str) -> dict[str, Any]:
    """The group as if it had only one kind of pod, which is where the linter looks for it."""
    template = group["spec"]["leaderWorkerTemplate"][f"{name}Template"]
    metadata = {**group["metadata"], "name": f"{group['metadata']['name']}-{name}"}
    return {**group, "metadata": metadata, "spec": {"template": template}}


def test_the_header_says_what_must_be_there_and_how_it_was_made(everything_text: str) -> None:
    comments = [line for line in everything_text.splitlines() if line.startswith("#")]
    head = "\n".join(comments)
    assert f"{COHERE} on 4 machines with 8 x MI300X each" in comments[0]
    assert "the controller of LeaderWorkerSet" in head
    assert "the namespace models, in which pods may have their node's network" in head
    assert "a device plugin that gives nodes rdma/hca" in head
    assert "generate leaderworkerset" in head
    assert "--nodes 4" in head
    assert "http://cohere-leader.models/v1" in head


def test_a_group_ends_and_starts_as_one(usual: dict[str, dict[str, Any]]) -> None:
    spec = usual[KIND]["spec"]
    assert usual[KIND]["apiVersion"] == "leaderworkerset.x-k8s.io/v1"
    assert (spec["replicas"], spec["leaderWorkerTemplate"]["size"]) == (1, 2)
    assert spec["leaderWorkerTemplate"]["restartPolicy"] == "RecreateGroupOnPodRestart"


def test_only_the_leader_is_asked(usual: dict[str, dict[str, Any]]) -> None:
    leader, worker = templates(usual)
    selector = usual["Service"]["spec"]["selector"]
    assert selector.items() <= leader["metadata"]["labels"].items()
    assert not selector.items() <= worker["metadata"]["labels"].items()
    assert usual["Service"]["metadata"]["name"] != usual[KIND]["metadata"]["name"], "that is the controller's"
    ports = {each["name"] for each in container(leader)["ports"]}
    assert (
        {each["targetPort"] for each in usual["Service"]["spec"]["ports"]} == ports == {"http", "management"}
    )
    assert [each["name"] for each in container(worker)["ports"]] == ["management"]


def test_the_leader_is_asked_whether_it_is_ready_and_the_others_whether_they_live(
    usual: dict[str, dict[str, Any]],
) -> None:
    leader, worker = map(container, templates(usual))
    assert leader["readinessProbe"]["httpGet"]["path"] == "/health/ready"
    assert {"startupProbe", "livenessProbe"} <= leader.keys()
    assert [key for key in worker if key.endswith("Probe")] == ["startupProbe", "livenessProbe"]
    for probe in ("startupProbe", "livenessProbe"):
        assert worker[probe]["httpGet"] == {"path": "/health/live", "port": "management"}


def test_without_a_management_port_a_worker_has_no_probe(home: Path) -> None:
    found = by_kind(written(home, "--nodes", "2", AIM_MANAGEMENT_PORT=""))
    leader, worker = map(container, templates(found))
    assert leader["readinessProbe"]["httpGet"]["path"] == "/health"
    assert [key for key in worker if key.endswith("Probe")] == []


def test_the_controller_alone_says_which_machine_is_which(usual: dict[str, dict[str, Any]]) -> None:
    for template in templates(usual):
        said = variables(template)
        assert not {"AIM_NODES", "AIM_NODE_RANK", "AIM_MASTER_ADDR", "AIM_MASTER_PORT"} & said.keys()
        assert said["AIM_PROFILE_ID"] == "vllm-mi300x-fp16-tp8-latency", "all choose the same"
        shm = next(each for each in template["spec"]["volumes"] if each["name"] == "shm")
        assert shm["emptyDir"]["sizeLimit"] == "32Gi"


def test_how_the_machines_reach_one_another(everything: dict[str, dict[str, Any]]) -> None:
    assert "NetworkPolicy" not in everything, "a pod with its node's network is out of its reach"
    for template in templates(everything):
        said, spec = variables(template), template["spec"]
        assert said["NCCL_SOCKET_IFNAME"] == said["GLOO_SOCKET_IFNAME"] == "eth0"
        assert said["NCCL_IB_HCA"] == "mlx5_0,mlx5_1"
        assert said["NCCL_IB_GID_INDEX"] == "3"
        assert said["AIM_MASTER_PORT"] == "29600"
        assert (spec["hostNetwork"], spec["dnsPolicy"]) == (True, "ClusterFirstWithHostNet")
        given = container(template)["resources"]
        assert given["requests"]["rdma/hca"] == given["limits"]["rdma/hca"] == "8"


def test_a_policy_lets_the_pods_speak_with_one_another(usual: dict[str, dict[str, Any]]) -> None:
    spec = usual["NetworkPolicy"]["spec"]
    group = spec["podSelector"]["matchLabels"]
    assert spec["ingress"] == [{"from": [{"podSelector": {"matchLabels": group}}]}]
    assert spec["egress"] == [{"to": [{"podSelector": {"matchLabels": group}}]}]
    for template in templates(usual):
        assert group.items() <= template["metadata"]["labels"].items()


@pytest.mark.parametrize(
    ("args", "env", "code", "message"),
    [
        ((), {}, 2, "Missing option '--nodes'"),
        (("--nodes", "1"), {}, 2, "1 is not in the range"),
        (("--nodes", "2", "--access", "ReadWriteOnce"), {}, 2, "such a volume is for one node"),
        (("--nodes", "2", "--name", "a" * 49), {}, 2, "at most 48 characters"),
        (("--nodes", "2", "--rdma", "hca"), {}, 2, "--rdma 'hca' is no resource of a node"),
        (("--nodes", "2", "--rccl", "HOME=/"), {}, 2, "--rccl 'HOME=/' is none of RCCL's variables"),
        (("--nodes", "2", "--interface", "eth 0"), {}, 2, "--interface 'eth 0' is no name of one"),
        (("--nodes", "2", "--master-port", "8000"), {}, 2, "AIM_MASTER_PORT=8000 is AIM_PORT as well"),
        (("--nodes", "2"), {"AIM_ON_FAILURE": "next-profile"}, 2, "another profile"),
        (
            ("--nodes", "2"),
            {"AIM_NODES": "3", "AIM_NODE_RANK": "0", "AIM_MASTER_ADDR": "a"},
            2,
            "--nodes 2 with AIM_NODES=3",
        ),
        (
            ("--nodes", "2", "--", "--pipeline-parallel-size", "3"),
            {},
            2,
            "AIM_NODES=2 with 8 accelerators each cannot share",
        ),
    ],
)
def test_what_is_refused(
    args: tuple[str, ...], env: dict[str, str], code: int, message: str, home: Path
) -> None:
    declared = {"AIM_ID": COHERE, "AIM_ACCELERATOR_MODEL": "MI300X", **env}
    refused = run("generate", "leaderworkerset", *args, env=environment(home, **declared))
    assert refused.returncode == code
    assert message in refused.stderr
    assert refused.stdout == ""


def test_no_other_platform_takes_several_machines(home: Path) -> None:
    several = {"AIM_NODES": "2", "AIM_NODE_RANK": "0", "AIM_MASTER_ADDR": "a"}
    env = environment(home, AIM_ID=COHERE, AIM_ACCELERATOR_MODEL="MI300X", **several)
    refused = run("generate", "kubernetes", env=env)
    assert refused.returncode == 8
    assert "generate leaderworkerset --nodes 2" in refused.stderr
