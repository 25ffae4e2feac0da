"""The reports that are lists, each made once of the built town: their figures against SQL of this file's own."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from functools import cache
from typing import Any

import openpyxl
import pytest

from osame.home import Home
from osame.stores import open_warehouse
from reports.errors import ReportParameterError, WrongWarehouseError
from reports.run import RunResult, run_report
from tests.fixtures.office import LATEST, BuiltTown
from tests.integration.test_daily_collection_report import page_of, rows_of

Make = Callable[..., RunResult]


@pytest.fixture(scope="module")
def home(built_town: BuiltTown, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The town's warehouse in a home of its own: what is published here is nobody else's."""
    home = Home(tmp_path_factory.mktemp("reports")).create()
    shutil.copy(built_town.home.warehouse, home.warehouse)
    return home


@pytest.fixture(scope="module")
def make(home: Home) -> Make:
    """One run of each report and its parameters, whichever test asks first."""

    @cache
    def made(report_id: str, **parameters: str) -> RunResult:
        return run_report(home, report_id, parameters, LATEST, "test")

    return made


@pytest.fixture(scope="module")
def value(home: Home) -> Callable[[str], Any]:
    """The one value of a query on the built town."""

    def ask(sql: str) -> Any:
        with open_warehouse(home) as connection:
            return (connection.execute(sql).fetchone() or (None,))[0]

    return ask


def sheet(result: RunResult, name: str) -> list[dict[str, Any]]:
    """The rows of a sheet of the report's workbook by their headers."""
    (book,) = result.folder.glob("*.xlsx")
    rows = list(openpyxl.load_workbook(book)[name].iter_rows(min_row=4, values_only=True))
    return [dict(zip([str(head) for head in rows[0]], row, strict=True)) for row in rows[1:]]


def number(cell: str) -> int:
    return int(cell.replace(",", "").replace("▲", "-"))


def test_overpayments_are_listed_by_state_and_one_by_one(make: Make, value: Callable[[str], Any]) -> None:
    made = make("overpayments", expires_by="2029-12-31")
    total = rows_of(page_of(made), "by-state")["計"]
    assert number(total[1]) == value("select count(*) from fct_overpayments") > 30
    assert number(total[3]) == value("select sum(balance_yen) from fct_overpayments") > 0
    waiting = sheet(made, "過誤納一覧")
    assert sum(row["過誤納残額"] for row in waiting) == number(total[3])
    told = sheet(made, "還付待ち")
    assert {row["状態"] for row in told} == {"通知済", "請求済"}
    assert sum(row["通知済額"] for row in told) == number(total[4])
    expiring = value("select count(*) from fct_overpayments where balance_yen > 0 and claim_expires_on < '2030-01-01'")
    assert len(sheet(made, "時効")) == expiring > 0
    assert len(sheet(made, "納期違い")) == value("select count(*) from fct_wrong_instalments") > 50
    repaid = value(
        "select sum(amount_yen) from fct_movements where movement_type in ('refunded', 'offset_out')"
        " and not is_provisional"
    )
    assert sum(row["金額"] for row in sheet(made, "還付・充当済") if row["異動種別"] != "計") == repaid > 0


def test_the_settlement_adds_up_and_follows_the_year_before(make: Make, value: Callable[[str], Any]) -> None:
    made = make("settlement", fiscal_year="2025")
    html = page_of(made)
    assert "令和7年度" in html[html.index("<header") : html.index("</header>")]
    city = next(
        row
        for row in sheet(made, "決算")
        if (row["区分"], row["科目"], row["現年・滞繰の別"]) == ("市税", "計", None)  # the total of 市税
    )
    lines = (
        "from fct_settlement_lines join dim_tax_items using (tax_item_code) where fiscal_year = 2025"
        " and body = 'city' and component = 'principal' and is_city_tax"
    )
    for head, column in (("調定額", "assessed_yen"), ("収入済額", "received_yen"), ("収入未済額", "outstanding_yen")):
        assert city[head] == value(f"select sum({column}) {lines}") > 0
    assert (
        city["調定額"] - city["収入済額"] + city["還付未済額"] - city["不納欠損額"] == city["収入未済額"]
    )  # the identity of the settlement
    rate = value(f"select round(100 * sum(received_yen)::double / sum(assessed_yen), 1) {lines}")
    assert city["徴収率（％）"] == pytest.approx(rate)
    chain = sheet(made, "繰越の照合")
    assert {row["差額"] for row in chain} == {0}
    assert chain[-1]["繰越額"] == value(
        "select sum(carried_in_yen) from fct_settlement_lines where fiscal_year = 2025 and component = 'principal'"
    )
    open_at_the_end = value("select sum(outstanding_yen) from fct_carried_dues where fiscal_year = 2025")
    assert sheet(made, "滞納繰越")[-1]["収入未済額"] == open_at_the_end > 0


def test_the_collection_results_are_the_official_form(make: Make, value: Callable[[str], Any]) -> None:
    made = make("collection_results", fiscal_year="2025")
    (book,) = made.folder.glob("*.xlsx")
    rows = list(openpyxl.load_workbook(book)["徴収実績調"].iter_rows(min_row=4, max_col=15, values_only=True))
    assert rows[0][:2] == ("区分", "調定済額")
    assert rows[2][1:10] == ("Ａ", "Ｂ", "Ｃ", "Ｄ", "", "Ｅ", "Ｆ", "Ｇ", "Ｈ")
    form = rows[3:43]
    assert [str(row[0]).strip("　") for row in form] == value(
        "select list(label_ja order by row_no) from rpt_collection_results where fiscal_year = 2025"
    )
    total = next(row for row in form if row[0] == "合計")
    of_total = "from rpt_collection_results where fiscal_year = 2025 and form_row = 'total'"
    assert total[3] == value(f"select cast(round(assessed_yen / 1000) as bigint) {of_total}") > 0
    assert total[8] == value(f"select cast(round(received_yen / 1000) as bigint) {of_total}") > 0
    assert total[12] == pytest.approx(float(value(f"select round(100 * collection_rate, 1) {of_total}")))
    assert {row[4] for row in form} == {row[9] for row in form} == {None}  # 標準税率超過: no extract has it
    on_page = rows_of(page_of(made), "form")
    assert number(on_page["合計"][2]) == total[3]


def test_the_months_of_a_year_stand_beside_those_of_the_year_before(make: Make, value: Callable[[str], Any]) -> None:
    made = make("monthly_collection", fiscal_year="2025")
    months = [row for row in sheet(made, "月別") if row["区分"] == "市税"]
    city = "join dim_tax_items using (tax_item_code) where is_city_tax"
    sums = {
        year: value(f"select sum(principal_yen) from rpt_monthly_collection {city} and fiscal_year = {year}")
        for year in (2024, 2025)
    }
    assert [sum(row[head] for row in months) for head in ("前年度", "本税")] == [sums[2024], sums[2025]]
    assert (months[-1]["前年度の累計"], months[-1]["累計"]) == (sums[2024], sums[2025])
    assert months[0]["収納月"] == "令和7年4月"
    assert months[0]["前年度"] == value(
        f"select sum(principal_yen) from rpt_monthly_collection {city} and posted_month = date '2024-04-01'"
        " and fiscal_year = 2024"
    )
    total = sheet(made, "税目別")[-1]
    assert total["延滞金"] == value("select sum(late_charge_yen) from rpt_monthly_collection where fiscal_year = 2025")
    figure = json.loads(re.findall(r'<script type="application/json">(.*?)</script>', page_of(made))[0])
    assert [trace["y"][-1] for trace in figure["data"]] == [sums[2025], sums[2024]]


def test_every_record_of_a_period_is_reconciled_or_in_suspense(make: Make, value: Callable[[str], Any]) -> None:
    made = make("reconciliation", from_date="2025-06-01", to_date="2026-05-31")
    period = "posted_date between date '2025-06-01' and date '2026-05-31'"
    of_status = {row["記録状態"]: row for row in sheet(made, "記録の状態") if row["記録状態の理由"] is None}
    final = value(f"select sum(amount_yen) from fct_receipts where record_status = 'final' and {period}")
    assert of_status["確定"]["金額"] == final > 0
    assert sum(row["件数"] for row in sheet(made, "記録の状態")) == value(
        f"select count(*) from fct_receipts where {period}"
    )
    total = sheet(made, "消込方法")[-1]
    parts = ("収納額・本税", "収納額・督促手数料", "収納額・延滞金", "過誤納額", "不明金額")
    assert total["金額"] == sum(total[part] for part in parts) == final
    suspense = sheet(made, "不明金")
    assert sum(row["不明金残額"] for row in suspense) == value("select sum(balance_yen) from fct_suspense") > 0
    differences = sheet(made, "収納履歴との相違")
    assert len(differences) == value("select count(*) from qc_history_vs_files") > 0
    assert all(re.search(r"相違|なし|計上", row["相違の種類"]) for row in differences)


def test_the_channels_of_a_year_add_up_to_its_day_book(make: Make, value: Callable[[str], Any]) -> None:
    made = make("payment_channels", fiscal_year="2025")
    *channels, total = sheet(made, "納付方法別")
    paid = "sum(principal_yen + reminder_fee_yen + late_charge_yen + overpaid_yen)"
    for year, before in ((2025, ""), (2024, "前年度の")):
        of_year = f"from rpt_daily_collection where fiscal_year = {year}"
        assert total[f"{before}収納額"] == value(f"select {paid} {of_year}") > 0
        assert total[f"{before}件数"] == value(f"select sum(receipt_count) {of_year}") > 0
        assert sum(row[f"{before}収納額"] for row in channels) == total[f"{before}収納額"]
    assert sum(row["件数の割合"] for row in channels) == pytest.approx(100, abs=0.5)
    assert sum(row["収納額"] for row in sheet(made, "税目別") if row["納付方法"] == "計") == total["収納額"]


@pytest.mark.parametrize(
    ("report_id", "parameters", "error"),
    [
        ("overpayments", {"expires_by": "2029-12"}, ReportParameterError),
        ("overpayments", {"expires": "2029-12-31"}, ReportParameterError),
        ("overpayments", {"as_of_date": "2020-01-01"}, WrongWarehouseError),
        ("settlement", {"fiscal_year": "令和7"}, ReportParameterError),
        ("collection_results", {"fiscal_year": "1999"}, WrongWarehouseError),
        ("reconciliation", {"from_date": "2026-05-01"}, ReportParameterError),
        ("payment_channels", {"fiscal_year": "2025", "month": "2026-05"}, ReportParameterError),
    ],
)
def test_wrong_parameters_are_refused_before_anything_runs(
    home: Home, report_id: str, parameters: dict[str, str], error: type[Exception]
) -> None:
    with pytest.raises(error):
        run_report(home, report_id, parameters, LATEST, "test")


def test_a_period_or_month_that_has_not_come_is_said_so(make: Make) -> None:
    later = make("reconciliation", month="2030-01")
    assert later.warnings == ("対象期間は基準日（令和8年5月31日）より後です。",)
    assert later.warnings[0] in page_of(later)
    assert "この期間の収納の記録はありません。" in page_of(later)
    to_come = [row for row in sheet(make("monthly_collection", fiscal_year="2026"), "月別") if row["本税"] is None]
    assert to_come[0]["収納月"] == "令和8年6月"
    assert {row["前年度との差額"] for row in to_come} == {None} == {row["累計"] for row in to_come}
