"""One replica: fetches org/m as `serve` does, prints what it is told as JSON lines, and ends as `serve` does.

python program.py CACHE ENDPOINT BEAT_S TTL_S CHUNK_BYTES
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from aim_runtime.errors import AimError
from aim_runtime.models.cache import Cache
from aim_runtime.models.events import Event, Notice
from aim_runtime.models.fetch import fetch
from aim_runtime.models.ref import ModelRef
from aim_runtime.models.transfer import part
from aim_runtime.models.watch import Timing
from aim_runtime.serve import Stopped, stop_signals


def say(**what: object) -> None:
    print(json.dumps(what), flush=True)  # noqa: T201


def main(root: str, endpoint: str, beat_s: str, ttl_s: str, chunk_bytes: str) -> int:
    part.CHUNK_BYTES = int(chunk_bytes)
    cache = Cache(Path(root))
    with stop_signals() as stop:

        def report(event: Event) -> None:
            if isinstance(event, Notice):
                say(notice=event.text)
            else:
                say(phase=event.phase, done=event.done_bytes)
            stop.check()

        try:
            folder = fetch(
                cache.locate("org/m", (ModelRef.parse("org/m"),)),
                cache,
                hub_endpoint=endpoint,
                token_present=False,
                engine_python=None,
                environment=os.environ,
                report=report,
                timing=Timing(float(beat_s), float(ttl_s), 0.05),
            )
        except Stopped:
            say(stopped=True)
            return 0
        except AimError as error:
            say(error=error.code, message=error.message, hint=error.hint)
            return error.exit_code
        say(folder=str(folder))
        return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
