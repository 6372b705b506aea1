"""A report says what was measured, hides no failure, and is one page that needs nothing else."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from aim_runtime.bench.report import report
from aim_runtime.bench.result import Benchmark, from_json, to_json
from aim_runtime.bench.sample import Measured, Sample
from aim_runtime.bench.workload import Point
from aim_runtime.errors import ToolMissing
from unit.bench.made_up import MODEL, REFUSED, benchmark, failed, measured, points

WHOLE = benchmark([measured(each) for each in points()], slo="ttft_p90_ms<=150,tpot_p90_ms<=50")
NONE = benchmark([Measured(each, 0.0, (), REFUSED) for each in points()])
# One sample a point, so that every figure can be told by heart.
ROUND = Measured(Point(16, 5, 1, concurrency=2), 2.0, (Sample(16, 5, 0.1, 0.5, (0.1, 0.1, 0.1, 0.1)),))
EVIL = "</style><script>alert('&')</script>"


class Page(HTMLParser):
    """What a browser would find in a page: elements, their attributes, tables as lists of rows, all text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.tables: dict[str, list[list[str]]] = {}
        self.texts: list[str] = []
        self._inside: list[str] = []
        self._caption = ""
        self._rows: list[list[str]] = []
        self.feed(text)
        self.text = " ".join(" ".join(self.texts).split())

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attributes}))
        if tag != "meta":
            self._inside.append(tag)
        if tag == "table":
            self._caption, self._rows = "", []
        elif tag == "tr":
            self._rows.append([])
        elif tag in ("th", "td"):
            self._rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._inside.pop() == tag, "elements are closed in their order"
        if tag == "table":
            self.tables[self._caption] = self._rows

    def handle_data(self, data: str) -> None:
        if "style" not in self._inside:
            self.texts.append(data)
        if "caption" in self._inside:
            self._caption += data
        elif self._inside and {"th", "td"} & set(self._inside):
            self._rows[-1][-1] += data

    def all(self, tag: str, class_: str | None = None) -> list[dict[str, str]]:
        return [
            have
            for name, have in self.tags
            if name == tag and class_ in (None, *have.get("class", "").split())
        ]


def row(page: Page, caption: str, name: str) -> list[str]:
    return next(cells[1:] for cells in page.tables[caption] if cells and cells[0] == name)


def test_what_was_measured_is_said() -> None:
    page = Page(report([WHOLE]))
    facts = dict(cells for cells in page.tables["What was measured"])
    assert facts == {
        "Model": MODEL,
        "Profile": "vllm-cpu-bf16-tp1-latency",
        "Engine": "vllm 0.32.0",
        "Machine": "AMD EPYC 9965, 2 cores, 8 GiB",
        "Date": "2026-11-25T16:00:00+00:00",
        "Suite": "smoke",
        "Load generator": "guidellm 0.8.1",
        "Service": "http://127.0.0.1:8000",
        "Start to ready": "31.4 s",
        "Objectives": "ttft_p90_ms<=150,tpot_p90_ms<=50",
    }
    assert "3 of 3 points succeeded" in page.text
    assert not page.all("p", "bad")
    assert "What failed" not in page.text


def test_what_is_not_known_is_left_out() -> None:
    page = Page(report([benchmark([ROUND], profile_id=None, engine=None, started_s=None)]))
    names = [cells[0] for cells in page.tables["What was measured"]]
    assert names == ["Model", "Machine", "Date", "Suite", "Load generator", "Service"]
    assert f"All points of {MODEL}" in page.tables


def test_every_figure_of_a_point_is_in_the_table() -> None:
    page = Page(report([benchmark([ROUND], slo="ttft_p90_ms<=200,tpot_p90_ms<=50")]))
    caption = "All points of vllm-cpu-bf16-tp1-latency"
    first, second = page.tables[caption][:2]
    assert first == [
        *("Load: tokens in/out", "Answered", "requests/s", "output tokens/s", "all tokens/s"),
        *(
            "goodput, requests/s",
            "Objectives",
            "TTFT, ms",
            "TPOT, ms",
            "ITL, ms",
            "End to end, ms",
            "Failures",
        ),
    ]
    assert second == ["p50", "p90", "p99"] * 4
    assert row(page, caption, "16/5 x 2") == [
        *("1 of 1", "0.5", "2.5", "10.5", "0", "not TPOT p90"),
        *("100", "100", "100", "100", "100", "100", "100", "100", "100", "500", "500", "500", ""),
    ]


def test_cards_name_the_best_points() -> None:
    page = Page(report([WHOLE]))
    best = WHOLE.points[2]
    assert f"Highest throughput {best.output_tokens_per_s:.0f} output tokens/s at 256/64 x 32" in page.text
    assert "Requests answered 48 of 48 every point succeeded" in page.text
    assert "Points that keep the objectives 2 of 3 ttft_p90_ms<=150, tpot_p90_ms<=50" in page.text
    assert "Start to ready 31.4 s" in page.text


def test_failures_are_seen_in_every_place() -> None:
    lost = Measured(Point(256, 64, 16, concurrency=64), 9.0, (), REFUSED)
    whole = [*WHOLE.points[:2], failed(WHOLE.points[2], 3), lost]
    page = Page(report([benchmark(whole, slo="ttft_p90_ms<=9999")]))
    said = "3 of 16 not answered: 3 × timeout"  # noqa: RUF001
    assert "2 of 4 points failed" in page.text
    assert f"256/64 x 32 : {said}" in page.text
    caption = "All points of vllm-cpu-bf16-tp1-latency"
    assert row(page, caption, "256/64 x 32")[-1] == said
    assert row(page, caption, "256/64 x 64")[:3] == ["0 of 16", "–", "–"]  # noqa: RUF001
    assert len(page.all("tr", "failed")) == 2
    assert "Points that keep the objectives 2 of 4" in page.text
    assert "Not drawn, because no request was answered: 256/64 x 64." in page.text
    assert "In a red ring: some requests of the point were not answered." in page.text
    assert any(have.get("stroke") == "var(--bad)" for have in page.all("path"))
    assert f"at 256/64 x {WHOLE.points[1].point.concurrency}" in page.text, "the best is one without failures"


def test_a_request_that_is_lost_is_a_failure() -> None:
    short = Measured(Point(16, 5, 3, concurrency=2), 2.0, ROUND.samples)
    assert "2 of 3 not answered: 2 of which nothing is known" in Page(report([benchmark([short])])).text


def test_without_any_answer_there_is_a_report_without_plots() -> None:
    page = Page(report([NONE]))
    assert not page.all("figure")
    assert "3 of 3 points failed" in page.text
    assert "Highest throughput – no point has it" in page.text  # noqa: RUF001
    assert page.text.count("16 of 16 not answered: 16 × connection refused") == 6  # noqa: RUF001
    assert "0 of 0 points failed" in Page(report([benchmark([])])).text, "nothing measured is no success"


def test_one_point_has_its_distributions_only() -> None:
    page = Page(report([benchmark([measured(points()[0])])]))
    assert titles(page) == ["TTFT", "TPOT", "ITL"]


def titles(page: Page) -> list[str]:
    """Of the plots, by what is read out of them."""
    return [have["aria-label"].partition(".")[0] for have in page.all("svg") if "aria-label" in have]


def test_plots_by_concurrency_and_by_rate() -> None:
    rates = [measured(Point(256, 64, 16, rate=rate)) for rate in (0.5, 2.0)]
    page = Page(report([benchmark([*WHOLE.points, *rates])]))
    assert titles(page) == [
        *("Output tokens/s against concurrency", "TTFT p50 and p90 against concurrency"),
        *("TPOT p50 and p90 against concurrency", "Output tokens/s against request rate, 1/s"),
        *("TTFT p50 and p90 against request rate, 1/s", "TPOT p50 and p90 against request rate, 1/s"),
        *("Pareto front", "TTFT", "TPOT", "ITL"),
    ]
    speed = f"{WHOLE.points[1].output_tokens_per_s:.0f}"
    hover = f"256 in / 64 out, 8 at a time: {speed} output tokens/s"
    assert hover in page.text, "a mark says what it is"
    assert hover in page.all("svg")[1]["aria-label"], "and so does the plot"
    assert "2/s: p50 " in page.text


def test_answers_of_one_token_have_no_plot_of_the_time_between_tokens() -> None:
    short = [measured(Point(64, 1, 16, concurrency=load)) for load in (1, 8)]
    plots = titles(Page(report([benchmark(short)])))
    assert plots == ["Output tokens/s against concurrency", "TTFT p50 and p90 against concurrency", "TTFT"]


def test_chunks_that_come_together_are_drawn() -> None:
    at_once = Sample(16, 5, 0.1, 0.1, (0.0, 0.0, 0.0, 0.0))
    page = Page(report([benchmark([Measured(ROUND.point, 1.0, (at_once,))])]))
    assert titles(page) == ["TTFT", "TPOT", "ITL"]
    assert "NaN" not in report([benchmark([Measured(ROUND.point, 1.0, (at_once,))])])


@pytest.fixture(scope="module")
def large() -> str:
    shapes = ((256, 64), (128, 96), (512, 64), (1024, 32))
    return report([benchmark(map(measured, points(shapes, (4, 8, 32, 64, 128, 256))))])


def test_a_report_of_24_points_is_small(large: str) -> None:
    assert len(large.encode()) < 300_000
    assert len(titles(Page(large))) == 4 + 4 * 3


@pytest.mark.parametrize("found", [[WHOLE], [WHOLE, NONE]], ids=["one", "two"])
def test_nothing_is_asked_of_anybody(found: list[Benchmark]) -> None:
    text = report(found)
    page = Page(text)
    assert not {"script", "link", "img", "iframe", "object", "image", "use", "a"} & {
        tag for tag, _ in page.tags
    }
    assert not {"src", "href", "xlink:href", "style", "xmlns"} & {
        name for _, have in page.tags for name in have
    }
    assert not re.search(r"url\(|@import|@font-face", text)
    # The service is named; no other address is.
    assert set(re.findall(r"\w+://[\w.:]*", text)) == {"http://127.0.0.1:8000"}
    assert page.all("meta")[-1]["content"].startswith("default-src 'none'")


def test_no_text_of_a_result_becomes_markup() -> None:
    names = ("model", "profile_id", "engine", "machine", "date", "suite", "generator", "service")
    evil = [
        benchmark(
            [failed(measured(each), 1) for each in points()] + [Measured(points()[0], 1.0, (), {EVIL: 16})],
            **{name: f"{name} {number} {EVIL}" for name in names},
        )
        for number in (1, 2)
    ]
    for found in (evil[:1], evil):
        text = report(found)
        page = Page(text)
        assert not page.all("script")
        assert "<script>" not in text
        assert text.count("</style>") == 1
        for name in names:
            assert f"{name} 1 {EVIL}" in page.text
        assert f"16 × {EVIL}" in page.text  # noqa: RUF001
    assert any(EVIL in have.get("aria-label", "") for have in page.all("svg")), "it is in the plots, too"


def test_the_same_results_give_the_same_page(tmp_path: Path) -> None:
    saved = tmp_path / "result.json"
    saved.write_text(json.dumps(to_json(WHOLE)), encoding="utf-8")
    program = (
        "import json, sys; from aim_runtime.bench.report import report; "
        "from aim_runtime.bench.result import from_json; "
        f"sys.stdout.write(report([from_json(json.load(open({str(saved)!r})))]))"
    )
    elsewhere = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    again = report([from_json(json.loads(saved.read_text(encoding="utf-8")))])
    assert report([WHOLE]) == again == elsewhere.stdout


def test_texts_of_plots_are_texts() -> None:
    page = Page(report([WHOLE]))
    assert len(page.all("text")) > 50
    assert "concurrency" in page.texts
    assert not any("font-family" in have for have in page.all("text")), "in the font of the page"


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(ToolMissing, match="vl-convert-python, which is not installed") as caught:
        report([WHOLE])
    assert caught.value.hint == "pip install 'aim-runtime[report]'"


def test_a_report_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a benchmark"):
        report([])
