"""The models room: who fetches a model, written down so that others can tell whether it is still there."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

_PROC = Path("/proc")


@dataclass(frozen=True)
class Owner:
    """One process and its turn, which `token` names.

    `born` is when the process started, in the kernel's ticks since `boot`; `pid_namespace` tells
    containers of one kernel apart, whose process ids mean nothing to each other; `locked`: it holds its
    file locked by flock. `started` is UTC in ISO 8601, by a clock that may be wrong: only for people.
    """

    token: str
    host: str
    pid: int
    born: str
    boot: str
    pid_namespace: str
    user: int
    started: str
    what: str
    locked: bool = False

    @classmethod
    def me(cls, what: str) -> Owner:
        """Describe this process, with a new token."""
        return cls(
            token=secrets.token_hex(8),
            host=os.uname().nodename,
            pid=os.getpid(),
            born=_born(os.getpid()) or "",
            boot=_boot(),
            pid_namespace=_pid_namespace(),
            user=os.geteuid(),
            started=datetime.now(UTC).isoformat(timespec="seconds"),
            what=what,
        )

    @classmethod
    def read(cls, data: bytes) -> Owner | None:
        """Return whom `data` describes, or None where it describes nobody."""
        try:
            found = json.loads(data)
            owner = cls(**{name: found[name] for name in cls.__dataclass_fields__})
        except (ValueError, RecursionError, TypeError, KeyError):
            return None
        texts = (owner.token, owner.host, owner.born, owner.boot, owner.pid_namespace, owner.started)
        whole = all(isinstance(text, str) for text in texts) and isinstance(owner.pid, int) and owner.token
        return owner if whole else None

    def write(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    def __str__(self) -> str:
        return f"process {self.pid} of user {self.user} on {self.host}, since {self.started}"

    @property
    def of_this_boot(self) -> bool:
        """Whether it runs, or ran, on the kernel that this process runs on."""
        return self.boot != "" and self.boot == _boot()

    @property
    def is_gone(self) -> bool:
        """Whether this process can see that it has ended; False where it cannot look."""
        here = self.of_this_boot and (self.host, self.pid_namespace) == (
            os.uname().nodename,
            _pid_namespace(),
        )
        if not here or not self.born or self.pid <= 0:
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except (PermissionError, OverflowError):
            pass  # it is another user's, whose /proc may be hidden too
        born = _born(self.pid)
        return born is not None and born != self.born


def _born(pid: int) -> str | None:
    """When a process started; empty for one that has ended and was not waited for, None if unknown."""
    try:
        status = (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
        return "" if status[0] in "ZX" else status[19]
    except (OSError, IndexError):
        return None


def _boot() -> str:
    try:
        return (_PROC / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _pid_namespace() -> str:
    try:
        return str((_PROC / "self/ns/pid").readlink())
    except OSError:
        return ""
