"""Run a command as the terminal's foreground job: `foreground.py COMMAND [ARGUMENT…]`, exiting as it exits.

Under `make`, Ctrl-C goes to the whole job, so make itself dies of it and reports "Interrupt" and 130
however cleanly the server stops. With a process group of its own in the foreground, only the server gets
the Ctrl-C, and make sees its exit code. Without a terminal, or in the background, the command simply
replaces this program.
"""

from __future__ import annotations

import os
import signal
import sys


def main(command: list[str]) -> int:
    try:
        # Not stdin, which may be redirected while the terminal still sends its signals.
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC)
        in_front = os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        in_front = False
    if not in_front:
        os.execvp(command[0], command)

    # Handing the terminal over from a group that no longer owns it would stop this process.
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    child = os.fork()
    if child == 0:
        try:
            os.setpgid(0, 0)
            os.tcsetpgrp(terminal, os.getpid())
            signal.signal(signal.SIGTTOU, signal.SIG_DFL)
            os.execvp(command[0], command)
        except OSError as error:
            print(f"{command[0]}: {error.strerror}", file=sys.stderr)
            os._exit(127)

    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, lambda received, _frame: os.kill(child, received))
    try:
        while True:
            _, status = os.waitpid(child, os.WUNTRACED)
            if not os.WIFSTOPPED(status):
                # As a shell does, a death by signal becomes 128 + its number.
                code = os.waitstatus_to_exitcode(status)
                return code if code >= 0 else 128 - code
            # Ctrl-Z: stop the whole job, so that the shell takes the terminal; wake the child with it.
            os.tcsetpgrp(terminal, os.getpgrp())
            os.killpg(0, signal.SIGSTOP)
            if os.tcgetpgrp(terminal) == os.getpgrp():
                os.tcsetpgrp(terminal, child)
            os.killpg(child, signal.SIGCONT)
    finally:
        if os.tcgetpgrp(terminal) == child:
            os.tcsetpgrp(terminal, os.getpgrp())


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(f"usage: {sys.argv[0]} COMMAND [ARGUMENT…]")
    sys.exit(main(sys.argv[1:]))
