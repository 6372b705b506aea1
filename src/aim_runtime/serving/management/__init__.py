"""The management port: health, status, metadata, metrics and a page, from the first second on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from aim_runtime.engines.endpoint import Endpoint
from aim_runtime.models.events import Notice
from aim_runtime.serving.life import Life
from aim_runtime.serving.management.about import About
from aim_runtime.settings import Serving


def _no_lines(_count: int) -> Sequence[str]:
    return ()


@contextmanager
def serve(
    life: Life,
    endpoint: Callable[[], Endpoint | None],
    settings: Serving,
    *,
    port: int,
    version: str,
    tell: Callable[[Notice], None],
    lines: Callable[[int], Sequence[str]] = _no_lines,
    redact: Callable[[str], str] = str,
) -> Iterator[str | None]:
    """Tell of `life` until the block ends, at the address that is yielded; None where there is no port.

    A port that is not to be had stops nobody from serving: it is told, and probes that ask there fail.
    `port` is the engine's own; `endpoint` where the engine answers, None while there is none; `lines` gives
    the engine's last N lines; `redact` takes secrets out of a text.
    """
    wanted = settings.management_port
    if not wanted:
        yield None
        return
    if wanted == port:
        tell(Notice(f"AIM_PORT and AIM_MANAGEMENT_PORT are both {port}: {_WITHOUT}", grave=True))
        yield None
        return
    from aim_runtime.serving.management.server import Server  # an HTTP server's libraries take 20 ms

    about = About(life, endpoint, settings.stall_s, version, lines, redact)
    try:
        server = Server(settings.management_host, wanted, about, lambda text: tell(Notice(text, grave=True)))
    except OSError as error:
        reason = error.strerror or str(error)
        where = f"AIM_MANAGEMENT_PORT={wanted} at AIM_MANAGEMENT_HOST={settings.management_host}"
        tell(Notice(f"{where} cannot be listened on ({reason}): {_WITHOUT}", grave=True))
        yield None
        return
    with server:
        yield server.url


_WITHOUT = "there is no status page, and health and metrics are not answered"
