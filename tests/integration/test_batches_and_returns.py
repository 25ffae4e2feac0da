"""One small office: what a due stands at after a write-off of a part, batches with a payer who is missing in the vault,
and refunds that are previewed, chosen, paid, come back and are paid again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pypdfium2
import pytest
import typer
from typer.testing import CliRunner

from ingestion.vault import build_vault
from ingestion.vault_log import entries
from osame.act import Act
from osame.errors import OsameError
from osame.home import Home
from osame.locks import landing_lock
from osame.stores import open_warehouse
from reports.commands import issue as issue_cli
from reports.documents.refund_notice import issue_notices
from tests.fixtures.csv_files import ADDRESSEE, LAYOUTS, file_of
from tests.fixtures.office import act_of, hire, land, landing_rows, recording
from warehouse.build import build
from warehouse.collection import decisions, refunds
from warehouse.collection.addressee_standing import look_up
from warehouse.collection.notices import TELL
from warehouse.collection.transfers import PAY, Choice, preview_refunds, transfer_refunds
from warehouse.commands import export
from warehouse.commands import refunds as refunds_cli
from warehouse.law.late_charge import PartPayment, late_charge
from warehouse.office.records import record
from warehouse.office.registers import current_rows
from warehouse.scenario.files import write_files
from warehouse.scenario.model import load_scenario
from warehouse.settings import load_settings

# 60,000 of A's 100,000 were written off. B and D paid twice; so did C, whom no addressees extract has.
CITY = """
name: four payers
as_of: 2025-02-14
dues:
  - {id: a1, addressee: A, tax_item: '30', due: 2024-07-31, yen: 100000}
  - {id: b1, addressee: B, tax_item: '30', due: 2024-07-31, yen: 600000}
  - {id: c1, addressee: C, tax_item: '40', due: 2024-05-31, yen: 9000}
  - {id: c2, addressee: C, tax_item: '30', due: 2024-07-31, yen: 20000}
  - {id: d1, addressee: D, tax_item: '40', due: 2024-05-31, yen: 8000}
events:
  - {on: 2024-12-31, write_off: 60000, due: a1}
  - {on: 2024-06-20, receive: 600000, due: b1}
  - {on: 2024-07-01, receive: 600000, due: b1}
  - {on: 2024-05-20, receive: 9000, due: c1}
  - {on: 2024-05-21, receive: 9000, due: c1}
  - {on: 2024-05-20, receive: 8000, due: d1}
  - {on: 2024-05-21, receive: 8000, due: d1}
"""
AS_OF, PAY_BY = date(2025, 2, 14), date(2025, 3, 31)
DECIDED, PAID, BACK, DECIDED_AGAIN, PAID_AGAIN = (
    date(2025, 2, 25),
    date(2025, 2, 28),
    date(2025, 3, 4),
    date(2025, 3, 10),
    date(2025, 3, 12),
)
A, B, C, D = (f"00001{name}" for name in "ABCD")
OFFICE = """
refund_transfers: {client_code: "1529940099", client_name: "ﾕｷﾐｼ", bank_code: "0140", branch_code: "001",
  account_no: "1234567"}
"""


_counter = typer.Typer()
_counter.add_typer(issue_cli.app, name="issue")
_counter.add_typer(export.app, name="export")
for _command in (refunds_cli.refunds, refunds_cli.refund_returned):
    _counter.command()(_command)


@dataclass
class Office:
    home: Home
    dues: dict[str, str]

    def run(self, at: datetime, *words: str) -> Any:
        env = {"OSAME_HOME": str(self.home.root), "OSAME_NOW": at.isoformat()}
        return CliRunner().invoke(_counter, list(words), env=env, catch_exceptions=False)

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        warehouse = open_warehouse(self.home)
        try:
            return warehouse.execute(sql).fetchall()
        finally:
            warehouse.close()

    def notice(self, addressee_no: str) -> dict[str, Any]:
        (row,) = [row for row in refunds.refund_notices(self.home) if row["addressee_no"] == addressee_no]
        return row


def at(day: int, hour: int = 9, month: int = 2) -> datetime:
    return datetime(2025, month, day, hour)


def paying(when: datetime) -> Act:
    return act_of(PAY, at=when)


def person(number: str) -> dict[str, str]:
    return ADDRESSEE | {"宛名番号": number, "氏名": f"納税 {number[-1]}"}


def account(home: Home, addressee_no: str, account_no: str, when: datetime) -> None:
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
        "use_code": "2",
    }
    record(home, "bank_accounts", [row], recording("bank_accounts", at=when))


def new_vault(home: Home) -> None:
    with landing_lock(home, exclusive=False):
        build_vault(home, home.work, home.landing)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    folder = tmp_path_factory.mktemp("batches")
    home = Home(folder / "home").create()
    home.settings_file.write_text(OFFICE, encoding="utf-8")
    (folder / "city.yml").write_text(CITY, encoding="utf-8")
    files = folder / "files"
    files.mkdir()
    (written,) = write_files([load_scenario(folder / "city.yml")], files)
    (files / "addressees_20250101.csv").write_bytes(file_of(LAYOUTS["addressees"], [person(n) for n in (A, B, D)]))
    assert {offer.status for offer in land(home, [files], at=datetime(2025, 2, 1))} == {"landed"}
    hire(home)
    account(home, B, "7654321", at(2))
    build(home, AS_OF, with_tests=False)
    return Office(home, written.due_keys)


# --- a due after a write-off of a part ----------------------------------------------------------------------------


def test_standing_books_and_law_agree_after_a_write_off_of_a_part(office: Office) -> None:
    (line,) = look_up(office.home, office.dues["a1"], AS_OF).dues
    ((booked,),) = office.ask(f"select late_charge_yen from fct_dues where due_key = '{office.dues['a1']}'")
    # 100,000×2.4%×31/365=203 + ×8.7%×122/365=2,907; 40,000×8.7%×45/365=429: 3,539
    assert line.late_charge_yen == booked == 3_500
    (later,) = look_up(office.home, office.dues["a1"], PAY_BY).dues
    law = late_charge(100_000, date(2024, 7, 31), PAY_BY, payments=[PartPayment(date(2024, 12, 31), 60_000)])
    assert later.late_charge_yen == law.late_charge_yen == 3_900


def test_slips_of_a_batch_are_printed_but_of_the_payer_who_is_missing(office: Office) -> None:
    """The due with a write-off gets its slip; what is left out is neither printed nor registered."""
    words = ["issue", "slip", office.dues["a1"], office.dues["c2"], "--pay-by", PAY_BY.isoformat()]
    done = office.run(at(14), *words, "--by", "1001", "--reason", "再発行申出")
    assert done.exit_code == 1, done.output
    assert f"Left out: addressee {C} is not in the vault" in done.stderr
    assert "延滞金 3,900  計 43,900円" in done.stdout
    slips = "select notice_no, principal_yen, late_charge_yen from landing.slips where slip_type_code = '2'"
    assert [row[1:] for row in landing_rows(office.home, slips)] == [(40_000, 3_900)]
    alone = office.run(at(14, 10), "issue", "slip", office.dues["c2"], *words[4:], "--by", "1001", "--reason", "再発行")
    assert (alone.exit_code, len(landing_rows(office.home, slips))) == (2, 1)
    # A slip lets a payment be matched; it makes no due look more paid.
    assert [notice.code for notice in look_up(office.home, office.dues["a1"], AS_OF).notices] == []


# --- letters --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def told(office: Office) -> Any:
    drafted = refunds.draft(office.home, act_of(refunds.DRAFT, at=at(14, 11)))
    approval = act_of(decisions.APPROVE, "1002", at(15))
    decisions.approve(office.home, [one.decision_no for one in drafted], approval, date(2025, 2, 15))
    return office.run(at(17), "issue", "refund-notice", "--by", "1001", "--reason", "過誤納金の通知")


def test_letters_go_out_but_to_the_payer_who_is_missing_and_he_is_not_told(office: Office, told: Any) -> None:
    assert told.exit_code == 1, told.output
    assert f"Left out: addressee {C} of decision " in told.stderr
    assert told.stdout.startswith("2 letters: ")
    assert {row["addressee_no"] for row in refunds.refund_notices(office.home)} == {B, D}
    again = office.run(at(17, 10), "issue", "refund-notice", "--by", "1001", "--reason", "過誤納金の通知")
    assert again.exit_code == 2, "nobody else waits, and he is still missing"
    assert f"addressees {C} are not in the vault" in again.stderr


def test_letters_are_printed_again_but_to_a_payer_who_has_gone(office: Office, told: Any) -> None:
    known = office.home.vault.read_bytes()
    files = office.home.root / "gone"
    files.mkdir()
    (files / "addressees_20250218.csv").write_bytes(
        file_of(LAYOUTS["addressees"], [person(D) | {"削除フラグ": "1"}, person(C)])
    )
    assert {offer.status for offer in land(office.home, [files], at=at(18))} == {"landed"}
    new_vault(office.home)
    again = office.run(
        at(18, 10), "issue", "refund-notice", "--again", "--told-on", "2025-02-17", "--by", "1001", "--reason", "再交付"
    )
    assert (again.exit_code, again.stdout.split()[0]) == (1, "1"), again.output
    assert f"Left out: addressee {D} of decision " in again.stderr
    assert "nothing is recorded as told" not in again.stderr
    # C is there now: the decision that waited is told of like any other.
    late = issue_notices(office.home, load_settings(office.home), [], act_of(TELL, at=at(19)))
    assert (len(late.told.by_decision), late.told.missing) == (1, ())
    text = "".join(pypdfium2.PdfDocument(late.issued.files[0])[0].get_textpage().get_text_range().split())
    assert "納税C" in text
    office.home.vault.write_bytes(known)


# --- preview, choice, payment, return ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def claimed(office: Office, told: Any) -> dict[str, str]:
    """B and D have claimed; only B has an account."""
    numbers = {who: office.notice(who)["overpayment_notice_no"] for who in (B, D)}
    for number in numbers.values():
        refunds.claim(office.home, number, date(2025, 2, 20), act_of(refunds.CLAIM, at=at(20)))
    return numbers


def test_a_preview_shows_each_payment_and_records_nothing(office: Office, claimed: dict[str, str]) -> None:
    before = landing_rows(office.home, "select count(*) from landing.loads")
    words = ["export", "refunds", "--decided-on", DECIDED.isoformat(), "--pay-on", PAID.isoformat(), "--by", "1001"]
    done = office.run(at(24), *words, "--preview")
    assert done.exit_code == 0, done.output
    # 4号 from 2024-08-02 to 2025-02-25: 208 days of 600,000 at 0.9% = 3,077
    shown = f"pay       addressee {B}  603,000 yen, of which 3,000 interest  notices {claimed[B]}"
    assert f"{shown}  to 0140-012 ●●●●321 (用途 2)" in done.stdout
    assert f"left out  addressee {D}" in done.stdout and "no account for refunds" in done.stdout
    assert "in all    1 transfers  603,000 yen, of which 3,000 interest; left out 1" in done.stdout
    assert "7654321" not in done.stdout
    assert landing_rows(office.home, "select count(*) from landing.loads") == before
    assert not (office.home.published / "bank_files").exists()
    assert list(entries(office.home))[-1]["what"] == "accounts"
    assert office.notice(B)["paid_date"] is None


def test_only_what_is_chosen_is_shown(office: Office, claimed: dict[str, str]) -> None:
    def shown(choice: Choice) -> list[str]:
        found = preview_refunds(office.home, DECIDED, PAID, paying(at(24)), choice)
        return [p.addressee_no for p in (*found.payments, *found.without_account)]

    assert shown(Choice(only=(claimed[D],))) == [D]
    assert shown(Choice(without=(claimed[D],))) == [B]
    with pytest.raises(OsameError, match="notices X, Y are not to be paid"):
        shown(Choice(only=("Y", "X")))
    with pytest.raises(OsameError, match="notices X are not to be paid"):
        shown(Choice(without=(claimed[D], "X")))
    with pytest.raises(OsameError, match="--only and --except"):
        shown(Choice((claimed[B],), (claimed[D],)))


def test_nothing_but_the_list_that_was_approved_is_paid(office: Office, claimed: dict[str, str]) -> None:
    words = ["export", "refunds", "--pay-on", PAID.isoformat(), "--by", "1001"]
    approved = preview_refunds(office.home, DECIDED, PAID, paying(at(24))).code
    for changed in (["--decided-on", "2025-02-26"], ["--decided-on", "2025-02-25", "--except", claimed[B]]):
        refused = office.run(at(25), *words, *changed, "--list", approved)
        assert refused.exit_code == 2, refused.output
        assert f"the list that was approved is {approved}; what would be paid now is" in refused.stderr
    assert office.notice(B)["paid_date"] is None
    assert not (office.home.published / "bank_files").exists()
    both = office.run(at(25), *words, "--decided-on", "2025-02-25", "--preview", "--again")
    assert (both.exit_code, "--preview makes no file" in both.stderr) == (2, True)


def test_a_transfer_that_came_back_is_paid_again_with_its_interest(office: Office, claimed: dict[str, str]) -> None:
    code = preview_refunds(office.home, DECIDED, PAID, paying(at(24))).code
    made = transfer_refunds(office.home, DECIDED, PAID, paying(at(25)), approved=code)
    assert (made.count, made.amount_yen, made.interest_yen, made.without_account) == (1, 603_000, 3_000, (D,))
    assert f"paid {PAID} with 3,000 yen of interest" in office.run(at(28), "refunds", "--paid").stdout
    back = ["refund-returned", claimed[B], "--on", BACK.isoformat(), "--reason", "口座解約 7654321", "--by", "1001"]
    done = office.run(at(4, month=3), *back)
    assert done.exit_code == 0, done.output
    row = office.notice(B)
    assert (row["returned_date"], row["paid_date"], row["refund_interest_yen"]) == (BACK, PAID, 3_000)

    listed = office.run(at(4, 10, 3), "refunds")
    assert f"paid {PAID}, came back {BACK}" in listed.stdout
    assert "7654321" not in office.run(at(4, 10, 3), "refunds", "--json").stdout, "what the bank said is personal"
    notices = {notice.code: notice for notice in look_up(office.home, B, BACK, "addressee").notices}
    assert claimed[B] in notices["refund_returned"].english and "振込不能" in notices["refund_returned"].japanese

    account(office.home, B, "1112223", at(5, month=3))
    new_vault(office.home)
    with pytest.raises(OsameError, match="no refund is to be paid on 2025-02-28"):
        transfer_refunds(office.home, DECIDED, PAID, paying(at(6, month=3)), again=True)  # would pay it twice
    once_more = transfer_refunds(office.home, DECIDED_AGAIN, PAID_AGAIN, paying(at(10, month=3)))
    assert (once_more.count, once_more.amount_yen, once_more.interest_yen) == (1, 603_000, 3_000)
    assert b"1112223" in once_more.path.read_bytes()
    row = office.notice(B)
    assert (row["overpayment_notice_no"], row["paid_date"], row["returned_date"]) == (claimed[B], PAID_AGAIN, None)
    assert (row["decided_date"], row["refund_interest_yen"]) == (DECIDED, 3_000)
    assert claimed[B] not in office.run(at(12, month=3), "refunds").stdout
    with pytest.raises(OsameError, match="no refund is to be paid"):
        transfer_refunds(office.home, DECIDED_AGAIN, PAID_AGAIN, paying(at(12, month=3)))
    history = landing_rows(
        office.home, "select count(*) from landing.overpayment_notices where returned_reason like '口座解約%（1001）'"
    )
    assert history == [(1,)], "who recorded it, and why, is kept"


@pytest.mark.parametrize(
    ("number", "on", "by", "reason", "said"),
    [
        ("0-0", BACK, "1001", "口座解約", "there is no notice '0-0' of a refund"),
        ("{D}", BACK, "1001", "口座解約", "has not been paid"),
        ("{B}", date(2025, 2, 20), "1001", "口座解約", "was paid on .*, after 2025-02-20"),
        ("{B}", date(2025, 4, 1), "1001", "口座解約", "still to come"),
        ("{B}", BACK, " ", "口座解約", "--by is empty"),
        ("{B}", BACK, "1001", "", "--reason is empty"),
    ],
)
def test_what_did_not_come_back_is_refused(
    office: Office, claimed: dict[str, str], number: str, on: date, by: str, reason: str, said: str
) -> None:
    before = current_rows(office.home, "overpayment_notices")
    named = number.format(B=claimed[B], D=claimed[D])
    with pytest.raises(OsameError, match=said):
        refunds.record_returned(office.home, [named], on, act_of(refunds.RETURN, by, at(31, month=3), reason))
    assert current_rows(office.home, "overpayment_notices") == before
