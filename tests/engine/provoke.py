"""Run vLLM's API server with wrong arguments, each case in a child of one process: provoke.py FOLDER < CASES

CASES is a JSON object: a name, and the arguments of the server. What a child says is in FOLDER/NAME.log, its
exit code in FOLDER/NAME.code. Most of what a start that fails takes is the import of vLLM: one does for all.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from vllm.entrypoints.launchers.api_server.entry import main as serve


def child(arguments: Sequence[str], log: Path) -> int:
    """Serve, as the module that a user calls does; return what the interpreter would exit with."""
    out = os.open(log, os.O_WRONLY | os.O_CREAT, 0o644)
    os.dup2(out, 1)
    os.dup2(out, 2)
    sys.argv = ["api_server.py", *arguments]
    try:
        serve()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 0 if ended.code is None else 1
    except BaseException:  # noqa: BLE001 - in the interpreter's place
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def main() -> None:
    folder = Path(sys.argv[1])
    for name, arguments in json.load(sys.stdin).items():
        pid = os.fork()
        if pid == 0:
            os._exit(child(arguments, folder / f"{name}.log"))
        _, status = os.waitpid(pid, 0)
        (folder / f"{name}.code").write_text(str(os.waitstatus_to_exitcode(status)))


if __name__ == "__main__":
    main()
