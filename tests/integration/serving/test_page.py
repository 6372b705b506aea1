"""The status page in a real browser: what a person sees of a start, of work, and of a failure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from aim_runtime.engines.load import Load
from aim_runtime.models.status import Status
from aim_runtime.serving.life import Attempt
from aim_runtime.summary import summary
from aim_runtime.vocabulary import Phase
from integration.serving.looking import DESKTOP, PHONE, faults, looking
from integration.serving.port import Port, managed
from unit.serving.views import KV
from unit.test_plan import COHERE, declared, plan

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.servers

NOTHING = "\N{EN DASH}"
LOAD = Load(3, 1, 1000, 500, 5, 0.25, 1.0, 5, 2.0, 100)


@pytest.fixture
def port(tmp_path: Path) -> Iterator[Port]:
    with managed() as found:
        found.life.change(plan=summary(plan(tmp_path, declared("MI300X"), aim_id=COHERE)))
        yield found


def be_ready(port: Port) -> None:
    port.life.change(engine_pid=7, engine_alive=True, answers=True)
    port.life.enter(Phase.READY)


def phases(page: Page) -> dict[str, str]:
    """The state of every phase by its name."""
    items = page.locator("#phases li").all()
    return {each.locator("span").first.inner_text(): each.get_attribute("data-state") or "" for each in items}


def test_a_start_is_seen_as_it_goes_on(browser: Browser, port: Port) -> None:
    from playwright.sync_api import expect

    with looking(browser, str(port.url)) as page:
        pill, now = page.locator("#pill"), page.locator("#phases [aria-current=step]")
        expect(pill).to_have_text("surveying")
        assert pill.get_attribute("role") == "status", "a change is read out"
        port.life.enter(Phase.DOWNLOADING)
        port.life.change(transfer=Status("downloading", 71_000_000_000, 222_000_000_000, 0, 90, 760e6))
        bar = page.get_by_role("progressbar")
        expect(bar).to_have_attribute("aria-valuenow", "31")
        expect(page.locator("#progress")).to_contain_text("downloading 31 %")
        expect(page.locator("#progress")).to_contain_text("71.0 GB of 222 GB · 760 MB/s · 3 min 18 s left")
        port.life.enter(Phase.LOADING, 60)
        expect(bar).to_have_attribute("aria-valuenow", "60")
        expect(now).to_contain_text("loading weights")
        assert phases(page) == {
            "surveying": "done",
            "downloading": "done",
            "verifying": "skipped",
            "starting the engine": "skipped",
            "loading weights": "now",
            **dict.fromkeys(("compiling", "capturing graphs", "warming", "ready"), "next"),
        }
        port.life.enter(Phase.COMPILING)
        expect(now).to_contain_text("compiling")
        assert bar.get_attribute("aria-valuenow") is None, "nobody knows how far it is"
        be_ready(port)
        expect(pill).to_have_text("ready")
        expect(page.locator("#progress")).to_be_hidden()
        expect(now).to_have_count(0)
        expect(page.locator("#start-time")).to_contain_text("ready after")
        port.life.change(stalled_s=70.0)
        expect(pill).to_have_text("not ready")
        expect(page.locator("#reason")).to_contain_text("no progress for 70 s")
        port.life.change(stalled_s=0.0)
        port.life.enter(Phase.DRAINING)
        expect(pill).to_have_text("draining")


def test_the_plan_and_why(browser: Browser, port: Port) -> None:
    from playwright.sync_api import expect

    with looking(browser, str(port.url)) as page:
        expect(page.get_by_role("heading", level=1)).to_have_text(COHERE)
        expect(page).to_have_title(f"command-a-reasoning-08-2025 {NOTHING} AIM")
        expect(page.locator("#why")).to_contain_text("vllm-mi300x-fp16-tp8-latency: ranks first by")
        facts = page.locator("#facts")
        for text in (
            "AMD Instinct MI300X",
            "weights 25.9 GiB of 176.6 GiB",
            "CC-BY-NC-4.0",
            "vllm 0.32.0",
        ):
            expect(facts).to_contain_text(text)
        port.life.change(kv_tokens=1_204_992)
        expect(facts).to_contain_text("tokens / 1,204,992 tokens")
        page.get_by_text("Engine arguments").click()
        row = page.get_by_role("row", name="max-model-len")
        expect(row).to_contain_text("32768")
        expect(row).to_contain_text("profile")


def test_a_failure_is_in_words_with_what_to_do(browser: Browser, port: Port) -> None:
    from playwright.sync_api import expect

    evil = replace(KV, message="<img src=x onerror=alert(1)> needs 8 GiB", hint="<b>shorter</b>")
    with looking(browser, str(port.url)) as page:
        expect(page.locator("#failure")).to_be_hidden()
        port.life.enter(Phase.LOADING)
        port.life.change(failure=evil, attempts=(Attempt("vllm-tp4", KV, "the next profile"),))
        port.life.enter(Phase.FAILED)
        expect(page.locator("#pill")).to_have_text("failed")
        box = page.get_by_role("region", name="What went wrong")
        expect(box).to_contain_text("<img src=x onerror=alert(1)> needs 8 GiB")
        expect(box).to_contain_text("Fix: <b>shorter</b>")
        expect(box).to_contain_text("engine.kv_too_small")
        expect(box.locator("pre")).to_have_text("ValueError: no room")
        assert phases(page)["loading weights"] == "bad"
        expect(page.locator("#attempts li")).to_have_text(
            "vllm-tp4: no room for one request; then the next profile"
        )


def test_the_charts_move_with_the_load(browser: Browser, port: Port) -> None:
    from playwright.sync_api import expect

    be_ready(port)
    with looking(browser, str(port.url)) as page:
        expect(page.locator("#live")).to_be_hidden()
        port.life.change(load=LOAD)
        value = page.locator(".chart .value")
        expect(value).to_have_count(5)
        assert value.all_inner_texts()[0].startswith(NOTHING), "one look is no rate"
        page.wait_for_timeout(1100)
        port.life.change(load=replace(LOAD, running=9, generated_tokens=900, kv_usage=0.5, ttft_sum_s=1.4))
        expect(value.nth(1)).to_have_text("9 running")
        expect(value.nth(2)).to_have_text("50 % in use")
        expect(value.nth(3)).to_have_text(f"{NOTHING} ms")  # nobody got a first token since
        first = float(value.nth(0).inner_text().split()[0])
        assert 100 < first < 400, "400 tokens in a little more than one second"
        line = page.locator(".chart .line:not(.second)")
        before = line.nth(1).get_attribute("d")
        page.wait_for_timeout(1100)
        more = replace(
            LOAD, generated_tokens=900, ttft_sum_s=2.4, ttft_count=9, tpot_sum_s=4.0, tpot_count=150
        )
        port.life.change(load=more)
        expect(value.nth(0)).to_have_text("0 tokens/s")
        expect(value.nth(3)).to_have_text("250 ms")
        expect(value.nth(4)).to_have_text("40 ms")
        after = line.nth(1).get_attribute("d")
        assert before != after
        assert (after or "").count("L") == 1, "two points and a line between them"
        assert "Throughput: 0 tokens/s, at most" in (
            page.locator("svg").first.get_attribute("aria-label") or ""
        )
        port.life.change(load=replace(LOAD, generated_tokens=0))  # another engine
        expect(line.nth(1)).to_have_attribute("d", after or "")
        port.life.change(load=None)
        expect(page.locator("#live")).to_be_hidden()


def test_the_engines_lines_are_asked_for_only_when_they_are_shown(browser: Browser, port: Port) -> None:
    from playwright.sync_api import expect

    with looking(browser, str(port.url)) as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.wait_for_timeout(1500)
        assert not any("lines" in each for each in asked)
        port.life.last_lines = lambda: tuple(f"line {each}" for each in range(300))
        page.get_by_text("The engine's last lines").click()
        expect(page.locator("#lines-text")).to_contain_text("line 299")


def test_a_service_that_does_not_answer_any_more(browser: Browser, port: Port) -> None:
    from playwright.sync_api import expect

    with managed() as other:
        context = browser.new_context()
        page = context.new_page()
        page.goto(str(other.url))
        expect(page.locator("#pill")).to_have_text("surveying")
        other.life.enter(Phase.STOPPED)
        expect(page.locator("#pill")).to_have_text("stopped")
    lost = page.get_by_role("alert")
    expect(lost).to_contain_text("The service has not answered since")
    expect(lost).to_contain_text("It was stopped when it last did")
    expect(page.locator("#pill")).to_have_text("no answer")
    with managed(number=other.number):
        expect(page.locator("#pill")).to_have_text("surveying")
        expect(lost).to_be_hidden()
    context.close()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everyone_can_read_it_at_every_stage(
    browser: Browser, port: Port, size: tuple[int, int], scheme: str
) -> None:
    from playwright.sync_api import expect

    with looking(browser, str(port.url), size, color_scheme=scheme) as page:
        pill = page.locator("#pill")
        port.life.enter(Phase.DOWNLOADING)
        port.life.change(transfer=Status("downloading", 71_000_000_000, 222_000_000_000, 0, 90, 760e6))
        expect(pill).to_have_text("downloading")
        assert faults(page) == []
        be_ready(port)
        port.life.change(load=LOAD)
        expect(pill).to_have_text("ready")
        expect(page.locator(".chart")).to_have_count(5)
        port.life.change(load=replace(LOAD, generated_tokens=123_456_789, prompt_tokens=987_654_321))
        for each in page.locator("summary").all():
            each.click()
        expect(page.locator(".chart .value").first).not_to_contain_text(NOTHING)
        assert faults(page) == []
        long = replace(KV, message="x" * 300, hint="y" * 300, evidence="z" * 300)
        port.life.change(failure=long, attempts=(Attempt("p" * 200, long, "stop"),))
        port.life.enter(Phase.FAILED)
        expect(pill).to_have_text("failed")
        assert faults(page) == []


def test_nothing_moves_by_itself_for_who_does_not_want_that(browser: Browser, port: Port) -> None:
    from playwright.sync_api import expect

    running = "() => document.getAnimations().length"
    port.life.enter(Phase.COMPILING)
    for motion, some in (("reduce", False), ("no-preference", True)):
        with looking(browser, str(port.url), reduced_motion=motion) as page:
            expect(page.locator("#pill")).to_have_text("compiling")
            assert bool(page.evaluate(running)) is some
