"""A running engine: started below a keeper, told to end, ended whole."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from typing import NoReturn

from aim_runtime.engines import keeper
from aim_runtime.engines.launch import Launch
from aim_runtime.errors import EngineExited, PortTaken
from aim_runtime.hardware.accelerator import NumaNode

_STDOUT, _STDERR = 1, 2
# What an engine gets to end in when this program is gone: the next service wants the devices.
_GRACE_ALONE_S = 5.0
# The largest that any user may have: who reads must wait for the interpreter's lock each time.
_PIPE_BYTES = 1024 * 1024
_KEEPER_WITHIN_S = 30.0


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
def running_on(node: NumaNode | None) -> Iterator[None]:
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


def become(launch: Launch, environment: Mapping[str, str]) -> NoReturn:
    """Replace this process by the engine; raises EngineExited for a command that cannot be started."""
    if launch.numa_node:
        os.sched_setaffinity(
            0, os.sched_getaffinity(0) & set(launch.numa_node.cpus) or os.sched_getaffinity(0)
        )
    os.dup2(_STDERR, _STDOUT)  # as a child's output: stdout stays for data
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, and what is ignored stays so
    try:
        os.execvpe(launch.command[0], launch.command, environment)
    except OSError as error:
        raise _not_started(launch, error.strerror or str(error)) from error


def _not_started(launch: Launch, why: str) -> EngineExited:
    return EngineExited(
        f"the engine cannot be started: {launch.command[0]}: {why}",
        hint="install the engine again, or see the command with: aim-runtime dry-run --format shell",
    )


class EngineProcess:
    """An engine and all that it starts, below a keeper (engines/keeper.py).

    `output` is the end of a pipe that its stdout and stderr come out of; whoever reads it closes it.
    Raises EngineExited for a command that cannot be started.
    """

    def __init__(self, launch: Launch, inherited: Mapping[str, str]) -> None:
        self._before = frozenset(keeper.descendants(os.getpid()))
        keeper.adopt_orphans()  # should the keeper be killed, what it kept is found here
        self._said, self._pid, self._errno = b"", 0, 0
        self._code: int | None = None
        self._control, theirs = socket.socketpair()
        self.output, written = os.pipe()
        with contextlib.suppress(OSError):  # the user may have too many of that size
            fcntl.fcntl(self.output, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        settings = [str(theirs.fileno()), str(os.getpid()), f"{_GRACE_ALONE_S:g}"]
        with running_on(launch.numa_node), theirs:
            self._keeper = subprocess.Popen(
                [sys.executable, "-I", "-S", keeper.__file__, *settings, *launch.command],
                env={**inherited, **launch.environment},
                stdin=subprocess.DEVNULL,
                stdout=written,
                stderr=written,
                pass_fds=(theirs.fileno(),),
                # A group of its own: a Ctrl-C at the terminal reaches this program, which stops the engine.
                start_new_session=True,
            )
        os.close(written)
        self._require_started(launch)

    @property
    def pid(self) -> int:
        """The engine's first process."""
        return self._pid

    def exit_code(self) -> int | None:
        """The engine's exit code, negative for a signal; None while it runs.

        Once there is one, nothing is left of the engine.
        """
        return self.wait(0)

    def wait(self, timeout_s: float) -> int | None:
        """Wait for the engine to end; None when it still runs after `timeout_s`."""
        deadline = time.monotonic() + timeout_s
        while self._code is None and self._hear(max(0.0, deadline - time.monotonic())):
            pass
        if os.getpid() == 1:
            _reap_strangers(self._keeper.pid)
        return self._code

    def terminate(self) -> None:
        """Ask the engine to end: its first process gets a SIGTERM, and ends its workers in order."""
        self._tell(b"t")

    def kill(self) -> None:
        """Kill whatever there is of the engine."""
        self._tell(b"k")
        self.wait(_KEEPER_WITHIN_S)

    def _tell(self, word: bytes) -> None:
        if self._code is None:
            with contextlib.suppress(OSError):
                self._control.send(word)

    def _hear(self, timeout_s: float) -> bool:
        """Take in what the keeper says; return whether it said anything."""
        if not select.select([self._control], [], [], timeout_s)[0]:
            return False
        try:
            said = self._control.recv(4096)
        except ConnectionError:
            said = b""
        self._said += said
        *lines, self._said = self._said.split(b"\n")
        for line in lines:
            word, _, number = line.partition(b" ")
            if word == b"ended":
                self._ended(int(number))
            elif word == b"started":
                self._pid = int(number)
            elif word == b"failed":
                self._errno = int(number)
        if not said and self._code is None:
            # The keeper was killed, and with it the engine; what that left is this program's now.
            self._keeper.wait()
            keeper.end_all(os.getpid(), self._reap_adopted, self._before)
            self._ended(-signal.SIGKILL)
        return True

    def _reap_adopted(self) -> None:
        for pid in keeper.descendants(os.getpid(), self._before):
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)

    def _ended(self, code: int) -> None:
        self._code = code
        self._keeper.wait()
        self._control.close()

    def _require_started(self, launch: Launch) -> None:
        deadline = time.monotonic() + _KEEPER_WITHIN_S
        while not self._pid and self._code is None and time.monotonic() < deadline:
            self._hear(1.0)
        if self._pid:
            return
        self.kill()
        os.close(self.output)
        raise _not_started(launch, os.strerror(self._errno) if self._errno else "its keeper ended")


def _reap_strangers(ours: int) -> None:
    """As the first process of a container: wait for what lost its parent, but not for the child `ours`."""
    with contextlib.suppress(ChildProcessError):
        while (
            ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        ) and ended.si_pid != ours:
            os.waitpid(ended.si_pid, os.WNOHANG)
