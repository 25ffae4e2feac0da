"""Staff records: checked before they are written, one file each, and no approval by the one who drafted."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from pathlib import Path

import openpyxl
import pytest
from typer.testing import CliRunner

from ingestion.offer import Offer
from ingestion.readers.input_fields import input_fields
from osame.cli import app
from osame.errors import OsameError
from osame.home import Home
from osame.stores import open_landing
from tests.fixtures.office import act_of, landing_rows, recording
from warehouse.collection import decisions
from warehouse.office import records, registers

KEY = "30-00-152994-152994-1-2025-2025-0000000001-01"
AT = datetime(2026, 6, 1, 9, 0, 0, 123_000)
DRAFT = registers.split_due_key(KEY) | {
    "decision_no": "20260601090000123",
    "line_no": "1",
    "decision_type_code": "1",
    "from_component_code": "1",
    "amount_yen": 12_000,
    "fiscal_year": 2025,
    "drafted_by": "1001",
    "drafted_date": date(2026, 6, 1),
}
RECORDING = recording("decisions", at=AT)


def approve(home: Home, numbers: list[str], by: str, on: date, at: datetime) -> Offer:
    return decisions.approve(home, numbers, act_of(decisions.APPROVE, by, at), on)


def withdraw(home: Home, numbers: list[str], by: str, reason: str, at: datetime) -> Offer:
    return decisions.withdraw(home, numbers, act_of(decisions.WITHDRAW, by, at, reason))


@pytest.fixture
def home(staffed: Home) -> Home:
    return staffed


def drafted(home: Home, decision_no: str = str(DRAFT["decision_no"])) -> str:
    records.record(home, "decisions", [DRAFT | {"decision_no": decision_no}], recording("decisions", at=AT))
    return decision_no


def test_a_record_is_a_file_in_the_inbox_named_by_its_time(home: Home) -> None:
    path = records.write_record(home, "decisions", [DRAFT], RECORDING)
    assert path.parent == home.inbox
    assert path.name == f"decisions_20260601_{9 * 3_600_000 + 123}.csv"
    assert [p.name for p in home.inbox.iterdir()] == [path.name]


def test_staff_who_record_in_the_same_instant_do_not_overwrite_each_other(home: Home) -> None:
    rows = [DRAFT | {"decision_no": str(n)} for n in range(40)]
    with ThreadPoolExecutor(8) as pool:
        paths = list(pool.map(lambda row: records.write_record(home, "decisions", [row], RECORDING), rows))
    assert len(set(paths)) == 40
    written = sorted(path.read_text(encoding="utf-8").splitlines()[1].split(",")[0] for path in home.inbox.iterdir())
    assert written == sorted(str(n) for n in range(40))


def test_what_breaks_the_layout_is_not_written(home: Home) -> None:
    with pytest.raises(OsameError, match="金額") as caught:
        records.write_record(home, "decisions", [DRAFT | {"amount_yen": 0, "drafted_by": None}], RECORDING)
    assert "起案者" in caught.value.message
    assert list(home.inbox.iterdir()) == []


@pytest.mark.parametrize(
    ("register", "row", "said"),
    [("receptions", {}, "is no register"), ("decisions", {"amount": 1}, "has no column amount")],
)
def test_unknown_registers_and_columns_are_named(home: Home, register: str, row: dict[str, int], said: str) -> None:
    with pytest.raises(OsameError, match=said):
        records.write_record(home, register, [row], RECORDING)


def test_a_due_key_has_nine_parts() -> None:
    assert list(registers.split_due_key(KEY, "offset_"))[-1] == "offset_instalment_no"
    with pytest.raises(OsameError, match="has 3 parts"):
        registers.split_due_key("30-00-1")


def test_another_person_approves_and_only_once(home: Home) -> None:
    number = drafted(home)
    with pytest.raises(OsameError, match="1001 drafted 20260601090000123 and cannot approve it"):
        approve(home, [number], "1001", date(2026, 6, 2), AT + timedelta(days=1))
    assert [d["approved_by"] for d in decisions.list_decisions(home, waiting=True)] == [None]
    approve(home, [number], "1002", date(2026, 6, 2), AT + timedelta(days=1))
    assert decisions.list_decisions(home, waiting=True) == []
    with pytest.raises(OsameError, match="approved by 1002 already"):
        approve(home, [number], "1003", date(2026, 6, 3), AT + timedelta(days=2))
    held = landing_rows(home, "select approved_by from landing.decisions order by load_id")
    assert sorted(str(row[0]) for row in held) == ["1002", "None"], "the draft stays as evidence"


def test_a_file_that_says_so_is_not_believed_either(home: Home) -> None:
    alone = [DRAFT | {"decision_no": f"D{n}", "approved_by": "1001", "approved_date": AT.date()} for n in range(12)]
    with pytest.raises(OsameError, match="起案者と別の職員") as caught:
        records.write_record(home, "decisions", alone, RECORDING)
    assert caught.value.message.endswith("and 2 more")
    assert list(home.inbox.iterdir()) == []


def test_several_are_approved_together_or_not_at_all(home: Home) -> None:
    mine, other = drafted(home), drafted(home, "D2")
    with pytest.raises(OsameError, match="there is no decision 99"):
        approve(home, [mine, "99", other], "1002", date(2026, 6, 2), AT)
    assert len(decisions.list_decisions(home, waiting=True)) == 2
    offer = approve(home, [mine, other], "1002", date(2026, 6, 2), AT + timedelta(days=1))
    assert (offer.records, decisions.list_decisions(home, waiting=True)) == (2, [])
    with pytest.raises(OsameError, match=f"{mine} was approved by 1002 already"):
        approve(home, [mine], "1003", date(2026, 6, 2), AT + timedelta(days=2))


def test_no_approval_before_the_draft(home: Home) -> None:
    number = drafted(home)
    with pytest.raises(OsameError, match="決裁日"):
        approve(home, [number], "1002", date(2026, 5, 31), AT)


def test_a_withdrawn_decision_is_gone(home: Home) -> None:
    number = drafted(home)
    for by, reason, said in ((" ", "二重に起案", "--by is empty"), ("1002", "", "--reason is empty")):
        with pytest.raises(OsameError, match=said):
            withdraw(home, [number], by, reason, AT + timedelta(minutes=1))
    assert len(decisions.list_decisions(home)) == 1
    withdraw(home, [number], "1002", "二重に起案", AT + timedelta(minutes=1))
    assert decisions.list_decisions(home) == []
    (gone,) = decisions.list_decisions(home, withdrawn=True)
    assert (gone["decision_no"], gone["drafted_by"], gone["withdrawn_by"]) == (number, "1001", "1002")
    held = landing_rows(home, "select withdrawn_reason from landing.decisions where is_withdrawn = 1")
    assert set(held) == {("二重に起案",)}
    with pytest.raises(OsameError, match="there is no decision"):
        approve(home, [number], "1002", date(2026, 6, 2), AT)


def test_a_sheet_is_filled_in_instead(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OSAME_HOME", str(home.root))
    asked = ["template", "decisions", "--to", str(tmp_path / "decisions_20260601.xlsx")]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0, done.stderr
    again = CliRunner().invoke(app, asked)
    assert (again.exit_code, "File exists" in again.stderr) == (2, True)
    assert "is no register" in CliRunner().invoke(app, ["template", "zengin91_120"]).stderr
    book = openpyxl.load_workbook(tmp_path / "decisions_20260601.xlsx")
    page = book["記録"]
    columns = {field.header: field.name for field in input_fields(registers.registers(home)["decisions"])}
    for column, cell in enumerate(page[1], start=1):
        value = DRAFT.get(columns[cell.value])
        if value is not None:
            page.cell(2, column).value = value
    book.save(home.inbox / "decisions_20260601.xlsx")
    (home.inbox / "~$decisions_20260601.xlsx").write_bytes(b"open in Excel")
    done = CliRunner().invoke(app, ["ingest"])
    assert done.exit_code == 0, done.stdout
    assert [d["decision_no"] for d in decisions.list_decisions(home)] == [DRAFT["decision_no"]]
    assert [path.name for path in home.inbox.iterdir()] == ["~$decisions_20260601.xlsx"]


def test_a_store_of_before_a_column_was_added_is_read_too(home: Home) -> None:
    number = drafted(home)
    connection = open_landing(home, read_only=False)
    for column in ("withdrawn_by", "withdrawn_reason"):
        connection.execute(f"alter table landing.decisions drop column {column}")
    connection.close()
    (listed,) = decisions.list_decisions(home)
    assert (listed["decision_no"], listed["withdrawn_by"]) == (number, None)
    withdraw(home, [number], "1002", "起案誤り", AT + timedelta(minutes=1))
    assert decisions.list_decisions(home, withdrawn=True)[0]["withdrawn_by"] == "1002"


def test_what_nobody_else_may_see_comes_from_standard_input(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OSAME_HOME", str(home.root))
    lines = "addressee_no=0000000001\ntax_item_code=00\naccount_seq_no=1\nbank_code=0140\nbank_branch_code=012\n"
    lines += "account_type_code=1\naccount_no=7654321\nholder_name=ユキミ タロウ\nvalid_from=2020-04-01\nuse_code=3\n"
    done = CliRunner().invoke(app, ["record", "bank_accounts", "-", "--by", "1001"], input=lines)
    assert done.exit_code == 0, done.stderr
    assert landing_rows(home, "select addressee_no, use_code from landing.bank_accounts") == [("0000000001", "3")]
