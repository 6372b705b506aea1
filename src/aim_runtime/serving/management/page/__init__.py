"""The status page: its files, as they are sent."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from aim_runtime.serving.management.answer import Answer

_FOLDER = Path(__file__).parent
_KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
# Nothing from anywhere else, nothing inline, and in no other page's frame.
_POLICY = "; ".join(
    [
        *("default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'"),
        *("connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"),
    ]
)
FILES = tuple(sorted(path.name for path in _FOLDER.iterdir() if path.suffix in _KINDS))


@cache
def file(name: str) -> Answer:
    """One of FILES."""
    path = _FOLDER / name
    kind = f"{_KINDS[path.suffix]}; charset=utf-8"
    return Answer(
        200, path.read_text(encoding="utf-8"), kind, {"Content-Security-Policy": _POLICY}, ours=True
    )
