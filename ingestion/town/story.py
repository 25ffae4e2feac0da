"""The till of the town: how single payments, slips, reminders and reversals are made and turned into records."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np

from ingestion.town.city import (
    BANK_CHANNELS,
    BANK_OCR,
    BY_ADDRESSEE,
    BY_KEY,
    BY_SLIP,
    CVS_LIMIT_YEN,
    DEBIT,
    DIRECT_DEBIT,
    EL_QR,
    ELTAX,
    HISTORY,
    NO_LIMIT,
    PAID_SLIPS,
    PAY_EASY,
    ROUTE_OF_CHANNEL,
    SMARTPHONE,
    SMARTPHONE_CHAINS,
    STORE,
    STORE_CHAINS,
)
from ingestion.town.days import NONE, BusinessDays, Ints, fiscal_year, to_date
from ingestion.town.dues import DUE
from ingestion.town.office import Office
from ingestion.town.oracle import Due, Payment, Slip, replay
from ingestion.town.payments import (
    AWKWARD,
    DEBITED,
    FATE,
    FINAL,
    PROVISIONAL,
    TAKEN_BACK,
    WITHDRAWN,
    Channels,
    Row,
    slip_number,
)
from ingestion.town.people import Payers

FURTHER = 20  # 論理期別 from here on: levies after the first
REMINDER_DAYS = 20  # 督促: within twenty days of 納期限
ORIGINAL, REISSUED, YEARLY, DUNNING = 1, 2, 3, 7  # 発行区分


@dataclass(frozen=True)
class Setting:
    """The span of the town: fiscal years, go-live of the payment files, and the day it is looked at (day numbers)."""

    first_year: int
    last_year: int
    go_live: int
    as_of: int


class Story:
    """All that happens out of the ordinary, as records (by fiscal year of receipt) and for the oracle."""

    def __init__(self, setting: Setting, payers: Payers, banks: BusinessDays, rng: np.random.Generator) -> None:
        self.setting, self.payers, self.banks, self.rng = setting, payers, banks, rng
        self.channels = Channels(banks)
        self.dues: dict[int, list[Due]] = defaultdict(list)
        self.payments: dict[int, list[Payment]] = defaultdict(list)
        self.of_due: dict[int, list[Payment]] = defaultdict(list)  # by id of the due, for its running state
        self.history: dict[int, list[Row]] = defaultdict(list)
        self.files: list[Row] = []
        self.deposits: list[Payment] = []
        self.slips: list[Slip] = []
        self.reminders: list[tuple[int, Due]] = []
        self.office = Office(self)
        self._issues: dict[tuple[int, ...], int] = defaultdict(int)
        self._registered: set[int] = set()
        self._next_pid = AWKWARD
        self._next_joint_slip = 1

    # ---- dues ----
    def add_due(self, record: Ints, case: str, kind: int = 1) -> Due:
        """Takes a due of the year's columns into the story."""
        r = {name: int(record[name]) for name in DUE.names or ()}
        due = Due(
            item=r["item"],
            detail=r["detail"],
            levy_year=r["levy_year"],
            tax_year=r["tax_year"],
            notice=r["notice"],
            instalment=r["instalment"],
            payer=r["payer"],
            addressee_no=int(self.payers.addressee_no[r["payer"]]),
            assessed=r["assessed"],
            notified=r["notified"],
            unrolled=r["unrolled"],
            due=r["due"],
            debit=r["channel"] == DIRECT_DEBIT,
            events=[(r["assessed"], r["amount"], kind, 0)],
            case=case,
        )
        self.dues[due.payer].append(due)
        return due

    def further_due(
        self, due: Due, instalment: int, tax_year: int, assessed: int, unrolled: int, yen: int, kind: int, case: str
    ) -> Due:
        """A later levy on the same notice (随時 or 増額) with an instalment of its own."""
        new = Due(
            item=due.item,
            detail=due.detail,
            levy_year=due.levy_year,
            tax_year=tax_year,
            notice=due.notice,
            instalment=instalment,
            payer=due.payer,
            addressee_no=due.addressee_no,
            assessed=assessed,
            notified=assessed,
            unrolled=unrolled,
            due=int(self.banks.roll(np.array(unrolled))),
            debit=False,
            events=[(assessed, yen, kind, 0)],
            case=case,
        )
        self.dues[due.payer].append(new)
        return new

    def state(self, due: Due) -> Due:
        """The due with its figures after all its payments so far."""
        replay([due], self.of_due[id(due)])
        return due

    def change(self, due: Due, when: int, yen: int, kind: int, reason: int = 0) -> None:
        due.events.append((when, yen, kind, reason))

    def remind(self, due: Due, before: int) -> None:
        """Sends the reminder if its day comes before a day and tax is open on it."""
        sent = int(self.banks.roll(np.array(due.due + REMINDER_DAYS)))
        if due.reminded == NONE and sent < before and sent <= self.setting.as_of and self.state(due).balance > 0:
            due.reminded = sent
            self.reminders.append((sent, due))

    # ---- slips ----
    def original_slip(self, due: Due) -> Slip:
        """The slip that came with the notice. Those of the last year's dues are made in bulk, unless the due is new."""
        number = int(slip_number(due.item, due.levy_year, due.notice, due.instalment))
        if due.levy_year == self.setting.last_year and due.instalment < FURTHER and not due.debit:
            self._registered.add(number)
        return Slip(number, ORIGINAL, due.notified, due.due, [(due, due.events[0][1], 0, 0)])

    def register(self, slip: Slip) -> None:
        """Puts a slip into the register of slips, once."""
        if slip.number not in self._registered:
            self._registered.add(slip.number)
            self.slips.append(slip)

    def reissue(
        self,
        due: Due,
        issued: int,
        pay_by: int,
        print_as_of: int | None = None,
        parts: str = "pfl",
        kind: int = REISSUED,
    ) -> Slip:
        """A new slip for what is open: tax, reminder fee and late charge as of a day (``pay_by`` unless told)."""
        self.remind(due, issued)
        self.state(due)
        as_of = pay_by if print_as_of is None else print_as_of
        principal = due.balance if "p" in parts else 0
        fee = due.fee_at(issued) if "f" in parts else 0
        late = max(due.late_at(as_of) - due.late, 0) if "l" in parts else 0
        self._issues[due.key] += 1
        issue = self._issues[due.key]
        number = int(slip_number(due.item, due.levy_year, due.notice, due.instalment, issue))
        slip = Slip(number, kind, issued, pay_by, [(due, principal, fee, late)], min(issue, 9))
        if issued >= self.setting.go_live:
            self.register(slip)
        return slip

    def joint_slip(self, lines: list[tuple[Due, int, int, int]], kind: int, issued: int, pay_by: int) -> Slip:
        """One slip for several dues."""
        number = int(slip_number(99, self.setting.last_year, self._next_joint_slip, 0))
        self._next_joint_slip += 1
        return Slip(number, kind, issued, pay_by, lines)

    # ---- payments ----
    def open_day(self, channel: int, when: int) -> int:
        """A day on which the channel takes money: the day, or the banks' next."""
        return int(self.banks.roll(np.array(when))) if channel in BANK_CHANNELS else when

    def pick_channel(self, amount: int, late: bool = False) -> int:
        """How someone pays a slip; banks take any amount."""
        draw = self.rng.random()
        if amount > CVS_LIMIT_YEN or draw < (0.3 if late else 0.25):
            return BANK_OCR
        return STORE if draw < 0.65 else SMARTPHONE if draw < 0.8 else EL_QR if draw < 0.93 else PAY_EASY

    def pay(
        self,
        due: Due,
        when: int,
        channel: int,
        amount: int | None = None,
        slip: Slip | None = None,
        split: tuple[int, int, int] | None = None,
        *,
        provisional: bool = True,
    ) -> Payment:
        """A payment for one due. Before go-live it is an entry of the history with its split; after, a file's record.

        With a slip the amount is the slip's unless told; without one the nine keys are named (at the counter).
        """
        when = self.open_day(channel, when)
        self.remind(due, when)
        self._refuse_future(when)
        if split is not None:
            amount = sum(split)
        elif amount is None:
            amount = slip.total if slip else self.state(due).balance
        if when < self.setting.go_live:
            if split is None:
                split = slip.lines[0][1:] if slip and slip.total == amount else (amount, 0, 0)
            return self._history(due, when, channel, split)
        mode = "slip" if slip is not None else "due"
        ident = BY_SLIP if slip is not None else BY_KEY
        return self._filed(due, when, channel, amount, mode, slip, ident, provisional)

    def _refuse_future(self, when: int) -> None:
        if when > self.setting.as_of:
            raise ValueError(f"a payment of {to_date(when)} lies after the day the town is looked at")

    def _history(self, due: Due, when: int, channel: int, split: tuple[int, int, int]) -> Payment:
        posted, _ = self.channels.settle_one(channel, when)
        payment = Payment(self._pid(), when, posted, sum(split), "recorded", due=due, split=split)
        self._keep(payment)
        self.history_row(payment, channel, 1 if split[0] else 7, split)
        return payment

    def history_row(
        self,
        payment: Payment,
        channel: int,
        receipt_type: int,
        split: tuple[int, int, int],
        other: Due | None = None,
        corrects: int = NONE,
        due: Due | None = None,
        moved: int = 0,
    ) -> None:
        """Writes an entry of 収納履歴 for a payment: ``due`` if the entry stands under another than the payment's.

        ``moved`` goes from tax to tax (充当, 組替), whatever the entry's own amounts are.
        """
        owner = due or payment.due
        assert owner is not None  # noqa: S101 - how the town is written, not data
        row = Row(
            pid=payment.pid,
            route=HISTORY,
            channel=channel,
            received=payment.received,
            posted=payment.posted,
            amount=moved or sum(split),
            fate=FATE[payment.fate],
            receipt_type=receipt_type,
            principal=split[0],
            fee=split[1],
            late=split[2],
            corrects=corrects,
            payer=owner.payer,
            chain=STORE_CHAINS[0],
            store=100_000,
            **_key(owner),
            **({f"other_{k}": v for k, v in _key(other).items()} if other else {}),
        )
        self.history[fiscal_year(payment.received)].append(row)

    def _filed(
        self,
        due: Due | None,
        when: int,
        channel: int,
        amount: int,
        mode: str,
        slip: Slip | None,
        ident: int,
        provisional: bool,
    ) -> Payment:
        posted, transfer = self.channels.settle_one(channel, when)
        if channel in (STORE, SMARTPHONE):
            return self._at_store(due, when, channel, amount, mode, slip, provisional)
        payment = Payment(self._pid(), when, posted, amount, mode, due=due, slip=slip)
        if posted > self.setting.as_of:
            raise ValueError(f"a payment of {to_date(when)} is booked after the day the town is looked at")
        self._keep(payment)
        self.file_row(payment, channel, ident=ident, transfer=transfer)
        return payment

    def _at_store(
        self, due: Due | None, when: int, channel: int, amount: int, mode: str, slip: Slip | None, provisional: bool
    ) -> Payment:
        """速報 on the next day; the 確報 if its file has come by now."""
        posted, transfer = self.channels.settle_one(channel, when)
        created = int(self.channels.created(np.array(transfer)))
        place = self._place(channel)
        final = posted <= self.setting.as_of
        payment = Payment(self._pid(), when, posted, amount, mode, due=due, slip=slip)
        if final:
            self._keep(payment)
            self.file_row(payment, channel, kind=FINAL, created=created, transfer=transfer, **place)
        if provisional and when + 1 <= self.setting.as_of:
            self._early(due, payment, channel, "superseded" if final else "provisional", place)
        return payment

    def _early(self, due: Due | None, payment: Payment, channel: int, fate: str, place: dict[str, int]) -> Payment:
        """The 速報 of a payment at a store."""
        when = payment.received
        early = Payment(self._pid(), when, when + 1, payment.amount, "none", fate, due=due, slip=payment.slip)
        self._keep(early)
        self.file_row(early, channel, kind=PROVISIONAL, created=when + 1, **place)
        return early

    def provisional_only(self, due: Due, when: int, channel: int, slip: Slip, *, taken_back: bool) -> None:
        """A 速報 that no 確報 follows: taken back the next day, or never heard of again."""
        place = self._place(channel)
        payment = Payment(self._pid(), when, when + 2, slip.total, "none", "not_money", due=due, slip=slip)
        self._early(due, payment, channel, "cancelled" if taken_back else "provisional", place)
        if taken_back:
            self._keep(payment)
            self.file_row(payment, channel, kind=WITHDRAWN, created=when + 2, **place)

    def failed_debit(self, due: Due, code: int) -> None:
        """A direct debit that the bank could not make (振替結果コード)."""
        payment = Payment(self._pid(), due.due, due.due, due.tax, "none", "not_money", due=due)
        self._keep(payment)
        self.file_row(payment, DIRECT_DEBIT, kind=code)

    def cancelled_slip(self, due: Due, when: int, channel: int, slip: Slip, amount: int) -> None:
        """A record that the same day's 取消 takes back (keyed wrongly)."""
        when = self.open_day(channel, when)
        posted, transfer = self.channels.settle_one(channel, when)
        rows = []
        for kind, fate in ((1, "cancelled"), (TAKEN_BACK, "not_money")):
            payment = Payment(self._pid(), when, posted, amount, "none", fate, due=due, slip=slip)
            self._keep(payment)
            rows.append(self.file_row(payment, channel, kind=kind, transfer=transfer))
        serial = 50_000_000 + rows[0].pid % 40_000_000  # both carry the same 通番
        self.files[-2:] = [row._replace(serial=serial, bank=rows[0].bank, branch=rows[0].branch) for row in rows]

    def lump(self, payer: int, when: int, amount: int) -> Payment:
        """Money from someone who names no due, over the counter of a bank."""
        when = self.open_day(BANK_OCR, when)
        posted, _ = self.channels.settle_one(BANK_OCR, when)
        payment = Payment(self._pid(), when, posted, amount, "spread")
        self.payments[payer].append(payment)
        self.file_row(payment, BANK_OCR, ident=BY_ADDRESSEE, payer=payer)
        return payment

    def deposit(self, dues: list[Due], when: int, *, with_charges: bool = False) -> Payment:
        """A transfer to the city's account that says nothing but who pays: of all that is open on the dues."""
        when = int(self.banks.back(np.array(when)))
        self._refuse_future(when)
        for due in dues:
            self.remind(due, when)
            self.state(due)
        lines = [(d, d.balance, 0, 0) for d in dues]
        charges = sum(d.fee_at(when) + d.late_at(when) - d.late for d in dues) if with_charges else 0
        amount = sum(line[1] for line in lines) + charges
        if len(dues) == 1:
            payment = Payment(self._pid(), when, when, amount, "due", due=dues[0])
        else:
            together = Slip(0, ORIGINAL, when, when, lines)  # no paper: what the payer had in mind
            payment = Payment(self._pid(), when, when, amount, "slip", due=dues[0], slip=together)
        self._keep(payment)
        self.deposits.append(payment)
        return payment

    def by_joint_slip(self, slip: Slip, when: int, channel: int) -> Payment:
        """Pays a slip for several dues; in the history it is one entry with a line per due."""
        first = slip.lines[0][0]
        when = self.open_day(channel, when)
        for line in slip.lines:
            self.remind(line[0], when)
        if when >= self.setting.go_live:
            return self._filed(first, when, channel, slip.total, "slip", slip, BY_SLIP, True)
        return [self._history(due, when, channel, (p, f, lc)) for due, p, f, lc in slip.lines][0]

    # ---- records ----
    def file_row(self, payment: Payment, channel: int, **more: int) -> Row:
        """Adds a record to the payment files."""
        slip = payment.slip
        owner = payment.due
        fields: dict[str, int] = dict(_key(owner), payer=owner.payer) if owner else {}
        if slip is not None:
            self.register(slip)
            fields |= {"slip": slip.number, "reissue": slip.reissue, "pay_by": _yymmdd(slip.pay_by)}
        if ROUTE_OF_CHANNEL[channel] in (PAID_SLIPS, ELTAX):
            fields |= {"bank": int(self.rng.choice((140, 1280, 1281))), "branch": int(self.rng.integers(1, 40))}
        row = Row(
            pid=payment.pid,
            route=ROUTE_OF_CHANNEL[channel],
            channel=channel,
            received=payment.received,
            posted=payment.posted,
            amount=payment.amount,
            fate=FATE[payment.fate],
            **(fields | more),
        )
        if row.route == DEBIT and "kind" not in more:
            row = row._replace(kind=DEBITED)
        self.files.append(row)
        return row

    def _keep(self, payment: Payment) -> None:
        assert payment.due is not None  # noqa: S101
        self.payments[payment.due.payer].append(payment)
        dues = [line[0] for line in payment.slip.lines] if payment.slip else [payment.due]
        for due in dues:
            self.of_due[id(due)].append(payment)

    def link(self, payment: Payment, *dues: Due) -> Payment:
        """Registers a movement of money between dues (refund, offset, move)."""
        self.payments[dues[0].payer].append(payment)
        for due in dues:
            self.of_due[id(due)].append(payment)
        return payment

    def movement(
        self, mode: str, fate: str, due: Due, other: Due | None, received: int, posted: int, yen: int, **more: Any
    ) -> Payment:
        payment = Payment(self._pid(), received, posted, yen, mode, fate, due=due, other=other, **more)
        return self.link(payment, *([due, other] if other else [due]))

    def _pid(self) -> int:
        self._next_pid += 1
        return self._next_pid

    def _place(self, channel: int) -> dict[str, int]:
        chains = STORE_CHAINS if channel == STORE else SMARTPHONE_CHAINS
        rng = self.rng
        return {
            "chain": int(rng.choice(chains)),
            "store": 100_000 + int(rng.integers(0, 300)),
            "time": int(rng.integers(6, 24)) * 100 + int(rng.integers(0, 60)),
        }


def _key(due: Due) -> dict[str, int]:
    names = ("item", "detail", "levy_year", "tax_year", "notice", "instalment")
    return dict(zip(names, due.key, strict=True))


def _yymmdd(value: int) -> int:
    return NO_LIMIT if value == NONE else int(to_date(value).strftime("%y%m%d"))
