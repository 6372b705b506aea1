"""A report in a real browser: wide and narrow, light and dark, from a file and from nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from aim_runtime.bench.report import report
from aim_runtime.bench.sample import Measured
from aim_runtime.bench.workload import Point
from integration.serving.looking import DESKTOP, PHONE, faults, looking
from unit.bench.made_up import REFUSED, benchmark, failed, measured, points

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.servers

GOOD = [measured(each) for each in points(((256, 64), (1024, 96)))]
RATES = [measured(Point(256, 64, 16, rate=rate)) for rate in (0.5, 2.0)]
BAD = [*GOOD[:2], failed(GOOD[2], 5), Measured(GOOD[3].point, 1.0, (), REFUSED)]
LONG = "vllm-cpu-" + "very-" * 20 + "long"
PAGES = {
    "one": [benchmark([*GOOD, *RATES], slo="ttft_p90_ms<=150,tpot_p90_ms<=50")],
    "failed": [benchmark(BAD, slo="ttft_p90_ms<=150")],
    "none": [benchmark([Measured(each.point, 0.0, (), REFUSED) for each in GOOD])],
    "compared": [benchmark(GOOD), benchmark(BAD, profile_id=LONG), benchmark(RATES, profile_id="third")],
}


@pytest.fixture(scope="module", params=PAGES)
def address(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    file: Path = tmp_path_factory.mktemp("report") / "report.html"
    file.write_text(report(PAGES[request.param]), encoding="utf-8")
    return file.as_uri()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_anybody_can_read_it_without_a_network(
    browser: Browser, address: str, size: tuple[int, int], scheme: str
) -> None:
    with looking(browser, address, size, color_scheme=scheme, offline=True) as page:
        assert faults(page) == []
        for box in page.locator(".scroll").all():
            box.focus()
            assert box.evaluate("box => box === document.activeElement"), "moved sideways by the keyboard"
        for plot in page.locator(".plot svg").all():
            box = plot.bounding_box()
            assert box is not None
            assert box["width"] >= 280, "its texts can be read"


def test_plots_follow_the_colours_of_the_page(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(report([benchmark(GOOD)]), encoding="utf-8")
    seen = {}
    for scheme in ("light", "dark"):
        with looking(browser, file.as_uri(), color_scheme=scheme) as page:
            seen[scheme] = page.evaluate(
                """() => ['.plot text', '.plot path[stroke]'].map((which) => {
                  const style = getComputedStyle(document.querySelector(which));
                  return which.includes('text') ? style.fill : style.stroke;
                })"""
            )
    assert seen == {
        "light": ["rgb(95, 90, 85)", "rgb(0, 114, 178)"],
        "dark": ["rgb(170, 163, 155)", "rgb(86, 180, 233)"],
    }
