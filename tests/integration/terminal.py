"""A terminal of a given width, with a person at it who may type."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import termios
from collections.abc import Mapping
from pathlib import Path

_CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def on_terminal(
    argv: list[str | Path], env: Mapping[str, str], columns: int, types: str = ""
) -> tuple[int, str]:
    """Run a program on a terminal; return its exit code and what it wrote, without colours and motions."""
    child, terminal = pty.fork()
    if child == 0:
        os.execve(argv[0], [str(word) for word in argv], {**env, "TERM": "xterm-256color"})
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    os.write(terminal, types.encode())  # waits in the terminal until somebody reads it
    said = b""
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        said += piece
    os.close(terminal)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), _CODES.sub("", said.decode(errors="replace"))
