"""A running engine: started in its own process group, asked whether it answers, stopped whole."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping

from aim_runtime.engines.endpoint import Endpoint
from aim_runtime.engines.launch import Launch
from aim_runtime.errors import PortTaken
from aim_runtime.hardware.accelerator import NumaNode

_STDERR = 2
_ANSWER_S = 2.0
# vLLM ends its workers and frees the devices within this on SIGTERM; after it, SIGKILL.
GRACE_S = 30.0


def require_free_port(port: int) -> None:
    """Raise PortTaken when something listens on the port already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError as error:
            raise PortTaken(
                f"AIM_PORT={port}: the port is not free ({error.strerror})",
                hint=f"stop what listens there (ss -ltnp 'sport = :{port}'), or set AIM_PORT to another port",
            ) from error


@contextlib.contextmanager
def _running_on(node: NumaNode | None) -> Iterator[None]:
    """Run on the node's CPUs for as long as it takes to start a child, which stays there."""
    if node is None:
        yield
        return
    before = os.sched_getaffinity(0)
    # Memory follows by itself: a page lies where it is first written.
    os.sched_setaffinity(0, before & set(node.cpus) or before)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class EngineProcess:
    """The engine's process group. The engine's output goes to stderr; stdout stays for data.

    `endpoint` is where it will answer.
    """

    def __init__(self, launch: Launch, inherited: Mapping[str, str], endpoint: Endpoint) -> None:
        self._launch = launch
        self._endpoint = endpoint
        with _running_on(launch.numa_node):
            self._process = subprocess.Popen(
                launch.command,
                env={**inherited, **launch.environment},
                stdin=subprocess.DEVNULL,
                stdout=_STDERR,
                # A group of its own: a Ctrl-C at the terminal reaches this program, which stops the engine.
                start_new_session=True,
            )

    def exit_code(self) -> int | None:
        """The engine's exit code, negative for a signal; None while it runs."""
        return self._process.poll()

    def answers(self) -> bool:
        """Whether the engine says that it can serve."""
        answer = self._endpoint.ask(self._launch.ready_path, _ANSWER_S)
        return answer is not None and answer[0] == 200

    def wait(self, timeout_s: float) -> int | None:
        """Wait for the engine to end; None when it still runs after `timeout_s`."""
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None

    def stop(self, grace_s: float = GRACE_S) -> None:
        """End the engine: SIGTERM, and SIGKILL after `grace_s` for whatever of its group is left.

        Only the leader gets the SIGTERM: it ends its workers in order, which it cannot do with workers
        that are ending already.
        """
        if self.exit_code() is None:
            self._process.terminate()
            self.wait(grace_s)
        self._signal_group(signal.SIGKILL)
        self._process.wait()

    def _signal_group(self, number: int) -> None:
        """Signal whoever is left of the group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)
