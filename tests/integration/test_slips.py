"""A slip from the counter to the books: issued, paid with its barcode, its eL番号 or its number, matched, honoured."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pypdfium2
import pytest

from ingestion.vault_log import entries, problems
from osame.home import Home
from osame.stores import open_vault, open_warehouse
from reports.portal import read_runs
from tests.fixtures.csv_files import DSK, EL, LAYOUTS, PAID_SLIP, file_of
from tests.fixtures.office import BuiltTown, land, landing_rows, osame, sibling
from tests.unit.test_slips import read_symbols
from warehouse.build import build
from warehouse.law.late_charge import PartPayment, late_charge
from warehouse.office.standing import dues_to_pay

NOW = datetime(2026, 7, 2, 9, 30)
PAID = date(2026, 7, 6)
PAY_BY = date(2026, 9, 25)


def ask(home: Home, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    warehouse = open_warehouse(home)
    try:
        return warehouse.execute(sql, list(values)).fetchall()
    finally:
        warehouse.close()


def issue(home: Home, *words: str) -> Any:
    done = osame(home, "issue", "slip", *words, "--json", OSAME_NOW=NOW.isoformat())
    return done, json.loads(done.stdout) if done.stdout else None


WHO = ("--by", "1001", "--reason", "窓口での再発行申出")


@dataclass(frozen=True)
class Counter:
    """A town's home of its own, in which slips for five dues were issued."""

    home: Home
    keys: list[str]
    issued: dict[str, Any]


@pytest.fixture(scope="module")
def counter(built_town: BuiltTown, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counter]:
    home = sibling(built_town.home, tmp_path_factory.mktemp("counter") / "home", with_landing=True)
    for store in ("warehouse", "vault"):
        shutil.copy(getattr(built_town.home, store), getattr(home, store))
    with home.settings_file.open("a", encoding="utf-8") as handle:
        handle.write("\noffice: {slips: {makes_el_qr: true}}\n")
    # Overdue, partly paid first: what is printed must be more than what was owed on the day of payment.
    rows = ask(
        home,
        "select due_key from fct_dues where state = 'delinquent' and provisional_paid_yen = 0 and late_charge_yen > 0 "
        "and reminder_fee_yen = reminder_fee_paid_yen order by principal_paid_yen > 0 desc, due_key limit 4",
    )
    keys = [key for (key,) in rows]
    done, issued = issue(home, *keys, "--pay-by", PAY_BY.isoformat(), *WHO)
    assert done.returncode == 0, done.stderr
    yield Counter(home, keys, issued)


def test_the_paper_the_register_and_the_manifest_agree(counter: Counter) -> None:
    folder = Path(counter.issued["folder"])
    registered = landing_rows(
        counter.home,
        "select slip_no, principal_yen + reminder_fee_yen + late_charge_yen, cvs_barcode, el_qr_payload, pay_by_date, "
        "slip_type_code, notice_no from landing.slips where slip_no like '99%' order by slip_no",
    )
    assert [(s["slip_no"], s["total_yen"]) for s in counter.issued["slips"]] == [row[:2] for row in registered]
    document = pypdfium2.PdfDocument(folder / "slip.pdf")
    assert len(document) == len(registered) == len(counter.keys)
    for page, (slip_no, total_yen, barcode, payload, pay_by, kind, notice_no) in zip(document, registered, strict=True):
        assert read_symbols(page) == {"Code 128": barcode, "QR Code": payload}
        assert (barcode[13:29], int(barcode[37:43]), kind, pay_by) == (slip_no, total_yen, "2", PAY_BY)
        text = page.get_textpage().get_text_range()
        assert f"{total_yen:,} 円" in text and notice_no in text and "令和8年9月25日" in text


def test_the_late_charge_is_that_of_the_last_day(counter: Counter) -> None:
    """By payments as they were landed, not as the warehouse sums them."""
    printed = {s["due_key"]: s["total_yen"] for s in counter.issued["slips"]}
    partly_paid = 0
    warehouse = open_warehouse(counter.home)
    for due in dues_to_pay(warehouse, counter.keys, PAY_BY):
        ((assessed, due_date, paid),) = ask(
            counter.home,
            "select assessed_yen, due_date, principal_paid_yen from fct_dues where due_key = ?",
            due.due_key,
        )
        receipts = ask(
            counter.home,
            """
            select rc.received_date, br.principal_yen
            from bridge_receipt_dues as br inner join fct_receipts as rc on rc.receipt_id = br.receipt_id
            where br.due_key = $1 and rc.record_status = 'final' and br.principal_yen <> 0
            union all
            select rc.received_date, rc.principal_yen
            from fct_receipts as rc
            where rc.due_key = $1 and rc.record_status = 'final' and rc.principal_yen <> 0
            union all
            select mv.value_date, mv.amount_yen  -- what was set off counts from its 充当適状日
            from fct_movements as mv
            where mv.due_key = $1 and mv.movement_type = 'offset_in' and mv.component = 'principal'
            """,
            due.due_key,
        )
        assert sum(yen for _, yen in receipts) == paid
        partly_paid += paid > 0
        owed = late_charge(assessed, due_date, PAY_BY, payments=[PartPayment(*receipt) for receipt in receipts])
        assert owed.late_charge_yen == due.late_charge_balance_yen > 0
        assert printed[due.due_key] == assessed - paid + owed.late_charge_yen
    warehouse.close()
    assert partly_paid


def test_payments_by_number_barcode_el_no_and_late_reach_their_dues(counter: Counter, built_town: BuiltTown) -> None:
    """Three are paid in time and honoured as printed, with less accrued on the day; one is paid after its last day."""
    by_key = {s["due_key"]: s for s in counter.issued["slips"]}
    number, barcode, el_no, late = (by_key[key] for key in counter.keys)
    codes = {
        row[0]: row[1:]
        for row in landing_rows(
            counter.home,
            "select slip_no, cvs_barcode, biller_no, payment_no, confirmation_no, payment_class from landing.slips "
            "where slip_no like '99%'",
        )
    }
    body, payment_no, confirmation_no, payment_class = codes[el_no["slip_no"]][1:]
    posted, after = PAID + timedelta(days=2), PAY_BY + timedelta(days=1)
    slips = [
        PAID_SLIP | {"領収日": day.isoformat(), "収納日": (day + timedelta(days=2)).isoformat(), "通番": f"9{place}",
                     "納付書番号": slip["slip_no"], "金額": str(slip["total_yen"])}
        for place, (slip, day) in enumerate([(number, PAID), (late, after)])
    ]  # fmt: skip
    files = {
        "paid_slips": slips,
        "cvs_dsk": [
            DSK | {"種別": "02", "収納日": f"{PAID:%Y%m%d}", "バーコード情報": "EAN" + codes[barcode["slip_no"]][0],
                   "金額": str(barcode["total_yen"]), "振込日": f"{posted:%Y%m%d}", "データ作成日": f"{posted:%Y%m%d}"}
        ],
        "eltax_receipts": [
            EL | {"収納機関番号": body, "案件特定キー": payment_no, "確認番号": confirmation_no,
                  "税目・料金番号": payment_class, "領収日": PAID.isoformat(), "収納日": posted.isoformat(),
                  "納付方法": "06", "金額": str(el_no["total_yen"])}
        ],
    }  # fmt: skip
    for name, rows in files.items():
        path = counter.home.inbox / f"{name}_20260930.csv"
        path.write_bytes(file_of(LAYOUTS[name], rows))
        (offer,) = land(counter.home, [path], datetime(2026, 9, 30, 7))
        assert (offer.status, offer.quarantined) == ("landed", 0), offer.findings
    before = dict(ask(counter.home, "select due_key, principal_balance_yen from fct_dues"))
    build(counter.home, date(2026, 9, 30), with_tests=True, with_vault=False)
    states = {
        row[0]: row[1:]
        for row in ask(
            counter.home,
            "select due_key, state, late_charge_yen, late_charge_balance_yen, overpaid_yen from fct_dues "
            "where due_key in (select unnest(?))",
            counter.keys,
        )
    }
    for slip in (number, barcode, el_no):
        printed = slip["total_yen"] - before[slip["due_key"]]
        assert states[slip["due_key"]] == ("paid", printed, 0, 0), slip
    state, owed, balance, overpaid = states[late["due_key"]]
    assert owed >= late["total_yen"] - before[late["due_key"]] and overpaid == 0
    assert (state, balance == 0) in (("paid", True), ("principal_paid", False))
    methods = ask(
        counter.home,
        "select match_method, count(*) from fct_receipts where received_date >= ? group by 1 order by 1",
        PAID,
    )
    assert methods == [("el_no", 1), ("slip", 3)]
    # paid by their day, less had accrued than was printed: the printed amount held
    accrued = [
        due.late_charge_balance_yen
        for due in _owed_on(built_town.home, [s["due_key"] for s in (number, barcode, el_no)], PAID)
    ]
    honoured = [states[s["due_key"]][1] for s in (number, barcode, el_no)]
    assert sum(accrued) < sum(honoured) and all(a <= h for a, h in zip(accrued, honoured, strict=True))


def _owed_on(home: Home, keys: list[str], day: date) -> list[Any]:
    warehouse = open_warehouse(home)
    try:
        return dues_to_pay(warehouse, keys, day)
    finally:
        warehouse.close()


def test_the_rule_on_the_day_of_the_books_is_the_warehouse(built_town: BuiltTown) -> None:
    """Every due of the town that owes anything: the scalar rule on its movements equals the set-based one."""
    rows = ask(
        built_town.home,
        "select due_key, principal_balance_yen, reminder_fee_yen - reminder_fee_paid_yen, late_charge_balance_yen "
        "from fct_dues where state in ('delinquent', 'principal_paid')",
    )
    owed = _owed_on(built_town.home, [row[0] for row in rows], built_town.as_of)
    assert [
        (d.due_key, d.principal_balance_yen, d.reminder_fee_balance_yen, d.late_charge_balance_yen) for d in owed
    ] == rows
    assert len(rows) > 50


def test_the_reading_is_logged_and_nothing_of_it_is_public(counter: Counter) -> None:
    last = list(entries(counter.home))[-1]
    assert (last["by"], last["reason"], last["document"], last["shows_protected"]) == (*WHO[1::2], "slip", False)
    whom = {row[0] for row in ask(
        counter.home, "select addressee_no from fct_dues where due_key in (select unnest(?))", counter.keys
    )}  # fmt: skip
    assert set(last["addressees"]) == whom
    assert counter.issued["vault_reads"] and problems(counter.home) == []
    names = [row[0] for row in _people(counter.home, whom)]
    manifest = (Path(counter.issued["folder"]) / "manifest.json").read_text(encoding="utf-8")
    assert names and not any(name in manifest for name in names)
    assert all("slip" not in run.folder for run in read_runs(counter.home.published))


def _people(home: Home, whom: set[str]) -> list[tuple[Any, ...]]:
    vault = open_vault(home)
    try:
        return vault.execute(
            "select name from vault.addressees where addressee_no in (select unnest(?))", [[*whom]]
        ).fetchall()
    finally:
        vault.close()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["NO-SUCH-DUE", "--pay-by", "2026-09-25", *WHO], "no due NO-SUCH-DUE"),
        (["--addressee", "none", "--pay-by", "2026-09-25", *WHO], "owes nothing"),
        (["--pay-by", "2026-09-25", *WHO], "name due keys or an addressee"),
        (["{open}", "--pay-by", "2026-07-01", *WHO], "2026-07-01 is past"),
        (["{open}", "--pay-by", "soon", *WHO], "'soon' is no date"),
        (["{open}", "--pay-by", "2027-01-31", *WHO], "no value on 2027-01-31"),
        (["{open}", "--pay-by", "2026-09-25", "--by", "1001", "--reason", " "], "--reason is empty"),
        (["{paid}", "{open}", "--pay-by", "2026-09-25", *WHO], "nothing is owed"),
        (["{provisional}", "--pay-by", "2026-09-25", *WHO], "its 確報 has not come"),
    ],
)
def test_what_is_refused_issues_nothing(built_town: BuiltTown, words: list[str], said: str) -> None:
    keys = {
        "open": "state = 'delinquent' and provisional_paid_yen = 0",
        "paid": "state = 'paid'",
        "provisional": "provisional_paid_yen > 0 and principal_balance_yen > 0",
    }
    known = {
        name: ask(built_town.home, f"select min(due_key) from fct_dues where {where}")[0][0]
        for name, where in keys.items()
    }
    done, _ = issue(built_town.home, *[word.format(**known) for word in words])
    assert (done.returncode, said in done.stderr, "Traceback" in done.stderr) == (2, True, False), done.stderr
    assert "->" in done.stderr
    assert not built_town.home.documents.exists() and not (built_town.home.logs / "vault_reads.jsonl").exists()
