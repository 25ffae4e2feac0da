"""What is owed on a due on a day to come: its balance, reminder fee, and the late charge as of that day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import duckdb

from warehouse.config import Home
from warehouse.connection import landing_lock, open_landing
from warehouse.errors import OsameError
from warehouse.law.late_charge import Payment, late_charge
from warehouse.law.parameters import Parameters, load_parameters
from warehouse.office.records import WITHOUT_EFFECT

_DUES = """
    select du.*, ti.tax_item_name
    from fct_dues as du
    left join dim_tax_items as ti on ti.tax_item_code = du.tax_item_code
    where du.due_key in (select unnest(?))
"""

# What paid the principal, net, by the day from which it counts; a 組替 takes away on the day of what it moves.
_PAYMENTS = """
    select
        mv.due_key,
        mv.value_date,
        cast(sum(case mv.direction when 'out' then -1 else 1 end * mv.amount_yen) as bigint)
    from fct_movements as mv
    where mv.due_key in (select unnest(?)) and mv.component = 'principal' and not mv.is_provisional
        and mv.movement_type in ('received', 'offset_in', 'reallocated')
    group by mv.due_key, mv.value_date
    having sum(case mv.direction when 'out' then -1 else 1 end * mv.amount_yen) <> 0
    order by mv.due_key, mv.value_date
"""

Change = tuple[date, int]


@dataclass(frozen=True)
class OpenDue:
    """What is still owed on one due if it is paid on ``on``. Amounts in whole yen.

    ``provisional_yen`` is a 速報 that stands: paid in all likelihood, and not taken off the amounts.
    """

    due_key: str
    addressee_no: str
    tax_item_code: str
    tax_item_name: str
    levy_year: int
    tax_year: int
    notice_no: str
    instalment_no: str
    due_date: date
    on: date
    principal_yen: int
    reminder_fee_yen: int
    late_charge_yen: int
    provisional_yen: int

    @property
    def total_yen(self) -> int:
        return self.principal_yen + self.reminder_fee_yen + self.late_charge_yen


def files_since(home: Home, known_at: datetime) -> int:
    """How many files landed after the build that may change what is owed."""
    with landing_lock(home, exclusive=False):
        landing = open_landing(home)
        try:
            row = landing.execute(
                """
                select count(*) from landing.loads
                where status = 'landed' and landed_at > ? and not list_contains(?, landing_table)
                """,
                [known_at, list(WITHOUT_EFFECT)],
            ).fetchone()
        finally:
            landing.close()
    return int(row[0]) if row else 0


def owing_keys(warehouse: duckdb.DuckDBPyConnection, addressee_no: str) -> list[str]:
    """Keys of an addressee's dues on which something is owed, oldest 納期限 first."""
    rows = warehouse.execute(
        """
        select due_key from fct_dues
        where addressee_no = ? and (
            principal_balance_yen > 0 or late_charge_balance_yen > 0
            or reminder_fee_yen > reminder_fee_paid_yen + reminder_fee_written_off_yen
        )
        order by due_date, due_key
        """,
        [addressee_no],
    )
    return [row[0] for row in rows.fetchall()]


def open_dues(
    warehouse: duckdb.DuckDBPyConnection, due_keys: Sequence[str], on: date, params: Parameters | None = None
) -> list[OpenDue]:
    """The dues, in the order of their keys given, with what is owed if paid on ``on``.

    The late charge is that of ``warehouse/law/late_charge.py`` on what has paid the principal. The same rule on the
    warehouse's own day must give the warehouse's own amount; where it does not, something else bears on the due (a
    減免, a 猶予), and no amount is guessed.

    Args:
        warehouse: as ``open_warehouse`` gives it.
        due_keys: of fct_dues.
        on: the day of payment; not before the warehouse's as-of date.
        params: legal values; default: those shipped.

    Raises:
        OsameError: a key is unknown, a late charge cannot be reckoned, or ``on`` lies before the as-of date.
        ParameterNotFoundError: no rate is known on a day up to ``on``.
    """
    known = params or load_parameters()
    keys = list(dict.fromkeys(due_keys))
    cursor = warehouse.execute(_DUES, [keys])
    names = [column[0] for column in cursor.description or []]
    rows = {row[0]: dict(zip(names, row, strict=True)) for row in cursor.fetchall()}
    missing = [key for key in keys if key not in rows]
    if missing:
        raise OsameError(
            f"no due {', '.join(missing)} in the warehouse", "copy the due_key from fct_dues; or build, if it is new"
        )
    payments: dict[str, list[Change]] = {}
    for key, day, amount in warehouse.execute(_PAYMENTS, [keys]).fetchall():
        payments.setdefault(key, []).append((day, amount))
    return [_open_due(rows[key], payments.get(key, []), on, known) for key in keys]


def _open_due(due: dict[str, Any], payments: list[Change], on: date, params: Parameters) -> OpenDue:
    if on < due["as_of_date"]:
        raise OsameError(
            f"{on} lies before the day of the books, {due['as_of_date']}", "give a later day, or build as of an earlier"
        )
    return OpenDue(
        due_key=due["due_key"],
        addressee_no=due["addressee_no"],
        tax_item_code=due["tax_item_code"],
        tax_item_name=due["tax_item_name"] or due["tax_item_code"],
        levy_year=int(due["levy_year"]),
        tax_year=int(due["tax_year"]),
        notice_no=due["notice_no"],
        instalment_no=due["instalment_no"],
        due_date=due["due_date"],
        on=on,
        principal_yen=due["principal_balance_yen"],
        reminder_fee_yen=due["reminder_fee_yen"] - due["reminder_fee_paid_yen"] - due["reminder_fee_written_off_yen"],
        late_charge_yen=_late_charge_owed(due, payments, on, params),
        provisional_yen=due["provisional_paid_yen"],
    )


def _late_charge_owed(due: dict[str, Any], payments: list[Change], on: date, params: Parameters) -> int:
    if due["principal_balance_yen"] == 0:  # fixed: it grows no more
        return int(due["late_charge_balance_yen"])
    paid = int(due["late_charge_paid_yen"])
    item = params.tax_item(due["tax_item_code"])

    def accrued(until: date) -> int:
        return late_charge(
            due["assessed_yen"],
            due["due_date"],
            until,
            payments=[Payment(day, yen) for day, yen in payments if yen > 0],
            taken_back=[Payment(day, -yen) for day, yen in payments if yen < 0],
            rate_family=item.rate_family,
            low_rate_months=item.low_rate_months,
            params=params,
        ).late_charge_yen

    whole = due["assessed_yen"] - sum(yen for _, yen in payments) == due["principal_balance_yen"]
    if not whole or max(accrued(due["as_of_date"]), paid) != due["late_charge_yen"]:
        raise OsameError(
            f"{due['due_key']}: its late charge of {due['late_charge_yen']:,} yen on {due['as_of_date']} is not that "
            "of its tax and payments alone (a 減免 or 猶予 bears on it), so that of a later day cannot be reckoned",
            "take the amount from the delinquency officer; such a due has no slip with a late charge",
        )
    return max(accrued(on) - paid, 0)
