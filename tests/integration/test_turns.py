"""Who reads a register and records what follows does it alone: the next one sees what the one before recorded."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime, timedelta
from threading import Barrier

import pytest

from osame import locks
from osame.act import Act, Permission
from osame.errors import OsameError, StoreBusy
from osame.home import Home
from osame.locks import register_locks
from reports.documents.refund_notice import issue_notices
from tests.fixtures.office import act_of, landing_rows
from tests.integration.test_records import DRAFT, RECORDING, approve
from warehouse.collection import certificates, closing, decisions, refunds, slips
from warehouse.collection.debits import REQUEST, request_debits
from warehouse.collection.notices import TELL
from warehouse.collection.transfers import PAY, transfer_refunds
from warehouse.office.records import acting_on, record, write_record
from warehouse.office.registers import current_rows
from warehouse.settings import load_settings

AT = datetime(2026, 6, 1, 9)
DAY = AT.date()
OFFICE = """
refund_transfers: {client_code: "1529940099", client_name: "ﾕｷﾐｼ", bank_code: "0140", branch_code: "001",
  account_no: "1234567"}
"""


@pytest.fixture
def home(staffed: Home) -> Home:
    staffed.settings_file.write_text(OFFICE, encoding="utf-8")
    return staffed


def act(permission: Permission, by: str = "1001", at: datetime = AT) -> Act:
    return act_of(permission, by, at, "誤り")


def _next_slip(home: Home) -> None:
    with slips.numbering(home, load_settings(home).office.slips, [], act(slips.ISSUE)):
        pass


ACTS: dict[str, tuple[str, Callable[[Home], object]]] = {
    "draft": ("decisions", lambda home: refunds.draft(home, act(refunds.DRAFT))),
    "approve": ("decisions", lambda home: approve(home, ["1"], "1002", DAY, AT)),
    "withdraw": ("decisions", lambda home: decisions.withdraw(home, ["1"], act(decisions.WITHDRAW))),
    "tell": ("decisions", lambda home: issue_notices(home, load_settings(home), [], act(TELL))),
    "claim": ("decisions", lambda home: refunds.claim(home, "1", DAY, act(refunds.CLAIM))),
    "pay": ("decisions", lambda home: transfer_refunds(home, DAY, DAY, act(PAY))),
    "debit": ("direct_debit_requests", lambda home: request_debits(home, DAY, act(REQUEST))),
    "draft a closing": ("closings", lambda home: closing.draft_closing(home, 2025, act(closing.DRAFT))),
    "close": ("closings", lambda home: closing.close_year(home, 2025, act(closing.CLOSE))),
    "certificate": (
        "certificates",
        lambda home: certificates.withdraw(home, "2026-1", act(certificates.WITHDRAW)),
    ),
    "slip": ("slips", _next_slip),
}


@pytest.mark.parametrize("name", ACTS)
def test_an_act_waits_for_its_turn(home: Home, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    register, act = ACTS[name]
    monkeypatch.setattr(locks, "_WAIT_SECONDS", 0.0)
    with register_locks(home, [register]), pytest.raises(StoreBusy, match=f"{register} are still in use"):
        act(home)


def test_many_at_once_see_each_other(home: Home) -> None:
    begin = Barrier(4)

    def number_one(_: int) -> None:
        begin.wait(timeout=60)
        with acting_on(home, decisions.REGISTERS, RECORDING) as book:
            number = len(current_rows(home, "decisions")) + 1
            book.record("decisions", [DRAFT | {"decision_no": str(number)}])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(number_one, range(4)))
    assert [row["decision_no"] for row in current_rows(home, "decisions")] == ["1", "2", "3", "4"]


def test_what_a_killed_run_left_in_the_inbox_counts(home: Home) -> None:
    write_record(home, "decisions", [DRAFT], RECORDING)
    with acting_on(home, decisions.REGISTERS, RECORDING):
        assert [row["decision_no"] for row in current_rows(home, "decisions")] == [DRAFT["decision_no"]]
    assert landing_rows(home, "select status from landing.loads where format = 'decisions'") == [("landed",)]
    assert list(home.inbox.iterdir()) == []


def test_what_somebody_approved_meanwhile_is_not_approved_again(home: Home) -> None:
    record(home, "decisions", [DRAFT], RECORDING)
    numbers = [str(DRAFT["decision_no"])]
    signed = {"approved_by": "1002", "approved_date": date(2026, 6, 1)}
    write_record(home, "decisions", [DRAFT | signed], replace(RECORDING, at=AT + timedelta(minutes=1)))
    with pytest.raises(OsameError, match="was approved by 1002 already"):
        approve(home, numbers, "1003", DAY, AT + timedelta(minutes=2))
