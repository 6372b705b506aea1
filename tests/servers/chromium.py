"""Chromium without a window, driven by Playwright. https://www.chromium.org https://playwright.dev/python"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from servers import program

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@contextmanager
def browser() -> Iterator[Browser]:
    """Run one until the block ends. It knows no name but this machine's: it reaches nobody else."""
    path = program("chromium")
    from playwright.sync_api import sync_playwright

    # Its sandbox needs rights that a container seldom has; it sees no page but those of the tests.
    switches = [
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost",
    ]
    with sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=path, args=switches)
        try:
            yield running
        finally:
            running.close()
