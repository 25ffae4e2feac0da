"""One fiscal year of the town: who pays in time, to whom a case happens, who falls behind, and who catches up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from ingestion.town.cases import CASES, Case, Pool, pay_late
from ingestion.town.city import (
    BANK_OCR,
    CITY_TAX,
    CITY_TAX_CARRIED_PAID,
    CITY_TAX_UNPAID,
    COUNTER,
    CVS_LIMIT_YEN,
    DEBTOR_SHARE,
    DIRECT_DEBIT,
    FEE_LAST_LEVY_YEAR,
    ITEM,
    LATE_SHARE,
)
from ingestion.town.days import Ints, day
from ingestion.town.dues import debtor_dues, is_city_tax, make_dues
from ingestion.town.oracle import Due, replay
from ingestion.town.payments import ordinary_payments
from ingestion.town.people import CORPORATION
from ingestion.town.settlements import SETTLEMENTS
from ingestion.town.story import Story

PERSONAL = (10, 30, 40, 50, 60)
Bools = Ints
_FAILURES = ((1, 0.82), (2, 0.06), (3, 0.04), (4, 0.03), (8, 0.02), (9, 0.03))
DEPOSITS = ("deposit_in_time", "deposit_two", "deposit_late")
LUMPS = ("lump_part", "lump_twice", "lump_with_late_charge", "lump_then_slip")


class TownTooSmallError(ValueError):
    """The town has no due to which a case could happen."""


@dataclass
class Debtor:
    """One firm whose arrears stay a fixed share of all arrears of local tax."""

    payer: int
    stock: int = 0
    all_arrears: float = 0.0

    def next_year(self, unpaid: float) -> int:
        """What the firm must be levied (and leave open) this year."""
        self.all_arrears = self.all_arrears * (1 - CITY_TAX_CARRIED_PAID) + unpaid
        yearly = max(int(DEBTOR_SHARE * self.all_arrears) - self.stock, 0)
        return yearly


@dataclass
class Year:
    """The dues of a fiscal year and, among them, what is out of the ordinary (``strange``)."""

    number: int
    dues: Ints
    strange: Bools
    payments: Ints
    open: list[Due] = field(default_factory=list)


class Life:
    """Runs the years one after another; keeps who is behind."""

    def __init__(self, story: Story, rng: np.random.Generator, deposit_rng: np.random.Generator) -> None:
        self.story, self.rng, self.deposit_rng = story, rng, deposit_rng
        self.setting = story.setting
        firms = np.flatnonzero(story.payers.kind == CORPORATION)
        self.debtor = Debtor(int(firms[-1]))
        self.behind: list[Due] = []
        self.kept_for_fee: list[Due] = []
        self.lumps: dict[str, list[int]] = {name: [] for name in LUMPS}
        self._next_pid = 0

    def live(self, number: int) -> Year:
        """Dues, cases, arrears and payments of one fiscal year."""
        story, rng = self.story, self.rng
        dues = make_dues(number, story.payers, story.banks, rng)
        levied = int(dues["amount"][is_city_tax(dues)].sum())
        yearly = self.debtor.next_year(levied * CITY_TAX_UNPAID)
        owed = debtor_dues(number, yearly, self.debtor.payer, story.banks)
        self.debtor.stock += int(owed["amount"].sum())
        dues = np.concatenate([dues, owed])
        strange = np.zeros(len(dues), bool)
        strange[-len(owed) :] = True
        year = Year(number, dues, strange, np.zeros(0))
        year.open += [story.add_due(record, "big_debtor") for record in owed]
        pools = _pools(dues, number)
        self._cases(year, pools)
        if number == self.setting.last_year:
            self._choose_lumps(year, pools)
            self._choose_deposits(year, pools)
        if number <= FEE_LAST_LEVY_YEAR and number < self.setting.last_year:
            self._keep_for_fee(year, pools)
        self._fall_behind(year, levied)
        self._pay_late(year)
        self._catch_up(number)
        for owed_by in story.dues.values():
            for due in owed_by:
                if due.levy_year >= number - 1:
                    story.remind(due, day(number + 1, 4, 1))
        self.behind += year.open
        ordinary = dues[~year.strange]
        year.payments = ordinary_payments(ordinary, story.channels, self.setting.go_live, self._next_pid, rng)
        self._next_pid += len(year.payments)
        return year

    # ---- cases ----
    def _cases(self, year: Year, pools: dict[Pool, Ints]) -> None:
        before = self.setting.last_year - year.number
        fits = {"both": True, "files": before == 0, "history": before > 0, "eve": before == 1}
        for case in (*SETTLEMENTS, *CASES):
            if not fits[case.when]:
                continue
            count = max(case.minimum, round(case.rate * len(year.dues)))
            for group in self._pick(year, case, pools, count):
                told = [self.story.add_due(year.dues[at], case.name) for at in group]
                year.strange[group] = True
                case.tell(self.story, told)

    def _pick(self, year: Year, case: Case, pools: dict[Pool, Ints], count: int) -> Iterator[list[int]]:
        """Dues (or runs of instalments) that nothing has happened to yet."""
        size = {"first": 2, "pair": 2, "large_pair": 2, "whole": 4}.get(case.pool, 1)
        found = 0
        for start in self.rng.permutation(pools[case.pool]):
            group = list(range(start, start + size))
            if found < count and not year.strange[group].any():
                found += 1
                yield group
            if found == count:
                return
        if found < case.minimum:
            raise TownTooSmallError(f"no due left for the case {case.name!r} in {year.number}: make the town larger")

    def _choose_lumps(self, year: Year, pools: dict[Pool, Ints]) -> None:
        """People who let a few dues lie and later bring a sum without saying what it is for."""
        dues, each = year.dues, max(1, round(len(year.dues) * 5e-5))
        for name in LUMPS:
            for start in self.rng.permutation(pools["first"]):
                payer = int(dues["payer"][start])
                if len(self.lumps[name]) == each:
                    break
                group = np.flatnonzero((dues["payer"] == payer) & (dues["channel"] != DIRECT_DEBIT) & ~year.strange)
                if self.story.dues[payer] or len(group) < 2 or not np.isin(dues["item"][group], PERSONAL).all():
                    continue
                for at in group[:6]:
                    self.story.add_due(dues[at], name)
                    year.strange[at] = True
                self.lumps[name].append(payer)

    def _choose_deposits(self, year: Year, pools: dict[Pool, Ints]) -> None:
        """People who transfer what they owe without saying what for.

        In time; two instalments at once; late, with the late charge. Nobody of their name owes the same in another way,
        so that amount and name tell what is paid.
        """
        dues, each = year.dues, max(2, round(len(year.dues) * 5e-5))
        for name in DEPOSITS:
            size, told = (2 if name == "deposit_two" else 1), 0
            for start in self.deposit_rng.permutation(pools["early" if name == "deposit_late" else "first"]):
                group = list(range(start, start + size))
                payer = int(dues["payer"][start])
                if told == each:
                    break
                if self.story.dues[payer] or year.strange[group].any() or not self._tells(year, group):
                    continue
                told += 1
                paid = [self.story.add_due(dues[at], name) for at in group]
                year.strange[group] = True
                if name == "deposit_late":
                    self.story.deposit(paid, paid[0].due + 45, with_charges=True)
                else:
                    self.story.deposit(paid, paid[0].due - int(self.deposit_rng.integers(1, 6)))

    def _tells(self, year: Year, group: list[int]) -> bool:
        """Whether these are the only dues of anybody of their payer's name that add up to what they do."""
        dues, names = year.dues, self.story.payers.bank_name
        name = names[int(dues["payer"][group[0]])].as_py()
        wanted = int(dues["amount"][group].sum())
        found = 0
        for payer in self.story.payers.named(name):
            mine = dues[dues["payer"] == payer]
            found += int(mine["amount"].sum() == wanted) if len(np.unique(mine["notice"])) > 1 else 0
            for notice in np.unique(mine["notice"]):
                amounts = mine["amount"][mine["notice"] == notice]
                sums = [amounts[i:j].sum() for i in range(len(amounts)) for j in range(i + 1, len(amounts) + 1)]
                found += sums.count(wanted)
            found += sum(d.balance == wanted for d in self.behind if d.payer == payer)
        return found == 1

    def _keep_for_fee(self, year: Year, pools: dict[Pool, Ints]) -> None:
        """A due of a year with a reminder fee that stays open until the payment files are live."""
        free = [at for at in pools["early"] if not year.strange[at]]
        at = int(self.rng.choice(free))
        year.strange[at] = True
        self.kept_for_fee.append(self.story.add_due(year.dues[at], "reminder_fee"))

    # ---- arrears ----
    def _fall_behind(self, year: Year, levied: int) -> None:
        """The same weak payers every year, until what they leave open is what the city's figures say."""
        dues = year.dues
        owed = int(dues["amount"][dues["payer"] == self.debtor.payer][-4:].sum())
        groups = [(CITY_TAX, max(levied * CITY_TAX_UNPAID - owed, 0))]
        for code in (50, 60):
            groups.append(((code,), float(dues["amount"][dues["item"] == code].sum()) * ITEM[code].unpaid))
        for codes, target in groups:
            within = np.isin(dues["item"], codes) & np.isin(dues["item"], PERSONAL)
            free = np.flatnonzero(~year.strange & within & (dues["amount"] < CVS_LIMIT_YEN))
            for at in self._weak(dues, free, target):
                year.strange[at] = True
                due = self.story.add_due(dues[at], "unpaid")
                if due.debit and year.number == self.setting.last_year:
                    self.story.failed_debit(due, self._failure())
                year.open.append(due)

    def _weak(self, dues: Ints, free: Ints, target: float) -> Iterator[int]:
        """Dues of weak payers up to a sum of yen; most leave all open, some only part."""
        order = free[np.argsort(dues["payer"][free], kind="stable")]
        payers, start = np.unique(dues["payer"][order], return_index=True)
        ends = np.append(start[1:], len(order))
        score = self.story.payers.weakness[payers] + 0.03 * self.rng.random(len(payers))
        total = 0
        for who in np.argsort(score):
            if payers[who] in self._lump_payers():
                continue
            group = order[start[who] : ends[who]]
            if self.rng.random() < 0.4:
                group = group[self.rng.random(len(group)) < 0.6]
            yen = int(dues["amount"][group].sum())
            if total + yen <= target * 1.01:
                total += yen
                yield from (int(at) for at in group)
            if total > target * 0.985:
                return

    def _lump_payers(self) -> set[int]:
        return {payer for payers in self.lumps.values() for payer in payers}

    def _failure(self) -> int:
        codes, shares = zip(*_FAILURES, strict=True)
        return int(self.rng.choice(codes, p=shares))

    def _pay_late(self, year: Year) -> None:
        """Dues paid after 納期限 and before the books close."""
        dues = year.dues
        late = np.flatnonzero(~year.strange & (self.rng.random(len(dues)) < LATE_SHARE))
        latest = day(year.number + 1, 5, 15)
        for at in late:
            due = self.story.add_due(dues[at], "late")
            year.strange[at] = True
            if due.debit and year.number == self.setting.last_year:
                self.story.failed_debit(due, self._failure())
            when = min(due.due + 1 + int(self.rng.exponential(25)), latest)
            if when > due.due:
                pay_late(self.story, due, when, "tax" if self.rng.random() < 0.5 else "slip")

    # ---- carried over ----
    def _catch_up(self, number: int) -> None:
        """What is paid this year of what was carried over."""
        self.behind = [d for d in self.behind if self.story.state(d).balance > 0]
        groups: list[tuple[tuple[int, ...], float]] = [(CITY_TAX, CITY_TAX_CARRIED_PAID)]
        groups += [((code,), ITEM[code].carried_paid) for code in (50, 60)]
        for codes, share in groups:
            dues = [d for d in self.behind if d.item in codes]
            target = share * sum(d.balance for d in dues)
            total = 0
            for at in self.rng.permutation(len(dues)):
                due = dues[at]
                if due.case != "big_debtor" and total + due.balance <= target * 1.01:
                    total += due.balance
                    self._catch_up_one(due, number)
        if number == self.setting.last_year:
            for due in self.kept_for_fee:
                pay_late(self.story, due, day(number, 9, 10), "slip")

    def _catch_up_one(self, due: Due, number: int) -> None:
        when = day(number, 6, 1) + int(self.rng.integers(0, 280))
        draw = self.rng.random()
        if draw < 0.7:
            pay_late(self.story, due, when, "slip")
        elif draw < 0.85:
            self.story.pay(due, when, COUNTER, amount=self.story.state(due).balance)
        else:  # in three parts, a month apart
            first = min(when, day(number + 1, 1, 10))
            third = max(due.balance // 3 // 100 * 100, 100)
            for month in range(2):
                if due.balance > third:
                    self.story.pay(due, first + 30 * month, BANK_OCR, amount=third)
                    self.story.state(due)
            self.story.pay(due, first + 60, BANK_OCR, amount=self.story.state(due).balance)

    def bring_lumps(self) -> None:
        """In the closing period of the last year.

        Part of what is owed; twice; all taxes and half the late charges; part, and then a slip that the sum had paid.
        """
        closing = day(self.setting.last_year + 1, 4, 1)
        for name in LUMPS:
            for payer in self.lumps[name]:
                dues = self.story.dues[payer]
                for due in dues:
                    self.story.remind(due, closing)
                replay(dues, self.story.payments[payer])
                tax = sum(d.balance for d in dues)
                if name == "lump_with_late_charge":
                    when = self.story.open_day(BANK_OCR, closing + 36)
                    late = sum(d.late_at(when) - d.late for d in dues)
                    self.story.lump(payer, when, tax + late // 200 * 100)
                    continue
                self.story.lump(payer, closing + 13, max(tax * 2 // 5 // 1000 * 1000, 1000))
                if name == "lump_then_slip":
                    oldest = min((d for d in dues if d.balance), key=lambda d: (d.due, d.key))
                    self.story.pay(oldest, closing + 41, BANK_OCR, slip=self.story.original_slip(oldest))
                if name == "lump_twice":
                    self.story.lump(payer, closing + 41, max(tax // 3 // 1000 * 1000, 1000))


def _pools(dues: Ints, year: int) -> dict[Pool, Ints]:
    """Which dues each kind of case can happen to, as positions; for runs of instalments, that of the first."""
    n = len(dues)
    personal = np.isin(dues["item"], PERSONAL)
    slip = personal & (dues["channel"] != DIRECT_DEBIT)
    plain = slip & (dues["amount"] >= 5000) & (dues["amount"] <= 250_000)
    # the notice's next instalments follow directly
    follows = np.zeros(n, bool)
    same = (dues["item"][1:] == dues["item"][:-1]) & (dues["notice"][1:] == dues["notice"][:-1])
    follows[:-1] = same & slip[1:] & (dues["amount"][1:] >= 2000)
    first = plain & follows & (dues["instalment"] == 1) & np.isin(dues["item"], (10, 30, 50))
    three = follows.copy()
    for step in (1, 2):
        three[:-step] &= follows[step:]
        three[-step:] = False
    whole = first & three & np.isin(dues["item"], (10, 30))
    early = plain & (dues["amount"] >= 50_000) & (dues["due"] <= day(year, 10, 2))
    debit = personal & (dues["channel"] == DIRECT_DEBIT) & (dues["amount"] >= 2000) & (dues["amount"] <= CVS_LIMIT_YEN)
    pair = first & (dues["amount"] >= 40_000)
    pair[:-1] &= dues["amount"][1:] >= 40_000
    large = np.isin(dues["item"], (11, 20, 30)) & (dues["channel"] != DIRECT_DEBIT) & (dues["amount"] >= 250_000)
    large &= dues["due"] <= day(year, 7, 31)
    large_pair = large & (dues["due"] <= day(year, 6, 30))
    large_pair[:-1] &= large[1:] & same
    large_pair[-1] = False
    masks: dict[Pool, Bools] = {
        "plain": plain,
        "debit": debit,
        "first": first,
        "early": early,
        "whole": whole,
        "large": large,
        "pair": pair,
        "large_pair": large_pair,
    }
    return {name: np.flatnonzero(mask) for name, mask in masks.items()}
