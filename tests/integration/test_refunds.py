"""An overpayment on its way back: drafted, approved by another, told, claimed, transferred; the books after it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pypdfium2
import pytest

from ingestion.due_key import DUE_KEY
from ingestion.layout_catalog import load_layouts
from ingestion.read import read
from ingestion.readers.decoded import Context
from ingestion.vault_log import entries
from osame.act import Act, Permission
from osame.errors import OsameError
from osame.home import Home
from osame.stores import open_warehouse
from reports.documents.refund_notice import issue_notices, print_again
from tests.fixtures.csv_files import ADDRESSEE, LAYOUTS, file_of
from tests.fixtures.office import deliver_rows, hire, land, landing_rows, recording
from warehouse.build import build
from warehouse.collection import decisions, refunds
from warehouse.collection.notices import TELL
from warehouse.collection.transfers import PAY, Transfers, transfer_refunds
from warehouse.office.limits import REFUND
from warehouse.office.records import record
from warehouse.office.registers import current_rows, recordable, split_due_key
from warehouse.scenario.files import write_files
from warehouse.scenario.model import load_scenario
from warehouse.settings import load_settings

# A was cancelled 600,000 (1号) and owes 300,000 since August; B paid 600,000 twice; C paid 1,500 twice.
# Another system decided on D and told of it, and on E (who, too, paid twice) without naming payer or cause.
CITY = """
name: five payers
as_of: 2025-02-14
dues:
  - {id: a1, addressee: A, tax_item: '20', due: 2024-07-31, yen: 600000}
  - {id: a2, addressee: A, tax_item: '30', due: 2024-08-31, yen: 300000}
  - {id: b1, addressee: B, tax_item: '30', due: 2024-07-31, yen: 600000}
  - {id: c1, addressee: C, tax_item: '40', due: 2024-05-31, yen: 1500}
  - {id: d1, addressee: D, tax_item: '40', due: 2024-05-31, yen: 9000}
  - {id: e1, addressee: E, tax_item: '40', due: 2024-05-31, yen: 8000}
events:
  - {on: 2024-07-01, receive: 600000, due: a1}
  - {on: 2025-01-10, void: a1, cause: 1}
  - {on: 2024-06-20, receive: 600000, due: b1}
  - {on: 2024-07-01, receive: 600000, due: b1}
  - {on: 2024-05-20, receive: 1500, due: c1}
  - {on: 2024-05-21, receive: 1500, due: c1}
  - {on: 2024-05-20, receive: 9000, due: d1}
  - {on: 2024-05-21, receive: 9000, due: d1}
  - {on: 2024-05-20, receive: 8000, due: e1}
  - {on: 2024-05-21, receive: 8000, due: e1}
"""
A, B, C, D, E = (f"00001{name}" for name in "ABCDE")
OFFICE = """
refund_transfers: {client_code: "1529940099", client_name: "ﾕｷﾐｼ", bank_code: "0140", branch_code: "001",
  account_no: "1234567"}
"""


@dataclass
class Office:
    home: Home

    def at(self, day: int, hour: int = 9, month: int = 2) -> datetime:
        return datetime(2025, month, day, hour)

    def act(self, permission: Permission, day: int, hour: int = 9, by: str = "1001", *, month: int = 2) -> Act:
        return Act(permission, by, "過誤納金の通知", self.at(day, hour, month=month))

    def build(self, as_of: date, *, with_tests: bool = False) -> None:
        build(self.home, as_of, with_tests=with_tests)

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        warehouse = open_warehouse(self.home)
        try:
            return warehouse.execute(sql).fetchall()
        finally:
            warehouse.close()

    def account(self, addressee_no: str, account_no: str, use_code: str, at: datetime) -> None:
        row = {
            "addressee_no": addressee_no,
            "tax_item_code": "00",
            "account_seq_no": "1",
            "bank_code": "0140",
            "bank_branch_code": "012",
            "account_type_code": "1",
            "account_no": account_no,
            "holder_name": "ユキミ タロウ",
            "valid_from": date(2020, 4, 1),
            "use_code": use_code,
        }
        record(self.home, "bank_accounts", [row], recording("bank_accounts", at=at))


def withdrawal(office: Office, day: int) -> Act:
    return Act(decisions.WITHDRAW, "1002", "起案誤り", office.at(day, month=3))


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    folder = tmp_path_factory.mktemp("refunds")
    home = Home(folder / "home").create()
    home.settings_file.write_text(OFFICE, encoding="utf-8")
    (folder / "city.yml").write_text(CITY, encoding="utf-8")
    files = folder / "files"
    files.mkdir()
    write_files([load_scenario(folder / "city.yml")], files)
    people = [ADDRESSEE | {"宛名番号": number, "氏名": f"納税 {number[-1]}"} for number in (A, B, C, D, E)]
    (files / "addressees_20250101.csv").write_bytes(file_of(LAYOUTS["addressees"], people))
    assert {offer.status for offer in land(home, [files], at=datetime(2025, 2, 1))} == {"landed"}
    hire(home)
    decided_elsewhere(home)
    office = Office(home)
    office.build(date(2025, 2, 14))
    return office


def decided_elsewhere(home: Home) -> None:
    """What another system approved: D was told of it, under a number of that system; E was not."""
    at = datetime(2025, 2, 2)
    for payer, number, yen in ((D, "X1", 9_000), (E, "X2", 8_000)):
        sql = f"select {', '.join(DUE_KEY)} from landing.assessments where addressee_no = '{payer}'"
        key = dict(zip(DUE_KEY, landing_rows(home, sql)[0], strict=True))
        signed = {"drafted_by": "7", "drafted_date": at.date(), "approved_by": "8", "approved_date": at.date()}
        line = {"decision_type_code": "1", "from_component_code": "1", "amount_yen": yen, "fiscal_year": 2024}
        record(
            home,
            "decisions",
            [key | line | signed | {"decision_no": number, "line_no": "1"}],
            recording("decisions", at=at),
        )
        if payer == D:
            told = {"component_code": "1", "addressee_no": D, "amount_yen": yen, "cause_code": "4", "fiscal_year": 2024}
            told |= {"overpayment_notice_no": "N77", "decision_no": number, "notified_date": at.date()}
            record(home, "overpayment_notices", [key | told], recording("overpayment_notices", at=at))


def test_no_decision_moves_more_than_is_there(office: Office) -> None:
    """1,500 yen of C are overpaid: at the draft, at the approval, and together with what others have drafted."""
    ((c1,), (a2,)) = (
        office.ask(f"select due_key from fct_dues where addressee_no = '{payer}' and tax_item_code = '{item}'")[0]
        for payer, item in ((C, "40"), (A, "30"))
    )
    line = {
        **split_due_key(c1),
        **split_due_key(a2, "offset_"),
        "line_no": "1",
        "decision_type_code": "2",
        "from_component_code": "1",
        "to_component_code": "1",
        "value_date": date(2025, 2, 1),
        "fiscal_year": 2024,
        "cause_code": "4",
        "drafted_by": "1001",
        "drafted_date": date(2025, 2, 14),
    }
    recorded = recording("decisions", at=office.at(14, 8))

    def draft(number: str, yen: int) -> None:
        record(office.home, "decisions", [line | {"decision_no": number, "amount_yen": yen}], recorded)

    with pytest.raises(
        OsameError, match=f"decision L1 line 1: 2,000 yen from {c1}; 1,500 yen of what is overpaid on it"
    ):
        draft("L1", 2_000)
    draft("L1", 1_000)
    with pytest.raises(OsameError, match=r"decision L2 line 1: 1,000 yen .*; 500 yen .* are left \(taken by L1\)"):
        draft("L2", 1_000)
    draft("L2", 500)
    draft("L1", 900)  # less, in the place of what it was
    # a draft of another system is not bounded when it lands, but when somebody is to approve it
    over = [line | {"decision_no": "L3", "amount_yen": 20_000, "drafted_by": "7"}]
    deliver_rows(office.home, "decisions", over, office.at(14, 8))
    approval = office.act(decisions.APPROVE, 14, 8, by="1002")
    with pytest.raises(OsameError, match="decision L3 line 1: 20,000 yen"):
        decisions.approve(office.home, ["L3"], approval, date(2025, 2, 14))
    decisions.approve(office.home, ["L1"], approval, date(2025, 2, 14))
    with pytest.raises(OsameError, match=r"there|taken by L1"):
        decisions.approve(office.home, ["L2", "L3"], approval, date(2025, 2, 14))
    suspense = line | {"decision_no": "L4", "decision_type_code": "4", "receipt_id": "1-1", "amount_yen": 1}
    with pytest.raises(OsameError, match="1 yen from 1-1; 0 yen of the item in suspense are left"):
        record(office.home, "decisions", [suspense], recorded)
    move = line | {"decision_no": "L5", "decision_type_code": "3", "amount_yen": 3_001}
    with pytest.raises(OsameError, match="3,001 yen from .*; 3,000 yen of its paid principal are left"):
        record(office.home, "decisions", [move], recorded)
    for number in ("L1", "L2", "L3"):
        decisions.withdraw(office.home, [number], Act(decisions.WITHDRAW, "1002", "試し", office.at(14, 8)))


@pytest.fixture(scope="module")
def drafted(office: Office) -> dict[str, refunds.Drafted]:
    return {one.addressee_no: one for one in refunds.draft(office.home, office.act(refunds.DRAFT, 14))}


@pytest.fixture(scope="module")
def told(office: Office, drafted: dict[str, refunds.Drafted]) -> bytes:
    """All drafts approved, and the letters."""
    for place, one in enumerate(drafted.values()):
        decisions.approve(
            office.home, [one.decision_no], office.act(decisions.APPROVE, 15, 9 + place, by="1002"), date(2025, 2, 15)
        )
    settings = load_settings(office.home)
    issued = issue_notices(office.home, settings, [], office.act(TELL, 17))
    assert (
        issued.told.total_yen(REFUND) == drafted[A].refund_yen + drafted[B].refund_yen + drafted[C].refund_yen + 8_000
    )
    return issued.issued.files[0].read_bytes()


@pytest.fixture(scope="module")
def paid(office: Office, told: bytes) -> Transfers:
    """A and B have claimed, B has an account for refunds, A only one that is debited."""
    for row in refunds.refund_notices(office.home):
        if row["addressee_no"] in (A, B):
            refunds.claim(office.home, row["overpayment_notice_no"], date(2025, 2, 20), office.act(refunds.CLAIM, 20))
    office.account(A, "1111111", "1", office.at(20, 10))
    office.account(B, "7654321", "3", office.at(20, 11))
    office.build(date(2025, 2, 21))
    return transfer_refunds(office.home, date(2025, 2, 25), date(2025, 2, 28), office.act(PAY, 25))


def test_the_draft_sets_off_first_and_refunds_the_rest(drafted: dict[str, refunds.Drafted]) -> None:
    # 300,000 of tax and 7,800 of its late charge to 2025-01-10; the 1,400 of interest find no open tax and are refunded
    assert (drafted[A].offset_yen, drafted[A].refund_yen) == (307_800, 292_200 + 1_400)
    assert (drafted[B].offset_yen, drafted[B].refund_yen) == (0, 600_000)
    assert (drafted[C].offset_yen, drafted[C].refund_yen) == (0, 1_500)


def test_what_another_system_decided_is_not_drafted(drafted: dict[str, refunds.Drafted]) -> None:
    assert set(drafted) == {A, B, C}


def test_nothing_is_drafted_twice(office: Office, drafted: dict[str, refunds.Drafted]) -> None:
    with pytest.raises(OsameError, match="no open overpayment"):
        refunds.draft(office.home, office.act(refunds.DRAFT, 14, 15))


def test_who_drafted_does_not_approve_and_a_draft_is_not_told(
    office: Office, drafted: dict[str, refunds.Drafted]
) -> None:
    with pytest.raises(OsameError, match="cannot approve it"):
        decisions.approve(
            office.home, [drafted[B].decision_no], office.act(decisions.APPROVE, 14, 16), date(2025, 2, 15)
        )
    with pytest.raises(OsameError, match="not approved"):
        issue_notices(office.home, load_settings(office.home), ["0"], office.act(TELL, 14))


def test_the_letters_say_what_was_decided(told: bytes, drafted: dict[str, refunds.Drafted]) -> None:
    pages = ["".join(page.get_textpage().get_text_range().split()) for page in pypdfium2.PdfDocument(told)]
    assert len(pages) == 8, "a notice and a claim form for each payer"
    of_a = next(page for page in pages if "納税A" in page)
    for text in ("過誤納金充当・還付通知書", "307,800", "293,600", "令和7年1月10日", "第17条の2", "令和12年1月10日"):
        assert text in of_a, text
    assert "充当" not in next(page for page in pages if "納税B" in page)
    assert sum("還付請求書" in page and "振込先口座" in page for page in pages) == 4
    of_e = next(page for page in pages if "納税E" in page)
    assert "誤納・二重納付（4号）" in of_e, "what the decision leaves blank the warehouse knows"
    assert not any("納税D" in page for page in pages), "another system told D"


def test_letters_are_printed_again_as_they_were(
    office: Office, told: bytes, drafted: dict[str, refunds.Drafted]
) -> None:
    settings, day = load_settings(office.home), date(2025, 2, 17)
    before = landing_rows(office.home, "select count(*) from landing.loads")
    again = print_again(office.home, settings, [], day, office.act(TELL, 18))
    first, second = (
        ["".join(page.get_textpage().get_text_range().split()) for page in pypdfium2.PdfDocument(pdf)]
        for pdf in (told, again.issued.files[0].read_bytes())
    )
    assert [page.replace("（再交付）", "") for page in second] == first
    assert sum("（再交付）" in page for page in second) == len(second)
    assert again.issued.manifest["again"] is True
    one = print_again(office.home, settings, [drafted[C].decision_no], date(2025, 1, 1), office.act(TELL, 18))
    assert list(one.told.by_decision) == [drafted[C].decision_no]
    assert landing_rows(office.home, "select count(*) from landing.loads") == before
    with pytest.raises(OsameError, match="nobody was told of decisions X1"):
        print_again(office.home, settings, ["X1"], day, office.act(TELL, 18))
    with pytest.raises(OsameError, match="nobody was told of a decision on 2025-02-18"):
        print_again(office.home, settings, [], date(2025, 2, 18), office.act(TELL, 18))


def test_nothing_is_drafted_again_before_the_warehouse_knows_what_was_told(office: Office, told: bytes) -> None:
    with pytest.raises(OsameError, match="no open overpayment"):
        refunds.draft(office.home, office.act(refunds.DRAFT, 17, 15))


def test_nobody_is_told_twice(office: Office, told: bytes) -> None:
    with pytest.raises(OsameError, match="no approved decision waits"):
        issue_notices(office.home, load_settings(office.home), [], office.act(TELL, 18))


def test_a_claim_is_made_once_and_not_before_the_notice(office: Office, paid: Transfers) -> None:
    number = next(r["overpayment_notice_no"] for r in refunds.refund_notices(office.home) if r["addressee_no"] == C)
    with pytest.raises(OsameError, match="請求日"):
        refunds.claim(office.home, number, date(2025, 2, 16), office.act(refunds.CLAIM, 26))
    claimed = next(r["overpayment_notice_no"] for r in refunds.refund_notices(office.home) if r["addressee_no"] == B)
    with pytest.raises(OsameError, match="was claimed on 2025-02-20"):
        refunds.claim(office.home, claimed, date(2025, 2, 21), office.act(refunds.CLAIM, 26))
    with pytest.raises(OsameError, match="there is no notice"):
        refunds.claim(office.home, "0-0", date(2025, 2, 21), office.act(refunds.CLAIM, 26))


def test_the_file_parses_back_with_its_totals(office: Office, paid: Transfers) -> None:
    # 4号 from 2024-08-02 to 2025-02-25: 208 days of 600,000 at 0.9% = 3,077
    assert (paid.count, paid.amount_yen, paid.interest_yen) == (1, 603_000, 3_000)
    assert paid.without_account == (A,), "an account that is debited is not refunded to"
    context = Context(file_name=paid.path.name, landed_on=date(2025, 2, 28))
    decoded = read(paid.path.read_bytes(), context, load_layouts())
    assert (decoded.layout.id, decoded.records, decoded.amount_yen) == ("zengin21_120", 1, 603_000)
    (row,) = decoded.tables["transfers"].to_pylist()
    assert (row["account_no"], row["recipient_name"]) == ("7654321", "ﾕｷﾐ ﾀﾛｳ")
    assert oct(paid.path.stat().st_mode)[-3:] == "600"


def test_what_is_paid_is_not_paid_again_but_its_file_can_be_made_again(office: Office, paid: Transfers) -> None:
    said = f"no refund is to be paid on 2025-02-28; without an account: {A}; 1 were recorded as paid on that day before"
    with pytest.raises(OsameError, match=said):
        transfer_refunds(office.home, date(2025, 2, 25), date(2025, 2, 28), office.act(PAY, 26))
    again = transfer_refunds(office.home, date(2025, 2, 25), date(2025, 2, 28), office.act(PAY, 26), again=True)
    assert again.path != paid.path
    assert again.path.read_bytes() == paid.path.read_bytes()


@pytest.mark.parametrize(
    ("decided", "pay", "said"),
    [
        (date(2025, 2, 25), date(2025, 3, 1), "banks are closed"),
        (date(2025, 3, 4), date(2025, 3, 3), "lies before --decided-on"),
    ],
)
def test_impossible_days_are_refused(office: Office, paid: Transfers, decided: date, pay: date, said: str) -> None:
    with pytest.raises(OsameError, match=said):
        transfer_refunds(office.home, decided, pay, office.act(PAY, 26))


def test_a_crash_after_the_record_leaves_no_file_and_loses_no_payment(
    office: Office, paid: Transfers, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.account(A, "2222222", "2", office.at(26, 10))
    office.build(date(2025, 2, 26))

    def no_space(path: Path, *parts: bytes) -> None:
        raise OSError(28, "No space left on device", str(path))

    with monkeypatch.context() as broken:
        broken.setattr("warehouse.office.bank_files.write_whole", no_space)
        with pytest.raises(OSError, match="No space"):
            transfer_refunds(office.home, date(2025, 3, 3), date(2025, 3, 4), office.act(PAY, 27))
    made = transfer_refunds(office.home, date(2025, 3, 3), date(2025, 3, 4), office.act(PAY, 28), again=True)
    # 1号 from 2024-07-02 to 2025-03-03: 245 days of 292,000 at 0.9% = 1,764
    assert (made.count, made.amount_yen, made.interest_yen) == (1, 292_200 + 1_400 + 1_700, 1_700)


def test_the_books_after_all_of_it(office: Office, paid: Transfers) -> None:
    office.build(date(2025, 3, 31), with_tests=True)
    assert office.ask(
        "select addressee_no, state, sum(balance_yen) from fct_overpayments group by all order by addressee_no"
    ) == [(A, "settled", 0), (B, "settled", 0), (C, "notified", 1_500), (D, "notified", 9_000), (E, "notified", 8_000)]
    moved = {
        (kind, component): yen
        for kind, component, yen in office.ask(
            "select movement_type, component, sum(amount_yen) from fct_movements where channel_code = '90' group by all"
        )
    }
    assert moved[("offset_out", "principal")] == 307_800
    assert (moved[("offset_in", "principal")], moved[("offset_in", "late_charge")]) == (300_000, 7_800)
    assert moved[("refunded", "principal")] == 600_000 + 292_200
    assert moved[("refunded", "refund_interest")] == 3_000 + 1_700 + 1_400
    (due,) = office.ask("select state, late_charge_yen, late_charge_paid_yen from fct_dues where assessed_yen = 300000")
    assert due == ("paid", 7_800, 7_800)


def test_more_than_is_overpaid_is_not_told(office: Office, paid: Transfers) -> None:
    (line,) = (row for row in current_rows(office.home, "decisions") if row["addressee_no"] == C)
    again = recordable(line) | {
        "decision_no": "X9",
        "drafted_date": date(2025, 3, 1),
        "approved_date": date(2025, 3, 1),
    }
    with pytest.raises(OsameError, match="decision X9 line 1: 1,500 yen .* 0 yen of what is overpaid on it are left"):
        record(office.home, "decisions", [again], recording("decisions", at=office.at(1, month=3)))
    deliver_rows(office.home, "decisions", [again], office.at(1, month=3))
    with pytest.raises(OsameError, match="1,500 yen of .* are to be refunded, and 0 are overpaid and not promised"):
        issue_notices(office.home, load_settings(office.home), ["X9"], office.act(TELL, 28))
    decisions.withdraw(office.home, ["X9"], withdrawal(office, 2))


def test_a_decision_is_withdrawn_with_its_notice_and_not_after_it_was_paid(
    office: Office, drafted: dict[str, refunds.Drafted], paid: Transfers
) -> None:
    with pytest.raises(OsameError, match="was paid on 2025-02-28"):
        decisions.withdraw(office.home, [drafted[n].decision_no for n in (C, B)], withdrawal(office, 3))
    with pytest.raises(OsameError, match="--reason is empty"):
        decisions.withdraw(office.home, [drafted[C].decision_no], replace(withdrawal(office, 3), reason=" "))
    assert C in {row["addressee_no"] for row in refunds.refund_notices(office.home)}
    decisions.withdraw(office.home, [drafted[C].decision_no], withdrawal(office, 3))
    assert C not in {row["addressee_no"] for row in refunds.refund_notices(office.home)}
    office.build(date(2025, 4, 1))
    assert office.ask(f"select state, balance_yen from fct_overpayments where addressee_no = '{C}'") == [
        ("open", 1_500)
    ]


def test_every_reading_of_people_is_logged(office: Office, paid: Transfers) -> None:
    lines = list(entries(office.home))
    assert {line["what"] for line in lines} == {"people", "accounts"}
    assert all(line["by"] == "1001" and line["reason"] for line in lines)
