"""A person's browser on the status page, and what its page must never do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_JUDGE = (Path(__file__).parent / "accessible.js").read_text(encoding="utf-8")
DESKTOP, PHONE = (1200, 900), (360, 740)


@contextmanager
def looking(browser: Browser, url: str, size: tuple[int, int] = DESKTOP, **more: Any) -> Iterator[Page]:
    """The page, open until the block ends; then it must have asked nobody else and complained of nothing."""
    wrong: list[str] = []
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, **more)
    page = context.new_page()
    page.set_default_timeout(10_000)
    page.on("console", lambda said: wrong.append(f"{said.type}: {said.text}"))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda asked: asked.url.startswith(url) or wrong.append(f"asked {asked.url}"))
    page.goto(url)
    try:
        yield page
    finally:
        context.close()
    assert not wrong, "\n".join(wrong)


def faults(page: Page) -> list[str]:
    """What of the page as it stands a person could not read, reach or make out."""
    found: list[str] = page.evaluate(_JUDGE)
    return found
