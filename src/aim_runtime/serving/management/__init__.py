"""The management port: health, status, metadata, metrics and a page, from the first second on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from aim_runtime.models.events import Notice
from aim_runtime.serving.life import Life
from aim_runtime.serving.management.about import About
from aim_runtime.settings import Serving


@contextmanager
def serve(
    life: Life,
    settings: Serving,
    *,
    port: int,
    tell: Callable[[Notice], None],
    redact: Callable[[str], str],
) -> Iterator[str | None]:
    """Tell of `life` until the block ends, at the address that is yielded; None where there is no port.

    A port that is not to be had stops nobody from serving: it is told, and probes that ask there fail.
    `port` is the engine's own; `tell` is called in threads of the port's own too; `redact` takes secrets
    out of a text.
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

    about = About(life, settings.stall_s, redact)
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
