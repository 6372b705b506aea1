"""The box to try the model, in a real browser: by mouse and by keyboard."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from aim_runtime.engines.endpoint import Endpoint
from aim_runtime.summary import summary
from aim_runtime.vocabulary import Phase
from integration.models.programs import fake
from integration.serving.looking import PHONE, faults, looking
from integration.serving.port import Port, managed
from unit.test_plan import COHERE, declared, plan

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.servers

ANSWER = "The capital of Japan is Tokyo , a city of many millions ."


@contextmanager
def trying(folder: Path, *switches: str) -> Iterator[Port]:
    """A service that is ready, with a small engine behind it."""
    with fake("chat", *switches) as number, managed() as port:
        port.life.endpoint = Endpoint(number)
        port.be_ready()
        port.life.change(plan=summary(plan(folder, declared("MI300X"), aim_id=COHERE)))
        yield port


def focused(page: Page) -> str:
    found: str = page.evaluate("() => document.activeElement.id")
    return found


def test_the_answer_is_written_as_it_comes(browser: Browser, tmp_path: Path) -> None:
    from playwright.sync_api import expect

    with trying(tmp_path, "--pause", "0.1") as port, looking(browser, str(port.url)) as page:
        said, state = page.locator("#said"), page.locator("#answer-state")
        page.get_by_label("Message").fill("What is the capital of Japan?")
        page.get_by_label("Tokens at most").fill("13")
        page.get_by_role("button", name="Send").click()
        expect(said).to_contain_text("The capital")
        assert "millions" not in said.inner_text()
        assert page.get_by_role("button", name="Send").is_disabled()
        expect(state).to_have_text("answering")
        expect(said).to_have_text(ANSWER)
        expect(state).to_contain_text("13 tokens")
        told = re.fullmatch(
            r"cut at the limit · 13 tokens · first after (\d+) ms · ([\d.]+) tokens/s", state.inner_text()
        )
        assert told, state.inner_text()
        assert 100 <= int(told[1]) < 1000
        assert 4 < float(told[2]) <= 11, "one word each 0.1 s"
        assert faults(page) == []


def test_an_answer_is_stopped(browser: Browser, tmp_path: Path) -> None:
    from playwright.sync_api import expect

    with trying(tmp_path, "--pause", "0.05") as port, looking(browser, str(port.url)) as page:
        stop, state = page.get_by_role("button", name="Stop"), page.locator("#answer-state")
        expect(stop).to_be_hidden()
        page.get_by_label("Message").fill("Count")
        page.get_by_label("Tokens at most").fill("5000")
        page.get_by_role("button", name="Send").click()
        expect(page.locator("#said")).to_contain_text("Tokyo")
        stop.click()
        expect(state).to_contain_text("stopped · ")
        expect(stop).to_be_hidden()
        expect(page.get_by_role("button", name="Send")).to_be_enabled()


def test_by_the_keyboard_alone_on_a_phone(browser: Browser, tmp_path: Path) -> None:
    from playwright.sync_api import expect

    with trying(tmp_path, "--pause", "0.02") as port, looking(browser, str(port.url), PHONE) as page:
        expect(page.locator("#pill")).to_have_text("ready")
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to trying the model")).to_be_focused()
        assert page.locator(".skip").bounding_box()["x"] >= 0  # type: ignore[index]
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert focused(page) == "question"
        outline = "() => getComputedStyle(document.activeElement).outlineStyle"
        assert page.evaluate(outline) == "solid", "where one is, is seen"
        page.keyboard.type("Where?")
        page.keyboard.press("Tab")
        assert focused(page) == "limit"
        page.keyboard.press("Control+A")
        page.keyboard.type("4000")
        page.keyboard.press("Tab")
        assert focused(page) == "send"
        assert page.evaluate(outline) == "solid"
        page.keyboard.press("Enter")
        expect(page.locator("#said")).to_contain_text("Japan")
        assert focused(page) == "stop", "the button went away, its place did not"
        page.keyboard.press("Enter")
        expect(page.locator("#answer-state")).to_contain_text("stopped")
        assert focused(page) == "send"
        for _ in range(2):
            page.keyboard.press("Shift+Tab")
        assert focused(page) == "question"
        page.keyboard.press("Control+Enter")
        expect(page.locator("#answer-state")).to_have_text("answering")
        page.keyboard.press("Escape")
        expect(page.locator("#answer-state")).to_contain_text("stopped")
        for _ in range(3):
            page.keyboard.press("Tab")
        assert focused(page) == "answer", "what is long can be scrolled"
        for name in ("Engine arguments", "Variables", "Command", "last lines"):
            while name not in page.evaluate("() => document.activeElement.textContent"):
                page.keyboard.press("Tab")
            page.keyboard.press("Enter")
            assert page.evaluate("() => document.activeElement.closest('details').open")


def test_a_key_is_asked_for_where_the_engine_asks_for_one(browser: Browser, tmp_path: Path) -> None:
    from playwright.sync_api import expect

    with trying(tmp_path, "--key", "sesame") as port:
        context = browser.new_context()
        page = context.new_page()  # a browser notes every 401 on its console
        page.goto(str(port.url))
        key, wrong = page.get_by_label("API key"), page.get_by_role("alert")
        expect(key).to_be_hidden()
        page.get_by_label("Message").fill("Where?")
        page.get_by_role("button", name="Send").click()
        expect(wrong).to_have_text("This service asks for an API key.")
        expect(key).to_be_focused()
        assert key.get_attribute("type") == "password"
        page.keyboard.type("wrong")
        page.keyboard.press("Enter")
        expect(wrong).to_have_text("This API key is not the right one.")
        key.fill("sesame")
        page.keyboard.press("Enter")
        expect(page.locator("#said")).to_contain_text("Tokyo")
        expect(wrong).to_be_hidden()
        kept = "() => JSON.stringify([localStorage, sessionStorage, document.cookie, location.href])"
        assert "sesame" not in page.evaluate(kept)
        context.close()


def test_what_the_engine_refuses_is_said_and_adapters_are_offered(browser: Browser, tmp_path: Path) -> None:
    from playwright.sync_api import expect

    with trying(tmp_path) as port:
        context = browser.new_context()
        page = context.new_page()
        page.goto(str(port.url))
        expect(page.locator("#pill")).to_have_text("ready")
        expect(page.get_by_label("Model", exact=True)).to_be_hidden()
        port.life.change(adapters=("nobody/knows",))
        page.get_by_label("Model", exact=True).select_option("nobody/knows")
        page.get_by_label("Message").fill("Where?")
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_role("alert")).to_have_text("The model `nobody/knows` does not exist.")
        context.close()


def test_an_answer_that_breaks_off_is_said(browser: Browser, tmp_path: Path) -> None:
    from playwright.sync_api import expect

    with trying(tmp_path, "--break", "--pause", "0.3") as port:
        context = browser.new_context()
        page = context.new_page()
        page.goto(str(port.url))
        page.get_by_label("Message").fill("Where?")
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_role("alert")).to_have_text("the answer broke off")
        expect(page.locator("#said")).to_have_text("The")
        context.close()


def test_it_is_tried_only_when_it_is_ready(browser: Browser, tmp_path: Path) -> None:
    from playwright.sync_api import expect

    with trying(tmp_path) as port, looking(browser, str(port.url)) as page:
        send = page.get_by_role("button", name="Send")
        expect(send).to_be_enabled()
        port.life.enter(Phase.DRAINING)
        expect(send).to_be_disabled()
        expect(page.locator("#try-why-not")).to_contain_text("draining")
        assert send.get_attribute("aria-describedby") == "try-why-not"


def test_a_page_of_another_site_cannot_ask(browser: Browser, tmp_path: Path) -> None:
    with trying(tmp_path) as port, managed() as other:
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"{other.url}livez")
        ask = """async ([url, kind]) => {
            const asked = {method: "POST", headers: {"Content-Type": kind}, body: "{}"};
            try { return (await fetch(url, asked)).status; }
            catch (error) { return error.name; }
        }"""
        for kind in ("application/json", "text/plain"):
            assert page.evaluate(ask, [f"{port.url}try", kind]) == "TypeError"
        assert port.life.endpoint
        answer = port.life.endpoint.ask("/seen", 5)
        assert answer == (200, "[]")
        context.close()
