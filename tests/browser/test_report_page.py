"""The report and the portal in a real browser, from ``file://``: nothing is fetched, charts show, search works."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reports.run import RunResult, run_report
from tests.fixtures.report_rows import NOW, VERSION, make_home

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    made = run_report(
        make_home(tmp_path_factory.mktemp("home")), "daily_collection", {"month": "2026-05"}, NOW, VERSION
    )
    assert made.status == "finished", made.error
    return made


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as runner:
        opened = runner.chromium.launch(executable_path=CHROMIUM, args=QUIET, chromium_sandbox=False)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    opened = browser.new_page(viewport={"width": 1240, "height": 1000})
    opened.asked = []
    opened.errors = []
    opened.on("request", lambda request: opened.asked.append(request.url))
    opened.on("pageerror", lambda error: opened.errors.append(str(error)))
    yield opened
    opened.close()


def test_the_interactive_charts_take_over_without_a_network(page: Any, result: RunResult) -> None:
    page.goto(result.page.as_uri())
    page.wait_for_selector("#chart-daily .chart-live .main-svg")
    assert page.locator(".chart-live .main-svg").first.is_visible()
    assert not page.locator("#chart-daily .chart-static").is_visible()
    assert page.errors == []
    assert all(url.startswith("file://") for url in page.asked)


def test_a_page_that_was_copied_alone_still_shows_its_charts(page: Any, result: RunResult, tmp_path: Path) -> None:
    alone = tmp_path / "mailed.html"
    shutil.copyfile(result.page, alone)
    page.goto(alone.as_uri())
    assert page.locator(".chart-static").count() == 2
    assert all(chart.is_visible() for chart in page.locator(".chart-static").all())
    assert page.errors == []


def test_paper_gets_the_drawing_and_no_sideways_overflow(page: Any, result: RunResult) -> None:
    page.goto(result.page.as_uri())
    page.wait_for_selector("#chart-daily .chart-live .main-svg")
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 1032, "height": 700})
    assert page.locator("#chart-daily .chart-static").is_visible()
    assert not page.locator("#chart-daily .chart-live").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_the_portal_finds_runs_in_full_width_digits_too(page: Any, result: RunResult) -> None:
    page.goto((result.folder.parents[1] / "index.html").as_uri())
    rows = page.locator(".runs tbody tr:visible")
    assert rows.count() == 1
    page.fill("#query", "日計表　８年５月")
    assert (rows.count(), page.inner_text("#found")) == (1, "1件が該当")
    page.fill("#query", "日計表 9年")
    assert (rows.count(), page.inner_text("#found")) == (0, "0件が該当")
    page.fill("#query", "")
    assert rows.count() == 1
    assert page.errors == []
    assert all(url.startswith("file://") for url in page.asked)


def test_the_portal_leads_to_the_report_and_back(page: Any, result: RunResult) -> None:
    index = result.folder.parents[1] / "index.html"
    page.goto(index.as_uri())
    page.click("text=日計表（収納状況）")
    assert page.url == result.page.as_uri()
    page.click("text=報告書の一覧")
    assert page.url == index.as_uri()
