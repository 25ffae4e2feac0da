"""納付書の再発行: which dues get a slip again, what stands in the way, and the register by which it is matched."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

from ingestion.vault import People, read_people
from osame.act import Act
from osame.errors import OsameError
from osame.home import Home
from osame.stores import open_warehouse
from warehouse.collection.slips import Slip, make_slips, numbering, register
from warehouse.law.calendar import non_business_day_name
from warehouse.law.office import parameters_of, provisional_ja
from warehouse.law.parameters import Parameters
from warehouse.office.freshness import Freshness, freshness
from warehouse.office.standing import DueLine, dues_to_pay, owing_keys
from warehouse.settings import Settings

Made = TypeVar("Made")


@dataclass(frozen=True)
class Reissued:
    """Slips and their payers. ``warnings`` are for the person who hands them out.

    ``provisional``: by slip, what the paper says where its late charge is reckoned with a rate that is not announced
    yet. ``people.missing``: payers who are not in the vault; for their dues nothing was printed or registered.
    """

    slips: tuple[Slip, ...]
    people: People
    provisional: Mapping[str, str]
    as_of: date
    known_at: datetime | None
    warnings: tuple[str, ...]


def reissue(
    home: Home,
    settings: Settings,
    due_keys: Sequence[str],
    addressee_no: str | None,
    pay_by: date,
    act: Act,
    make: Callable[[Reissued], Made],
    *,
    show_protected: bool = False,
    despite_provisional: bool = False,
) -> tuple[Reissued, Made]:
    """Number one slip for each due, make the papers, and land the slips as 再発行; in this order.

    A crash in between may leave a slip in the register that nobody holds, never a paper that the register lacks.

    Args:
        home: the office's data.
        settings: the office's.
        due_keys: of the dues; none means all on which the addressee owes something.
        addressee_no: whose dues, where no key is given.
        pay_by: the day up to which the slips may be used, and for which their late charge is reckoned.
        act: who asks, and why.
        make: makes the papers.
        show_protected: read addresses under 支援措置.
        despite_provisional: although a 速報 of a payment stands.

    Raises:
        OsameError: nothing is owed, a day is past, a 速報 stands: every due in the way is named, nothing is issued; or
            no payer at all is in the vault.
    """
    issued_date = act.at.date()
    if pay_by < issued_date:
        raise OsameError(f"--pay-by: {pay_by} is past; today is {issued_date}", "give today or a later day")
    params = parameters_of(home, settings.policies)
    warehouse = open_warehouse(home)
    try:
        keys = list(dict.fromkeys(due_keys)) or _keys_of(warehouse, addressee_no)
        dues = dues_to_pay(warehouse, keys, pay_by, params)
        as_of, known_at = warehouse.execute("select as_of_date, known_at from run_info").fetchall()[0]
        fresh = freshness(home, warehouse)
    finally:
        warehouse.close()
    _refuse(dues, despite_provisional)
    people = read_people(home, {due.addressee_no for due in dues}, act, show_protected=show_protected, may_lack=True)
    dues = [due for due in dues if due.addressee_no in people.by_no]
    with numbering(home, settings.office.slips, keys, act) as (numbers, book):
        slips = make_slips(settings.office.slips, dues, numbers, issued_date, pay_by)
        said = {slip.slip_no: words for slip in slips if (words := _provisional(slip, params)) is not None}
        warnings = tuple(_warnings(as_of, fresh, issued_date, pay_by))
        reissued = Reissued(tuple(slips), people, said, as_of, known_at, warnings)
        made = make(reissued)
        register(book, slips)
    return reissued, made


def _keys_of(warehouse: Any, addressee_no: str | None) -> list[str]:
    if addressee_no is None:
        raise OsameError("no due is named", "name due keys, or an addressee with --addressee")
    keys = owing_keys(warehouse, addressee_no)
    if not keys:
        raise OsameError(
            f"addressee {addressee_no} owes nothing, or has no dues in the warehouse",
            f"see: osame sql \"select * from fct_dues where addressee_no = '{addressee_no}'\"",
        )
    return keys


def _refuse(dues: Sequence[DueLine], despite_provisional: bool) -> None:
    problems = [f"{due.due_key}: nothing is owed" for due in dues if due.balance_yen == 0]
    if not despite_provisional:
        problems += [
            f"{due.due_key}: a 速報 says that {due.provisional_paid_yen:,} yen were paid; its 確報 has not come"
            for due in dues
            if due.balance_yen > 0 and due.provisional_paid_yen > 0
        ]
    if problems:
        raise OsameError(
            "no slip was issued: " + "; ".join(problems),
            "leave these dues out; give --despite-provisional only if the payer says that nothing was paid",
        )


def _warnings(as_of: date, fresh: Freshness, issued_date: date, pay_by: date) -> list[str]:
    found = []
    if as_of < issued_date:
        found.append(f"balances are those of {as_of}; a payment since then is not taken off")
    if fresh.is_behind:
        found.append(
            f"{len(fresh.files('books'))} files have landed since the warehouse was built; to have them in: osame build"
        )
    closed = non_business_day_name(pay_by)
    if closed is not None:
        found.append(f"{pay_by} is no business day ({closed}): banks are closed on the last day of the slip")
    return found


def _provisional(slip: Slip, params: Parameters) -> str | None:
    """What the paper says where its late charge is reckoned with a rate that is not announced yet."""
    due = slip.due
    if due.late_charge_yen == 0 or due.principal_balance_yen == 0:  # none, or fixed before
        return None
    return provisional_ja(params, [(due.tax_item_code, slip.pay_by_date)])
