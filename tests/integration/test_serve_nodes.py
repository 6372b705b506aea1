"""Several machines that serve one model: two runtimes on loopback, each with a stand-in for vLLM."""

from __future__ import annotations

import json
import os
import signal
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from integration.serving_support import MODEL, Streams, fake_environment, gone, record
from running import Service, alive, run, serving


@dataclass(frozen=True)
class Machine:
    """One of the two: its runtime, its environment and its management port."""

    service: Service
    env: dict[str, str]

    def asks(self, path: str) -> tuple[int, Any]:
        """Status and JSON of the management port's answer; 0 while it does not listen."""
        url = f"http://127.0.0.1:{self.env['AIM_MANAGEMENT_PORT']}{path}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())
        except OSError:
            return 0, None

    def is_ready(self) -> bool:
        return self.asks("/health/ready")[0] == 200

    def is_live(self) -> bool:
        return self.asks("/health/live")[0] == 200


def free_ports(count: int) -> list[int]:
    """Ports that are free, and none of them twice."""
    with ExitStack() as stack:
        found = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in found:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in found]


class Group:
    """Starts machines of one group, in any order."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder, self._stack = folder, stack
        self._master, *self._ports = free_ports(5)

    def start(self, rank: int, **more: str) -> Machine:
        folder = self._folder / str(rank)
        folder.mkdir()
        env = fake_environment(
            folder,
            AIM_NODES="2",
            AIM_NODE_RANK=str(rank),
            AIM_MASTER_ADDR="127.0.0.1",
            AIM_MASTER_PORT=str(self._master),
            AIM_PORT=str(self._ports.pop()),
            AIM_MANAGEMENT_PORT=str(self._ports.pop()),
            **more,
        )
        return Machine(self._stack.enter_context(serving(folder, env)), env)


@pytest.fixture
def group(tmp_path: Path) -> Iterator[Group]:
    with ExitStack() as stack:
        yield Group(tmp_path, stack)


def test_the_leader_answers_and_the_other_is_ready_when_it_has_joined_until_it_dies(group: Group) -> None:
    led = group.start(1)
    led.service.wait_until_said("headless multiproc executor", 20)
    assert led.is_live(), "it waits for the leader"
    status, answer = led.asks("/health/ready")
    assert status == 503
    assert "not ready yet" in json.dumps(answer)

    leader = group.start(0)
    leader.service.wait_until_said("ready after", 20)
    assert json.loads(leader.service.get("/v1/models"))["data"][0]["id"] == MODEL
    led.service.wait_until_said("machine 2 of 2 has joined; requests are answered at 127.0.0.1", 20)
    assert led.is_ready()
    assert led.is_live()
    with pytest.raises(urllib.error.URLError):
        led.service.get("/v1/models")  # it listens on no port
    assert "--headless" in record(led.env)["argv"]
    assert "--headless" not in record(leader.env)["argv"]
    assert "--pipeline-parallel-size 2" in " ".join(record(leader.env)["argv"])

    os.kill(record(led.env)["pids"][0], signal.SIGKILL)
    assert led.service.process.wait(20) == 6
    assert gone(record(led.env)["pids"])
    assert "error: " in led.service.said


def test_requests_in_flight_are_answered_before_the_group_ends(group: Group) -> None:
    led, leader = group.start(1), group.start(0, FAKE_ENGINE="streams")
    leader.service.wait_until_said("ready after", 20)
    led.service.wait_until_said("has joined", 20)
    streams = Streams(leader.service.port, clients=3, tokens=40)
    for machine in (led, leader):
        machine.service.process.send_signal(signal.SIGTERM)
    led.service.wait_until_said("the end waits for 127.0.0.1, which leads", 10)
    assert all(map(alive, record(led.env)["pids"])), "the leader needs it for what is in flight"
    assert streams.whole == [True] * 3
    assert leader.service.process.wait(20) == 0
    assert led.service.process.wait(20) == 0
    assert gone([*record(led.env)["pids"], *record(leader.env)["pids"]])


def test_a_log_that_says_nothing_is_no_reason_to_end(group: Group) -> None:
    led = group.start(1, FAKE_ENGINE="silent", AIM_READY_SECONDS="1")
    leader = group.start(0, FAKE_ENGINE="streams")
    leader.service.wait_until_said("ready after", 20)
    assert led.is_live()
    assert not led.is_ready(), "it does not say so"
    streams = Streams(leader.service.port, clients=1, tokens=30)
    led.service.process.send_signal(signal.SIGTERM)
    leader.service.process.send_signal(signal.SIGTERM)
    assert streams.whole == [True]
    assert led.service.process.wait(20) == 0


def test_a_follower_that_cannot_start_ends_with_the_engines_exit_code(group: Group) -> None:
    led = group.start(1, FAKE_ENGINE="crash")
    led.service.process.wait(20)
    assert led.service.process.returncode == 6


def test_a_follower_that_waits_in_vain_ends_at_once(group: Group) -> None:
    led = group.start(1)
    led.service.wait_until_said("headless multiproc executor", 20)
    assert led.service.stop(timeout_s=8) == 0
    assert "which leads" not in led.service.said


def test_a_second_signal_cuts_a_follower(group: Group) -> None:
    led, leader = group.start(1), group.start(0)
    led.service.wait_until_said("has joined", 20)
    led.service.process.send_signal(signal.SIGTERM)
    led.service.wait_until_said("which leads", 10)
    assert led.service.stop(timeout_s=8) == 143
    assert leader.service.process.poll() is None


def test_dry_run_shows_the_command_of_each_machine(tmp_path: Path) -> None:
    env = fake_environment(tmp_path, LWS_GROUP_SIZE="2", LWS_LEADER_ADDRESS="a-0.a.b", LWS_WORKER_INDEX="1")
    shown = run("dry-run", "--format", "shell", env=env)
    assert shown.returncode == 0, shown.stderr
    for expected in ("--nnodes 2", "--node-rank 1", "--master-addr a-0.a.b", "--headless"):
        assert expected in shown.stdout
    refused = run("dry-run", env={**env, "LWS_LEADER_ADDRESS": ""})
    assert refused.returncode == 2
    assert "AIM_MASTER_ADDR is not set" in refused.stderr
