"""The report 日計表 end to end on hand-written rows: its figures, what it leaves behind, and what a failure leaves."""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import nbformat
import openpyxl
import pytest
from typer import Typer
from typer.testing import CliRunner

import reports.catalog
from osame.errors import OsameError
from osame.home import PROJECT, Home
from osame.stores import open_file, open_warehouse
from reports import portal
from reports.build_info import run_info
from reports.catalog import NOTEBOOKS
from reports.commands.report import report as report_command
from reports.context import open_report
from reports.errors import CatalogError, ReportParameterError, WrongWarehouseError
from reports.period import month_of
from reports.run import LOCK_FILE, RUNNING, RunResult, recover_interrupted, run_report
from tests.fixtures.notebooks import run_cells
from tests.fixtures.office import environment, python
from tests.fixtures.report_rows import NOW, PERSON, VERSION, make_home
from tests.integration.test_crash_safety import LIMITED

REPORT = "daily_collection"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return make_home(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def may(shared: Home) -> RunResult:
    return run_report(shared, REPORT, {"month": "2026-05"}, NOW, VERSION)


@pytest.fixture(scope="module")
def april(shared: Home) -> RunResult:
    return run_report(shared, REPORT, {"from_date": "2026-04-01", "to_date": "2026-04-15"}, NOW, VERSION)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return make_home(tmp_path)


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The notebook, to be changed; it is written to where the runner looks when the test calls ``broken(source)``."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    monkeypatch.setattr(reports.catalog, "NOTEBOOKS", folder)

    def write(**sources: str) -> None:
        notebook = nbformat.read(NOTEBOOKS / "daily_collection.ipynb", as_version=4)
        for cell in notebook.cells:
            cell.source = sources.get(cell.id, cell.source)
        nbformat.write(notebook, folder / "daily_collection.ipynb")

    yield write


def page_of(result: RunResult) -> str:
    assert result.status == "finished", result.error
    return result.page.read_text(encoding="utf-8")


def rows_of(html: str, table_id: str) -> dict[str, list[str]]:
    """The rows of a table of the page by their header cell; a second row of one header is named with its next cell."""
    table = re.search(rf'<caption id="{table_id}-caption">.*?</table>', html, re.DOTALL)
    assert table is not None
    rows: dict[str, list[str]] = {}
    for row in re.findall(r"<tr>(.*?)</tr>", table.group(0), re.DOTALL):
        cells = [
            re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)
        ]
        rows[cells[0] if cells[0] not in rows else f"{cells[0]}/{cells[1]}"] = cells[1:]
    return rows


def rows_list(html: str, table_id: str) -> list[list[str]]:
    """The rows of a table of the page, cell by cell."""
    table = re.search(rf'<caption id="{table_id}-caption">.*?</table>', html, re.DOTALL)
    assert table is not None
    return [
        [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)]
        for row in re.findall(r"<tr>(.*?)</tr>", table.group(0), re.DOTALL)
    ]


def key_figures_of(html: str) -> dict[str, str]:
    return dict(re.findall(r"<dt>([^<]+)</dt><dd><b>([^<]+)</b>", html))


def test_the_head_names_city_period_and_both_clocks(may: RunResult) -> None:
    html = page_of(may)
    assert '<html lang="ja">' in html
    head = re.sub(r"<[^>]+>", " ", html[html.index("<header") : html.index("</header>")])
    for words in ("雪見市", "日計表（収納状況）", "令和8年5月分", "令和8年6月1日", "令和8年6月1日 7時00分"):
        assert words in head


def test_the_key_figures_are_those_reckoned_by_hand(may: RunResult) -> None:
    assert key_figures_of(page_of(may)) == {
        "収納額": "1,204,200",
        "本税": "1,180,800",
        "督促手数料": "300",
        "延滞金": "3,400",
        "過誤納": "12,000",
        "不明金": "7,700",
        "収納件数": "19",
        "還付": "12,000",
        "不明金残高": "7,700",
        "仮消込（速報）残": "45,000",
    }


def test_the_table_by_tax_item_is_the_one_made_by_hand(may: RunResult) -> None:
    rows = rows_of(page_of(may), "by-tax-item")
    assert rows["軽自動車税（種別割）"][:8] == ["現年", "1", "10,800", "100", "0", "0", "0", "10,900"]
    assert rows["市県民税（普通徴収）"][:8] == ["現年", "5", "120,000", "0", "0", "12,000", "0", "132,000"]
    assert rows["市県民税（普通徴収）/滞繰"][:8] == ["滞繰", "2", "50,000", "200", "3,400", "0", "0", "53,600"]
    sums = [row for row in rows_list(page_of(may), "by-tax-item") if row[0] == "計"]
    of_2025, *of_2026, suspense, _, whole = (sum_[1:9] for sum_ in sums)
    assert of_2025 == ["現年", "1", "10,800", "100", "0", "0", "0", "10,900"]
    assert ["滞繰", "2", "50,000", "200", "3,400", "0", "0", "53,600"] in of_2026
    assert ["", "17", "1,170,000", "200", "3,400", "12,000", "0", "1,185,600"] in of_2026
    assert rows["不明金（科目未定）"][1:8] == ["1", "0", "0", "0", "0", "7,700", "7,700"]
    assert suspense[1:8] == ["1", "0", "0", "0", "0", "7,700", "7,700"]
    assert whole == ["", "19", "1,180,800", "300", "3,400", "12,000", "7,700", "1,204,200"]


def test_the_tables_by_channel_and_by_day_add_up(may: RunResult) -> None:
    html = page_of(may)
    channels = rows_of(html, "by-channel")
    assert [channels[name][6] for name in ("窓口", "口座振替", "コンビニ", "振込", "計")] == [
        "53,600",
        "1,000,000",
        "142,900",
        "7,700",
        "1,204,200",
    ]
    days = rows_of(html, "by-day")
    assert [days[name][6:8] for name in ("R8.5.1", "R8.5.7", "R8.5.15", "計")] == [
        ["1,053,600", "1,053,600"],
        ["142,900", "1,196,500"],
        ["7,700", "1,204,200"],
        ["1,204,200", ""],
    ]
    assert "検算：次のとおり、すべて一致しています。" in html


def test_the_chart_compares_with_the_year_before(may: RunResult) -> None:
    html = page_of(may)
    assert "5月31日(日)まで: 当期は1,204,200円、前年同期は900,000円。" in html
    figures = [json.loads(text) for text in re.findall(r'<script type="application/json">(.*?)</script>', html)]
    assert [trace["y"][-1] for trace in figures[1]["data"]] == [1_204_200, 900_000]
    assert sum(sum(trace["y"]) for trace in figures[0]["data"]) == 1_204_200
    assert html.count('<svg class="chart-static"') == 2


def test_remittances_show_what_did_not_come_and_what_nobody_expected(may: RunResult) -> None:
    html = page_of(may)
    assert rows_of(html, "remittance-channels")["コンビニ"] == ["8", "162,900", "480", "0", "0", "1", "1", "0", "0"]
    open_rows = rows_of(html, "remittances")
    assert open_rows["R8.5.7"] == ["コンビニ", "入金なし", "142,900", "360", "", "▲142,540", ""]
    assert open_rows["R8.5.15"][1:6] == ["金額相違", "300,000", "330", "299,000", "▲670"]
    assert open_rows["R8.5.20"][1:5] == ["予定外", "0", "0", "5,000"]
    assert "R8.5.29" not in open_rows


def test_warnings_are_on_the_page_and_in_the_manifest(may: RunResult) -> None:
    assert may.warnings == (
        "入金が確認できない振込予定が1件（142,540円）あります。",
        "予定のない入金が1件（5,000円）あります。",
        "予定と金額の違う入金が1件（差額の計▲670円）あります。",
        "科目の決まらない不明金が1件（残高7,700円）あります。",
        "受付を拒否したファイルが1件あります。",
        "保留（隔離）した行が2行あります。",
    )
    assert all(warning in page_of(may) for warning in may.warnings)


def test_files_are_counted_by_state_and_their_names_escaped(may: RunResult) -> None:
    html = page_of(may)
    # The digits: 6 landed (the seventh is of May 2025), 1 refused, 1 duplicate, 65 records, 2 quarantined, 1 warning.
    assert rows_of(html, "loads")["計"] == ["6", "1", "1", "65", "2,248,100", "2", "1"]
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;.csv" in html


def test_no_personal_value_leaves_the_warehouse(may: RunResult) -> None:
    for path in may.folder.iterdir():
        if path.suffix != ".xlsx":
            assert PERSON not in path.read_text(encoding="utf-8")
    for sheet in openpyxl.load_workbook(may.folder / "daily_collection.xlsx"):
        assert all(PERSON not in str(cell) for row in sheet.iter_rows(values_only=True) for cell in row)


def test_the_page_loads_nothing_from_a_network(may: RunResult, april: RunResult) -> None:
    index = may.folder.parents[1] / "index.html"
    for html in (page_of(may), page_of(april), index.read_text(encoding="utf-8")):
        assert not re.search(r"""(src|href|url|import|action|data)\s*[=(]\s*["']?\s*(https?:)?//""", html)
        assert not re.search(r"https?://", html)
    loaded = re.findall(r'<script src="([^"]+)"', page_of(may))
    assert [(may.folder / name).resolve().exists() for name in loaded] == [True]


def test_the_code_of_the_notebook_is_not_on_the_page(may: RunResult) -> None:
    assert "open_report" not in page_of(may)
    assert "osame report" not in page_of(may)


def test_the_workbook_has_the_same_figures_as_whole_numbers(may: RunResult) -> None:
    book = openpyxl.load_workbook(may.folder / "daily_collection.xlsx")
    assert book.sheetnames == [
        *("概要", "日別", "日計", "納付方法別", "入金照合", "入金の相違", "不明金", "取込状況", "ファイル"),
        *("日計明細", "グラフ1", "グラフ2"),
    ]
    overview = {row[0]: row[1] for row in book["概要"].iter_rows(min_row=5, max_col=2, values_only=True) if row[0]}
    assert overview["収納額"] == 1_204_200
    assert overview["仮消込（速報）残"] == 45_000
    *_, total = book["日計"].iter_rows(values_only=True)
    assert total == ("計", None, None, 19, 1_180_800, 300, 3_400, 12_000, 7_700, 1_204_200, 12_000, 0, 0)
    first = [cell.value for cell in book["日別"][5]]
    assert first[0] == datetime.fromisoformat("2026-05-01")
    assert first[1:] == [12, 1_050_000, 200, 3_400, 0, 0, 1_053_600, 1_053_600, 0, 0, 0]
    stacked = [cell.value for cell in book["グラフ1"][5]]
    assert stacked == ["5月1日(金)", 53_600, 1_000_000, 0, 0]
    assert [cell.value for cell in book["グラフ2"][35]] == ["5月31日(日)", 1_204_200, 900_000]
    for name in ("日計", "日別", "日計明細", "納付方法別", "入金照合"):
        numbers = [cell for row in book[name].iter_rows(values_only=True) for cell in row if isinstance(cell, float)]
        assert numbers == []


def test_the_workbook_is_ready_to_print_and_has_native_charts(may: RunResult) -> None:
    book = openpyxl.load_workbook(may.folder / "daily_collection.xlsx")
    for sheet in book:
        assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
        assert sheet.freeze_panes is not None
    assert book["日計"]["F5"].number_format.startswith("#,##0")
    assert book["日別"]["A5"].number_format == "yyyy/mm/dd"
    assert [len(book[name]._charts) for name in ("グラフ1", "グラフ2")] == [1, 1]


def test_the_manifest_says_what_was_shown_and_from_what(may: RunResult) -> None:
    manifest = json.loads((may.folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["status"] == "finished"
    assert manifest["parameters"] == {"month": "2026-05", "from_date": "", "to_date": "", "as_of_date": ""}
    assert (manifest["as_of_date"], manifest["known_at"]) == ("2026-06-01", "2026-06-01 07:00:00")
    assert manifest["code_version"] == VERSION
    assert [(load["load_id"], load["sha256"][0]) for load in manifest["loads"]] == [
        ("L1", "1"),
        ("L2", "2"),
        ("L3", "3"),
        ("L4", "4"),
        ("L5", "5"),
    ]
    assert manifest["watermark"]["landed_files"] == 7
    assert datetime.fromisoformat(manifest["finished_at"]) >= datetime.fromisoformat(manifest["started_at"]) == NOW
    assert set(manifest["outputs"]) == {"index.html", "daily_collection.xlsx"}


def test_what_is_published_cannot_be_written(may: RunResult) -> None:
    files = list(may.folder.iterdir())
    assert {path.name for path in files} == {"index.html", "daily_collection.xlsx", "manifest.json"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o444}


def test_an_empty_period_is_said_in_sentences(april: RunResult) -> None:
    html = page_of(april)
    assert "令和8年4月1日から令和8年4月15日まで" in html
    assert html.count("この期間の収納はありません。") == 4
    for sentence in (
        "この期間の振込予定と入金はありません。",
        "期末までに受け入れた不明金で、基準日現在残っているものはありません。",
        "この期間の収納のもとになったファイルも、この期間に受け付けたファイルもありません。",
        "注意事項はありません。",
    ):
        assert sentence in html
    assert key_figures_of(html)["収納額"] == "0"
    book = openpyxl.load_workbook(april.folder / "daily_collection.xlsx")
    assert any(row[0] == "この期間の収納はありません。" for row in book["日計"].iter_rows(values_only=True))


@pytest.fixture(scope="module")
def again(shared: Home, may: RunResult, april: RunResult) -> RunResult:
    return run_report(shared, REPORT, {"month": "2026-05"}, NOW, VERSION)


def test_the_portal_lists_all_runs_newest_first(
    shared: Home, may: RunResult, april: RunResult, again: RunResult
) -> None:
    entries = portal.read_runs(shared.published)
    assert [entry.folder for entry in entries] == sorted((entry.folder for entry in entries), reverse=True)
    assert {entry.folder.split("/")[1] for entry in entries} == {may.run_id, april.run_id, again.run_id}
    html = (shared.published / "index.html").read_text(encoding="utf-8")
    for entry in entries:
        assert f'href="{entry.folder}/index.html"' in html
        assert (shared.published / entry.folder / "index.html").exists()
    assert html.count("完了") == 3
    assert all(warning in html for warning in may.warnings)


def test_the_newest_run_comes_first_whatever_its_report(tmp_path: Path) -> None:
    for report_id, run_id, started in (("b", "1", "2026-05-01 07:30:00"), ("a", "2", "2026-05-02 07:30:00")):
        folder = tmp_path / report_id / run_id
        folder.mkdir(parents=True)
        manifest = {"title_ja": report_id, "status": "failed", "started_at": started, "warnings": [], "outputs": {}}
        (folder / "manifest.json").write_text(json.dumps(manifest | {"error": "x"}), encoding="utf-8")
    assert [entry.folder for entry in portal.read_runs(tmp_path)] == ["a/2", "b/1"]


def test_a_report_made_again_is_equal_to_the_last_digit(may: RunResult, again: RunResult) -> None:
    assert again.run_id == f"{may.run_id}-2"
    first, second = (json.loads((run.folder / "manifest.json").read_text(encoding="utf-8")) for run in (may, again))
    assert first["figures_sha256"] == second["figures_sha256"]
    assert page_of(may).replace(may.run_id, "") == page_of(again).replace(again.run_id, "")


def test_a_failed_run_leaves_a_log_and_no_half_report(home: Home, broken: Any) -> None:
    broken(days="1 // 0")
    result = run_report(home, REPORT, {}, NOW, VERSION)
    assert (result.status, result.page.name) == ("failed", "run.log")
    assert {path.name for path in result.folder.iterdir()} == {"run.log", "manifest.json"}
    assert "ZeroDivisionError" in result.page.read_text(encoding="utf-8")
    assert not list(home.published.glob(f"{RUNNING}*"))
    html = (home.published / "index.html").read_text(encoding="utf-8")
    assert "失敗" in html
    assert "ZeroDivisionError" in html


def test_a_notebook_that_leaves_without_finishing_has_failed(home: Home, broken: Any) -> None:
    broken(done="pass")
    result = run_report(home, REPORT, {}, NOW, VERSION)
    assert result.status == "failed"
    assert "the last cell (done) has not run" in result.page.read_text(encoding="utf-8")


def test_a_notebook_without_its_workbook_has_failed(home: Home, broken: Any) -> None:
    broken(done='report.finish()\nreport.output("daily_collection.xlsx").unlink()')
    result = run_report(home, REPORT, {}, NOW, VERSION)
    assert result.status == "failed"
    assert "did not write daily_collection.xlsx" in (result.error or "")
    assert not (result.folder / "index.html").exists()


def test_a_notebook_cannot_write_to_the_warehouse(home: Home, broken: Any) -> None:
    before = home.warehouse.read_bytes()
    broken(days='report.connection.execute("delete from fct_loads")')
    assert run_report(home, REPORT, {}, NOW, VERSION).status == "failed"
    assert home.warehouse.read_bytes() == before


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"fiscal_yaer": "2026"}, ReportParameterError),
        ({"month": "5"}, ReportParameterError),
        ({"as_of_date": "2026-05-31"}, WrongWarehouseError),
    ],
)
def test_wrong_parameters_run_and_publish_nothing(
    home: Home, parameters: dict[str, str], error: type[OsameError]
) -> None:
    with pytest.raises(error) as caught:
        run_report(home, REPORT, parameters, NOW, VERSION)
    assert caught.value.exit_code == 2
    assert list(home.published.iterdir()) == []


def test_a_notebook_without_parameters_cell_is_not_run(home: Home, broken: Any) -> None:
    broken(parameters="")
    with pytest.raises(CatalogError):
        run_report(home, REPORT, {}, NOW, VERSION)
    assert list(home.published.iterdir()) == []


def test_a_warehouse_without_the_tables_is_refused_by_name(tmp_path: Path) -> None:
    home = Home(tmp_path).create()
    with pytest.raises(OsameError, match="osame build"):
        run_report(home, REPORT, {}, NOW, VERSION)
    with open_file(home.warehouse) as connection:
        connection.execute("create table run_info (as_of_date date)")
    with pytest.raises(WrongWarehouseError, match="lacks dim_tax_items, dim_channels, fct_loads, rpt_daily_collection"):
        run_report(home, REPORT, {}, NOW, VERSION)


def running_folder(home: Home, run_id: str) -> Path:
    folder = home.published / f"{RUNNING}{REPORT}-{run_id}"
    folder.mkdir()
    order = {"report_id": REPORT, "run_id": run_id, "home": str(home.root), "parameters": {}, "code_version": VERSION}
    (folder / "run.json").write_text(json.dumps(order | {"started_at": NOW.isoformat(sep=" ")}), encoding="utf-8")
    (folder / "index.html").write_text("half", encoding="utf-8")
    return folder


def test_a_killed_run_is_told_as_failed_and_a_living_one_left_alone(home: Home) -> None:
    dead, alive = running_folder(home, "dead"), running_folder(home, "alive")
    with (alive / LOCK_FILE).open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        recovered = recover_interrupted(home.published, NOW)
    assert recovered == [home.published / REPORT / "dead"]
    assert {path.name for path in recovered[0].iterdir()} == {"run.log", "manifest.json"}
    assert not dead.exists()
    assert (alive / "index.html").exists()
    assert [entry.state for entry in portal.read_runs(home.published)] == ["失敗"]


def test_a_killed_run_leaves_no_sockets_in_the_temporary_directory(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that is killed clears nothing: the next run finds the folder by the link in the dead one's."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    code = (
        "import os, papermill, tests.fixtures.report_rows as f\n"
        "from reports import run\n"
        "from osame.home import Home\n"
        "papermill.execute_notebook = lambda *a, **k: os.kill(os.getpid(), 9)\n"
        f"run.run_report(Home(__import__('pathlib').Path({str(home.root)!r})), 'daily_collection', "
        "{'month': '2026-05'}, f.NOW, f.VERSION)"
    )
    killed = subprocess.run(
        [sys.executable, "-c", code],
        cwd=PROJECT,
        env={**os.environ, "TMPDIR": str(temporary)},
        capture_output=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert list(temporary.iterdir()) != []
    recover_interrupted(home.published, NOW)
    assert list(temporary.iterdir()) == []


def test_what_is_in_the_way_of_one_report_stops_no_other(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    app = Typer()
    app.command("report")(report_command)
    monkeypatch.setenv("OSAME_HOME", str(home.root))
    home.published.mkdir(exist_ok=True)
    with open_file(home.warehouse) as connection:
        for table in ("fct_suspense_candidates", "qc_history_vs_files"):
            connection.execute(f"create table {table} (nothing_in_it varchar)")
    (home.published / "reconciliation").write_text("a file where the folder of its runs belongs", encoding="utf-8")
    done = CliRunner().invoke(app, ["reconciliation", REPORT, "-p", "month=2026-05", "--json"])
    told = {one["report_id"]: one for one in json.loads(done.stdout)}
    assert done.exit_code == 1
    assert told[REPORT]["status"] == "finished"
    assert told["reconciliation"]["status"] == "failed"
    assert "reconciliation" in told["reconciliation"]["error"]


def test_a_full_disk_is_said_in_a_sentence(home: Home) -> None:
    """Nothing half-made is published; with room again the same command makes the report."""
    done = python("-c", LIMITED, "20000", "report", REPORT, "-p", "month=2026-05", env=environment(home))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "File too large" in done.stderr
    assert [entry.state for entry in portal.read_runs(home.published) if entry.state != "失敗"] == []
    again = run_report(home, REPORT, {"month": "2026-05"}, NOW, VERSION)
    assert again.status == "finished"
    assert [path.name for path in home.published.glob(f"{RUNNING}*")] == []


def test_a_difference_between_table_and_records_is_said(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_file(home.warehouse) as connection:
        connection.execute("update fct_receipts set amount_yen = amount_yen - 100 where receipt_id = 'r3'")
    with run_cells(home, REPORT, monkeypatch, month="2026-05") as report:
        assert [check.holds for check in report.checks] == [True, True, True, True, False]
        assert report.warnings[0] == (
            "検算が合いません。収納額と収納の記録（確定分）の金額の合計: "
            "1,204,200円と1,204,100円で、100円の差があります。"
        )


def test_a_build_without_a_cut_on_landing_is_known_at_its_last_file(home: Home) -> None:
    with open_file(home.warehouse) as connection:
        connection.execute("update run_info set known_at = timestamp '9999-12-31 00:00:00'")
    with open_warehouse(home) as connection:
        assert run_info(connection).known_at == datetime.fromisoformat("2026-05-29 09:00")


@pytest.mark.parametrize(
    ("month", "said"),
    [
        ("2026-06", "対象期間のうち基準日（令和8年6月1日）より後の日は、まだ含まれていません。"),
        ("2026-07", "対象期間は基準日（令和8年6月1日）より後です。"),
    ],
)
def test_days_after_the_as_of_date_are_said_to_be_missing(
    home: Home, monkeypatch: pytest.MonkeyPatch, month: str, said: str
) -> None:
    with run_cells(home, REPORT, monkeypatch, month=month) as report:
        assert report.warnings[0] == said


def test_a_trial_in_jupyterlab_publishes_nothing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OSAME_HOME", str(home.root))
    with open_report(REPORT, month="2026-05", from_date="", to_date="", as_of_date="") as report:
        assert (report.order.run_id, report.period) == ("trial", month_of(date(2026, 5, 1)))
        assert home.root not in report.output("daily_collection.xlsx").parents
        with pytest.raises(ValueError, match='did you mean "daily_collection.xlsx"'):
            report.output("daily_colection.xlsx")
    for wrong in ({"mnth": "2026-05"}, {"month": 5}):
        with pytest.raises(ReportParameterError):
            open_report(REPORT, **wrong)
    assert list(home.published.iterdir()) == []


@pytest.fixture
def command(home: Home, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("OSAME_HOME", str(home.root))
    monkeypatch.setenv("OSAME_NOW", NOW.isoformat())
    app = Typer()
    app.command("report")(report_command)
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


def test_the_command_prints_where_the_report_is(command: Any) -> None:
    done = command(REPORT, "-p", "month=2026-05")
    assert done.exit_code == 0, done.output
    assert Path(done.stdout.strip()).name == "index.html"
    assert Path(done.stdout.strip()).exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["daily_colection"], 'did you mean "daily_collection"'),
        ([REPORT, "-p", "mnth=2026-05"], 'did you mean "month"'),
        ([REPORT, "-p", "month"], "expected -p name=value"),
        ([REPORT, "-p", "month=2026-05", "-p", "month=2026-04"], "given twice"),
        ([], "no report was named"),
        ([REPORT, "--all"], "give one or the other"),
    ],
)
def test_the_command_answers_a_mistake_with_advice_and_exit_code_2(
    command: Any, arguments: list[str], words: str
) -> None:
    done = command(*arguments)
    assert done.exit_code == 2
    assert words in done.stderr
    assert "Traceback" not in done.output


def test_the_command_exits_1_when_a_report_failed(command: Any, broken: Any) -> None:
    broken(days="1 // 0")
    done = command("--all", "--json")
    assert done.exit_code == 1
    assert [run["status"] for run in json.loads(done.stdout)] == ["failed"]


def test_the_command_lists_the_reports_with_their_parameters(command: Any) -> None:
    done = command("--list")
    assert done.exit_code == 0
    assert REPORT in done.stdout
    assert "month" in done.stdout
