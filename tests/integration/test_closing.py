"""Ten years of a small city closed in a row; what lands afterwards is booked in the open year."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ingestion.layout_catalog import load_layouts
from osame.errors import OsameError
from osame.home import Home, open_home
from osame.stores import open_warehouse
from tests.fixtures.office import act_of, deliver, hire, land, landing_rows
from warehouse.build import build
from warehouse.collection.closing import CLOSE, DRAFT, Closing, close_year, draft_closing, preview
from warehouse.office.record_files import csv_of
from warehouse.office.registers import current_rows, recordable, registers, split_due_key

FIRST, LAST = 2016, 2025
CLOSED_AT = datetime(2026, 6, 10, 9)
AS_OF = date(2026, 6, 30)
BODY = "152994"
Row = dict[str, Any]
Lines = dict[tuple[Any, ...], tuple[int, ...]]


def fiscal_year(day: date) -> int:
    return day.year - (day.month < 4)


@dataclass
class City:
    """Rows of extracts and payment files, and the dues that the test asks for by name."""

    rows: dict[str, list[Row]] = field(default_factory=dict)
    serial: int = 0
    unpaid: list[tuple[str, int]] = field(default_factory=list)  # of the first years, never paid nor written off
    written_off: list[Row] = field(default_factory=list)

    def add(self, layout: str, row: Row) -> None:
        self.rows.setdefault(layout, []).append(row)

    def assess(self, key: str, event_no: int, day: date, delta: int, due_date: date) -> None:
        kind = "1" if event_no == 1 else "3" if delta > 0 else "4"
        self.add(
            "assessments",
            split_due_key(key)
            | {
                "addressee_no": f"A{key[-13:-3]}",
                "assessment_event_no": f"{event_no:03d}",
                "event_type_code": kind,
                "assessed_date": day,
                "delta_yen": delta,
                "statutory_due_date": due_date,
                "due_date": due_date,
                "reason_code": "1" if kind == "4" else None,
            },
        )

    def pay(self, key: str, day: date, yen: int) -> None:
        self.serial += 1
        self.add(
            "paid_slips",
            split_due_key(key)
            | {
                "record_type_code": "1",
                "received_date": day,
                "posted_date": day,
                "channel_code": "01",
                "amount_yen": yen,
                "institution_code": "0140",
                "branch_code": "001",
                "serial_no": f"{self.serial:012d}",
            },
        )

    def refund(self, key: str, day: date, yen: int, year_of_receipt: int) -> None:
        """戻出 while the books of the receipt are open, else 歳出."""
        self.serial += 1
        open_until = date(year_of_receipt + 1, 5, 31)
        self.add(
            "receipts",
            split_due_key(key)
            | {
                "posted_date": day,
                "branch_code": "001",
                "book_no": "00001",
                "entry_no": f"{self.serial:06d}",
                "entry_line_no": "1",
                "received_date": day,
                "payment_method_code": "09",
                "receipt_type_code": "2",
                "principal_yen": -yen,
                "reminder_fee_yen": 0,
                "late_charge_yen": 0,
                "fiscal_year": year_of_receipt if day <= open_until else fiscal_year(day),
                "refund_budget_code": None if day <= open_until else "1",
            },
        )

    def write_off(self, key: str, day: date, yen: int) -> None:
        row = split_due_key(key) | {
            "disposition_date": day,
            "disposition_code": "09",
            "disposition_no": "1",
            "disposed_principal_yen": yen,
            "disposed_reminder_fee_yen": 0,
            "disposed_late_charge_yen": 0,
        }
        self.written_off.append(row)
        self.add("core_dispositions", row)

    def files(self, folder: Path, day: str) -> list[Path]:
        folder.mkdir()
        paths = []
        for layout, rows in self.rows.items():
            paths.append(folder / f"{layout}_{day}.csv")
            paths[-1].write_text(csv_of(load_layouts()[layout], rows), encoding="utf-8")
        return paths


def small_city(seed: int) -> City:
    """Every year 36 dues of three tax items, each with a story of its own."""
    city, rng = City(), random.Random(seed)
    for year in range(FIRST, LAST + 1):
        for item, shares in (("10", SHARES_10), ("30", SHARES_30)):
            for nth, (row, body, share) in enumerate(shares):
                moved = (year % 7) * (1 if nth == 0 else -1 if nth == 1 else 0)
                city.add(
                    "apportionments",
                    {
                        "levy_year": str(year),
                        "tax_item_code": item,
                        "form_row": row,
                        "valid_from": date(year, 4, 1),
                        "body_code": body,
                        "numerator": share + moved,
                        "denominator": 1000,
                    },
                )
        for item in ("10", "30", "40"):
            for number in range(12):
                key = f"{item}-00-{BODY}-{BODY}-1-{year}-{year}-{number:010d}-01"
                live_a_life(city, rng, key, year)
    return city


SHARES_10 = (("個人市民税", "1", 585), ("個人県民税", "2", 400), ("森林環境税", "3", 15))
SHARES_30 = (("固定資産税", "1", 790), ("都市計画税", "1", 210))


def live_a_life(city: City, rng: random.Random, key: str, year: int) -> None:
    due_date = date(year, 6, 30) + timedelta(days=rng.randrange(240))
    yen = rng.randrange(1_000, 200_000)
    city.assess(key, 1, date(year, 5, 1), yen, due_date)
    story = rng.random()
    if story < 0.10:
        if year <= FIRST + 6 and rng.random() < 0.5:
            city.write_off(key, date(year + 3, rng.choice([3, 4, 12]), 20), yen)
        elif year <= FIRST + 4:
            city.unpaid.append((key, yen))
        return
    lateness = 0 if story < 0.6 else rng.randrange(1, 900)
    paid_on = min(due_date + timedelta(days=lateness), date(2026, 5, 31))
    part = yen if rng.random() < 0.8 else rng.randrange(1, yen)
    twice = part == yen and rng.random() < 0.06
    city.pay(key, paid_on, part)
    received_in = books_of(year, paid_on)
    if twice:
        city.pay(key, paid_on, yen)
        if rng.random() < 0.7:
            city.refund(key, paid_on + timedelta(days=rng.randrange(10, 200)), yen, received_in)
    elif rng.random() < 0.15:
        change = rng.choice([-1, 1]) * rng.randrange(1, yen)
        changed_on = paid_on + timedelta(days=rng.randrange(-60, 500))
        if changed_on <= date(2026, 5, 31):
            city.assess(key, 2, max(changed_on, date(year, 5, 2)), change, due_date)
            over = part - (yen + change)
            if over > 0 and rng.random() < 0.7:
                repaid_on = max(changed_on, paid_on) + timedelta(days=rng.randrange(5, 60))
                city.refund(key, repaid_on, rng.choice([over, max(over // 2, 1)]), received_in)


def books_of(due_year: int, day: date) -> int:
    """The year in whose books a receipt goes, arrears being cut at 3/31."""
    year = fiscal_year(day)
    return due_year if day.month in (4, 5) and due_year == year - 1 else max(year, due_year)


def query(home: Home, sql: str) -> list[tuple[Any, ...]]:
    connection = open_warehouse(home)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def settled(home: Home, last: int) -> Lines:
    rows = query(
        home,
        f"""
        select fiscal_year, tax_item_code, form_row, body, component, arrears_class, carried_in_yen, assessed_yen,
            received_yen, refund_unpaid_yen, written_off_yen, outstanding_yen
        from fct_settlement_lines where fiscal_year <= {last}
        """,
    )
    return {row[:6]: row[6:] for row in rows}


def corrections(home: Home) -> dict[tuple[Any, ...], int]:
    rows = query(
        home,
        """
        select corrects_fiscal_year, fiscal_year, movement_type, cast(sum(amount_yen) as bigint)
        from fct_movements where corrects_fiscal_year is not null group by all
        """,
    )
    return {row[:3]: row[3] for row in rows if row[3]}


def close(home: Home, year: int, at: datetime = CLOSED_AT) -> Closing:
    """One drafts, another closes."""
    draft_closing(home, year, act_of(DRAFT, "1001", at))
    return close_year(home, year, act_of(CLOSE, "1002", at))


def test_ten_years_close_in_a_row_and_stay_closed(tmp_path: Path) -> None:
    home = open_home(tmp_path / "home")
    hire(home)
    city = small_city(7)
    offers = land(home, city.files(tmp_path / "files", "20260601"), datetime(2026, 6, 2, 7))
    assert [offer.status for offer in offers] == ["landed"] * 5
    assert sum(offer.quarantined for offer in offers) == 0

    with pytest.raises(OsameError, match="nothing is built"):
        close(home, FIRST)
    # the chain, the identities and the tie to dues and day-book are dbt tests: each build runs them for every year
    build(home, AS_OF)
    years = [year for (year,) in query(home, "select distinct fiscal_year from fct_settlement_lines order by 1")]
    assert years == list(range(FIRST, LAST + 2))
    assert query(home, "select count(*) from fct_settlement_lines where refund_unpaid_yen < 0") == [(0,)]
    refuses_what_may_not_be_closed(home)

    closed = [close(home, year) for year in range(FIRST, LAST)]
    assert all(closing.is_new for closing in closed)
    before = settled(home, LAST)
    landed = landing_rows(home, "select count(*) from landing.loads")
    again = close(home, FIRST)
    assert (again.is_new, again.lines_sha256) == (False, closed[0].lines_sha256)
    assert landing_rows(home, "select count(*) from landing.loads") == landed

    # a payment of a closed year, and a write-off that is taken back
    (unpaid, yen), written_off = city.unpaid[0], city.written_off[0]
    paid_year, written_off_year = int(unpaid.split("-")[5]), fiscal_year(written_off["disposition_date"])
    late = City(serial=900_000)
    late.pay(unpaid, date(paid_year + 1, 5, 20), yen - 1)
    late.add("core_dispositions", written_off | {"cancelled_date": date(2026, 6, 12)})
    land(home, late.files(tmp_path / "late", "20260611"), datetime(2026, 6, 12, 7))
    with pytest.raises(OsameError, match="2 files landed after the build"):
        close(home, LAST)
    build(home, AS_OF)
    taken_back = written_off["disposed_principal_yen"]
    assert corrections(home) == {
        (paid_year, paid_year, "received"): 1 - yen,
        (paid_year, LAST, "received"): yen - 1,
        (written_off_year, written_off_year, "written_off"): taken_back,
        (written_off_year, LAST, "written_off"): -taken_back,
    }
    assert settled(home, LAST - 1) == {key: line for key, line in before.items() if key[0] < LAST}
    assert query(home, f"select principal_balance_yen, state from fct_dues where due_key = '{unpaid}'") == [
        (1, "delinquent")
    ]
    columns = "fiscal_year, carried_in_yen, received_yen, outstanding_yen"
    chain = f"select {columns} from fct_carried_dues where due_key = '{unpaid}'"
    assert query(home, f"{chain} and fiscal_year >= {LAST} order by 1") == [
        (LAST, yen, yen - 1, 1),
        (LAST + 1, 1, 0, 1),
    ]

    # the tenth closing holds the corrections that were booked in its year; what comes then corrects the next
    assert close(home, LAST).is_new
    before = settled(home, LAST)
    later = City(serial=910_000)
    later.pay(unpaid, date(paid_year + 1, 5, 21), 1)
    land(home, later.files(tmp_path / "later", "20260613"), datetime(2026, 6, 14, 7))
    build(home, AS_OF, with_tests=False)
    assert settled(home, LAST) == before
    assert corrections(home) == {
        (paid_year, paid_year, "received"): -yen,
        (paid_year, LAST, "received"): yen - 1,
        (paid_year, LAST + 1, "received"): 1,
        (written_off_year, written_off_year, "written_off"): taken_back,
        (written_off_year, LAST, "written_off"): -taken_back,
    }


def refuses_what_may_not_be_closed(home: Home) -> None:
    by_drafter = act_of(CLOSE, "1001", CLOSED_AT)
    with pytest.raises(OsameError, match="nobody has drafted the closing of 2016"):
        close_year(home, FIRST, by_drafter)
    drafted = draft_closing(home, FIRST, act_of(DRAFT, "1001", CLOSED_AT))
    assert (drafted.approved_by, drafted.line_count) == (None, len(preview(home, FIRST, CLOSED_AT.date()).lines))
    with pytest.raises(OsameError, match="1001 drafted the closing of 2016 and cannot approve it"):
        close_year(home, FIRST, by_drafter)
    other = csv_of(registers(home)["closings"], [drafted_row(home) | {"lines_sha256": "0" * 64}])
    deliver(home.inbox, {f"closings_{CLOSED_AT:%Y%m%d}_99999999.csv": other.encode()})
    with pytest.raises(OsameError, match="the books of 2016 are not those that 1001 drafted on 2026-06-10"):
        close_year(home, FIRST, act_of(CLOSE, "1002", CLOSED_AT))
    with pytest.raises(OsameError, match="closing period of 2026 lasts until 2027-05-31; today is 2026-06-10"):
        close(home, LAST + 1)
    with pytest.raises(OsameError, match="built as of 2026-06-30, before the closing period of 2026 ends"):
        close(home, LAST + 1, datetime(2027, 6, 1))
    with pytest.raises(OsameError, match="2016, 2017 must be closed before 2018"):
        close(home, FIRST + 2)
    with pytest.raises(OsameError, match="the books have nothing of 1999; they have 2016 to 2026"):
        close(home, 1999)
    assert landing_rows(home, "select count(*) from landing.closings where approved_by is not null") == [(0,)]


def drafted_row(home: Home) -> dict[str, Any]:
    (row,) = current_rows(home, "closings")
    return recordable(row)
