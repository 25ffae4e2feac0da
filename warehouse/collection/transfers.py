"""還付金の振込: the payments that are due as a file for the bank (全銀 総合振込, 種別 21), and as paid in the records.

The file is made and read back first, hidden; then the payments are recorded; then the file appears. A crash in between
leaves either nothing, or payments recorded whose file ``again`` makes: never a file that could be sent twice.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from ingestion.writer import Group
from osame.act import Act, Permission
from osame.errors import OsameError
from osame.home import Home
from osame.keys import certificate_key
from warehouse.collection.decisions import REGISTERS
from warehouse.collection.refunds import Payout, paid_on, payments_due, record_payments, refund_notices
from warehouse.names import zengin_name
from warehouse.office import bank_files
from warehouse.office.records import acting_on
from warehouse.settings import RefundTransfers, load_settings

PAY = Permission("refund_transfers", "還付金の振込", asks_reason=True)
LAYOUT = "zengin21_120"
_NAME_WIDTH = 30
_TRANSFERABLE = ("1", "2", "4", "9")  # 預金種目 that a transfer can name
_MOST_YEN = 10**10 - 1
_CODE_CHARACTERS = 10


@dataclass(frozen=True)
class Transfers:
    """A file as written and read back; yen in whole yen. ``without_account``: payers who cannot be paid by it."""

    path: Path
    paid_date: date
    count: int
    amount_yen: int
    interest_yen: int
    without_account: tuple[str, ...]


@dataclass(frozen=True)
class Choice:
    """Which of the claimed refunds are paid, by 過誤納通知番号: all, only some, or all except some."""

    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    def of(self, payments: list[Payout]) -> list[Payout]:
        """The payments, of the notices that are chosen.

        Raises:
            OsameError: a notice that is named is not among those to be paid; every one is told.
        """
        if self.only and self.without:
            raise OsameError("--only and --except choose in two ways", "give one of them")
        waiting = {number for payment in payments for number in payment.notice_nos}
        unknown = sorted({*self.only, *self.without} - waiting)
        if unknown:
            raise OsameError(
                f"notices {', '.join(unknown)} are not to be paid: not told, not claimed, or paid before",
                "osame refunds lists what waits",
            )
        chosen = set(self.only) or waiting - set(self.without)
        return [part for payment in payments if (part := payment.of(chosen)).notices]


EVERYTHING = Choice()


@dataclass(frozen=True)
class Preview:
    """What a file would pay, for somebody to approve; nothing is written or recorded. Whole yen.

    ``code`` stands for exactly these payments, to these accounts, on this day: the file can be made of nothing else.
    """

    payments: tuple[Payout, ...]
    without_account: tuple[Payout, ...]
    code: str

    @property
    def amount_yen(self) -> int:
        return sum(payment.amount_yen for payment in self.payments)

    @property
    def interest_yen(self) -> int:
        return sum(payment.interest_yen for payment in self.payments)


def preview_refunds(home: Home, decided: date, paid: date, act: Act, choice: Choice = EVERYTHING) -> Preview:
    """What ``transfer_refunds`` would pay; nothing is recorded but that the accounts were read.

    Args:
        home: the office's data.
        decided: 支出決定日, to which refund interest runs.
        paid: 取組日, the day in the books.
        act: who asks, and why; the reading of the accounts is logged.
        choice: which notices.

    Raises:
        OsameError: as ``transfer_refunds``, but that there may be nothing to pay.
    """
    settings = load_settings(home).refund_transfers
    _require(home, settings, decided, paid)
    known = choice.of(payments_due(home, decided, paid, act))
    payable = [payment for payment in known if payment.account]
    if payable:
        _made(settings, home, "preview.dat", payable, paid)  # what is approved can be written: it would be refused here
    left_out = tuple(payment for payment in known if not payment.account)
    return Preview(tuple(payable), left_out, _code(home, payable, paid))


def _code(home: Home, payments: Sequence[Payout], paid: date) -> str:
    """Ten characters that change with anything that is paid and recorded. Keyed: no account is guessed from them."""
    names = ("overpayment_notice_no", "amount_yen", "refund_interest_yen", "decided_date")
    said = [
        [payment.addressee_no, str(payment.account), sorted([str(row[n]) for n in names] for row in payment.notices)]
        for payment in payments
    ]
    text = "refunds:" + json.dumps([paid.isoformat(), said])
    return hmac.new(certificate_key(home).encode(), text.encode(), hashlib.sha256).hexdigest()[:_CODE_CHARACTERS]


def _made(settings: RefundTransfers, home: Home, name: str, payments: list[Payout], paid: date) -> bytes:
    """The file of some payments: our own reader has those that were meant, in number, yen and order, and no other."""
    advice = "mend the account, or refund_transfers in osame.yml"
    data, found = bank_files.made(home, LAYOUT, name, [_group(settings, payments, paid)], paid, advice)
    rows = found.tables["transfers"]
    written = list(zip(rows["account_no"].to_pylist(), rows["amount_yen"].to_pylist(), strict=True))
    meant = [(p.account.account_no, p.amount_yen) for p in payments if p.account]
    if written != meant or found.amount_yen != sum(p.amount_yen for p in payments):
        raise OsameError("the file reads back as other payments than were meant", bank_files.OUR_FAULT)
    return data


def transfer_refunds(
    home: Home,
    decided: date,
    paid: date,
    act: Act,
    *,
    again: bool = False,
    choice: Choice = EVERYTHING,
    approved: str | None = None,
) -> Transfers:
    """Write the file of the refunds that are claimed and not paid, and record them as paid.

    Args:
        home: the office's data.
        decided: 支出決定日, to which refund interest runs.
        paid: 取組日, the day in the books.
        act: who asks, and why; the reading of the accounts is logged.
        again: make the file of a day anew from what was recorded for it; nothing is recorded.
        choice: which notices; all that are claimed unless given.
        approved: the code of the preview that was approved: the file is made of exactly that, or not at all.

    Raises:
        OsameError: nothing is due, banks are closed on the day, a day lies before another, settings are missing, an
            account cannot be named in the file, or it would not be the list that was approved; nothing is recorded
            then.
    """
    settings = load_settings(home).refund_transfers
    _require(home, settings, decided, paid)
    if again and (choice != EVERYTHING or approved):
        raise OsameError(
            "--again makes the file of a day from what was recorded for it", "leave out --only, --except and --list"
        )
    with acting_on(home, REGISTERS, act) as book:
        known = paid_on(home, paid, act) if again else choice.of(payments_due(home, decided, paid, act))
        payments = [payment for payment in known if payment.account]
        unpaid = [payment for payment in known if not payment.account]
        if approved is not None and approved != (found := _code(home, payments, paid)):
            raise OsameError(
                f"the list that was approved is {approved}; what would be paid now is {found}",
                "something was claimed, decided or registered since: look at --preview again, and have it approved",
            )
        if not payments:
            recorded = sum(notice["paid_date"] == paid for notice in refund_notices(home))
            raise OsameError(
                f"no refund is to be paid on {paid}"
                + (f"; without an account: {_payers(unpaid)}" if unpaid else "")
                + (f"; {recorded} were recorded as paid on that day before" if recorded else ""),
                "osame refunds lists what waits; where an account is missing, register one (口座登録, 用途 2 or 3) and "
                "run: osame build" + ("; --again makes the file of what was recorded" if recorded else ""),
            )
        name = _name(bank_files.folder_of(home), paid, again)
        data = _made(settings, home, name, payments, paid)
        if not again:
            record_payments(book, payments)
        path = bank_files.put(home, name, data)
    return Transfers(
        path,
        paid,
        len(payments),
        sum(p.amount_yen for p in payments),
        sum(p.interest_yen for p in payments),
        tuple(p.addressee_no for p in unpaid),
    )


def _require(home: Home, settings: RefundTransfers, decided: date, paid: date) -> None:
    names = ("client_code", "client_name", "bank_code", "branch_code", "account_no")
    bank_files.require_settings(home, "refund_transfers", settings, names)
    if paid < decided:
        raise OsameError(
            f"--pay-on {paid} lies before --decided-on {decided}", "a payment is decided before it is made"
        )
    bank_files.require_open(paid, "--pay-on")


def _payers(payments: list[Payout]) -> str:
    return ", ".join(payment.addressee_no for payment in payments)


def _name(folder: Path, paid: date, again: bool) -> str:
    """A name that no file has: a day may have several runs, and a file made again does not replace the first."""
    stem = f"zengin21_refunds_{paid:%Y%m%d}" + ("_again" if again else "")
    taken = {path.name for path in folder.glob(f"{stem}*.dat")}
    number = 1
    while (name := f"{stem}.dat" if number == 1 else f"{stem}_{number}.dat") in taken:
        number += 1
    return name


def _group(settings: RefundTransfers, payments: list[Payout], paid: date) -> Group:
    """Header and records of the file."""
    header = {
        "code_class": "0",
        "client_code": settings.client_code,
        "client_name": settings.client_name,
        "transfer_date": paid,
        "sending_bank_code": settings.bank_code,
        "sending_bank_name": settings.bank_name,
        "sending_branch_code": settings.branch_code,
        "sending_branch_name": settings.branch_name,
        "client_account_type_code": settings.account_type_code,
        "client_account_no": settings.account_no,
    }
    rows = [_record(payment) for payment in payments]
    return header, {name: [row[name] for row in rows] for name in rows[0]}


def _record(payment: Payout) -> dict[str, Any]:
    account = payment.account
    if account is None or account.account_type_code not in _TRANSFERABLE or payment.amount_yen > _MOST_YEN:
        raise OsameError(
            f"addressee {payment.addressee_no}: the refund of {payment.amount_yen:,} yen cannot go to the account that "
            "is registered (預金種目 1, 2, 4 and 9 can be named, ten digits of yen)",
            "register another account (口座登録)",
        )
    return {
        "bank_code": account.bank_code,
        "branch_code": account.bank_branch_code,
        "account_type_code": account.account_type_code,
        "account_no": account.account_no,
        "recipient_name": zengin_name(account.holder_name, _NAME_WIDTH),
        "amount_yen": payment.amount_yen,
        "new_code": "0",
        "customer_code_1": _digits(payment.addressee_no),
        "transfer_type_code": "7",
    }


def _digits(addressee_no: str) -> str:
    """宛名番号 as the bank gives it back to us, where it is a number that fits."""
    return addressee_no.zfill(10) if addressee_no.isdecimal() and len(addressee_no) <= 10 else "0" * 10
