"""Stands between the runtime and its engine, so that neither leaves a process behind, however it ends.

A stand-alone script of the standard library alone, for a Python that loads nothing else (`-I -S`):

    keeper.py DESCRIPTOR RUNTIME GRACE_S COMMAND [ARGUMENT ...]

It starts COMMAND in a session of its own. Through the socket DESCRIPTOR it hears `t` (SIGTERM to the
engine) and `k` (SIGKILL to all of it), and says `started PID`, `failed ERRNO` or `ended CODE`, a line each;
CODE is negative for a signal. When the engine's first process has ended, what that left is killed. When the
runtime, process RUNTIME, is gone, the engine gets a SIGTERM and GRACE_S to end in.

What a killed process leaves is found by its ancestors: this is a subreaper (prctl(2)), so whatever left the
engine's session or lost its parent is still below this process.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Collection
from contextlib import suppress

# linux: include/uapi/linux/prctl.h
_PDEATHSIG, _CHILD_SUBREAPER = 1, 36
_FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
# What ignores SIGKILL waits for a device: nobody can end it.
_KILLED_WITHIN_S = 10.0


def adopt_orphans() -> None:
    """From now on, a process below this one that loses its parent becomes a child of this one."""
    _prctl(_CHILD_SUBREAPER, 1)


def descendants(root: int, but: Collection[int] = ()) -> list[int]:
    """The processes below `root`, without those in `but` and what is below these."""
    below: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208 - pathlib would triple what this process weighs
        if name.isdigit() and (parent := _parent(name)):
            below.setdefault(parent, []).append(int(name))
    found, todo = [], [root]
    while todo:
        children = [pid for pid in below.get(todo.pop(), ()) if pid not in but]
        found += children
        todo += children
    return found


def end_all(root: int, reap: Callable[[], None], but: Collection[int] = ()) -> None:
    """Kill what is below `root` until nothing is: what is killed may just have started another."""
    deadline = time.monotonic() + _KILLED_WITHIN_S
    while (left := descendants(root, but)) and time.monotonic() < deadline:
        for pid in left:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        reap()
        time.sleep(0.01)


class _Keeper:
    def __init__(self, control: int, runtime: int, grace_s: float) -> None:
        self._control, self._runtime, self._grace_s = control, runtime, grace_s
        self._wakes = self._watch_signals()
        self._leader = 0
        self._code: int | None = None
        self._alone = self._killing = False
        self._deadline: float | None = None

    def _watch_signals(self) -> int:
        reads, writes = os.pipe()
        os.set_blocking(reads, False)
        os.set_blocking(writes, False)
        signal.set_wakeup_fd(writes, warn_on_full_buffer=False)
        for number in (signal.SIGCHLD, *_FORWARDED):
            signal.signal(number, lambda *_: None)
        return reads

    def keep(self, command: list[str]) -> None:
        """Start the engine, and return when nothing is left of it."""
        # A signal meant for the engine must not be lost between its fork and its exec.
        signal.pthread_sigmask(signal.SIG_BLOCK, _FORWARDED)
        reads, writes = os.pipe()
        self._leader = os.fork()
        if not self._leader:
            self._become(command, writes)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _FORWARDED)
        os.close(writes)
        # The exec closes the pipe; one that failed says why first.
        self._say(f"failed {why.decode()}" if (why := os.read(reads, 16)) else f"started {self._leader}")
        os.close(reads)
        if os.getppid() != self._runtime:
            self._end_alone()  # it ended before its death could be asked for as a signal
        while self._code is None and not self._killing:
            self._wait()
        end_all(os.getpid(), self._reap)
        self._reap()
        self._say(f"ended {self._code if self._code is not None else -signal.SIGKILL}")

    def _become(self, command: list[str], failed: int) -> None:
        """Be the engine; it dies with the keeper, also with one that is gone already."""
        keeper = os.getppid()
        try:
            os.setsid()
            _prctl(_PDEATHSIG, signal.SIGKILL)
            if os.getppid() == keeper:
                signal.set_wakeup_fd(-1)
                # Python ignores two of them, and what is ignored stays so in the engine.
                for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGCHLD, *_FORWARDED):
                    signal.signal(number, signal.SIG_DFL)
                signal.pthread_sigmask(signal.SIG_UNBLOCK, _FORWARDED)
                os.execvp(command[0], command)
        except OSError as error:
            os.write(failed, b"%d" % (error.errno or 0))
        finally:
            os._exit(127)

    def _wait(self) -> None:
        poll = select.poll()
        poll.register(self._wakes, select.POLLIN)
        if not self._alone:
            poll.register(self._control, select.POLLIN)
        left_s = None if self._deadline is None else max(0.0, self._deadline - time.monotonic())
        ready = {descriptor for descriptor, _ in poll.poll(None if left_s is None else left_s * 1000)}
        if self._control in ready:
            self._obey()
        signals = os.read(self._wakes, 512) if self._wakes in ready else b""
        if os.getppid() != self._runtime:
            self._end_alone()
        else:
            for number in signals:
                if number in _FORWARDED:
                    self._signal(number)
        self._reap()
        self._killing = self._killing or (self._deadline is not None and time.monotonic() >= self._deadline)

    def _obey(self) -> None:
        try:
            words = os.read(self._control, 64)
        except OSError:
            words = b""
        if not words:
            self._end_alone()
        if b"k" in words:
            self._killing = True
        elif b"t" in words:
            self._signal(signal.SIGTERM)

    def _end_alone(self) -> None:
        """The runtime is gone: nobody watches the engine any more, so it ends too."""
        if not self._alone:
            self._alone, self._deadline = True, time.monotonic() + self._grace_s
            self._signal(signal.SIGTERM)

    def _signal(self, number: int) -> None:
        """Signal the engine's first process: it ends its workers in order."""
        if self._code is None:
            with suppress(ProcessLookupError):
                os.kill(self._leader, number)

    def _reap(self) -> None:
        for pid, code in reaped():
            if pid == self._leader:
                self._code = code

    def _say(self, text: str) -> None:
        with suppress(OSError):  # nobody listens any more
            os.write(self._control, f"{text}\n".encode())


def reaped() -> list[tuple[int, int]]:
    """Every child that has ended, waited for, with its exit code, negative for a signal."""
    found = []
    with suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            found.append((ended[0], os.waitstatus_to_exitcode(ended[1])))
    return found


def _parent(pid: str) -> int:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123 - as above
            return int(file.read().rpartition(b")")[2].split()[1])
    except (OSError, IndexError, ValueError):
        return 0  # it has ended


def _prctl(option: int, value: int) -> None:
    ctypes.CDLL(None).prctl(option, ctypes.c_ulong(value), *[ctypes.c_ulong(0)] * 3)


def main() -> None:
    control, runtime, grace_s = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    os.set_inheritable(control, False)
    adopt_orphans()
    keeper = _Keeper(control, runtime, grace_s)
    _prctl(_PDEATHSIG, signal.SIGTERM)
    keeper.keep(sys.argv[4:])


if __name__ == "__main__":
    main()
