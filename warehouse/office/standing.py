"""What a due stands at on a day: the one rule, for 収納状況照会, slips, certificates and whatever asks next.

On the day of the books it is what ``fct_dues`` says, for every due. On any other day the same balance steps are taken
(receipts, offsets, reallocations and write-offs, each from the day from which it counts), the tax is that of the books,
and the late charge is the law's (``warehouse/law/late_charge.py``) until the tax is settled; from then on it is fixed.

What "on a day" means: the tax as it stands by the records of the build (a reduction counts back to the start, LAW
§1.2), what was received by that day, and the late charge accrued to it. A day after the build's date lets the late
charge run on; to see the books as they stood on an earlier day, build as of that day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb

from osame.errors import OsameError
from osame.stores import rows_of
from warehouse.law.late_charge import LateCharge, PartPayment, late_charge
from warehouse.law.parameters import Parameters, load_parameters
from warehouse.movements import movements_of

Row = Mapping[str, Any]
_COMPONENTS = ("principal", "reminder_fee", "late_charge")
# Sign of what a movement pays of a due, and of what it leaves overpaid there.
_PAYS = {("received", None): 1, ("offset_in", None): 1, ("reallocated", "in"): 1, ("reallocated", "out"): -1}
_OVERPAYS = {"overpaid": 1, "refunded": -1, "offset_out": -1}
# What changes the unpaid tax, as int_charges takes it: a write-off ends the late charge on its part as a payment does.
_STEPS = {**_PAYS, ("written_off", None): 1}

_DUES = """
    select
        du.due_key, du.addressee_no, du.tax_item_code, coalesce(ti.tax_item_name, du.tax_item_code) as tax_item_name,
        du.levy_year, du.tax_year, du.notice_no, du.instalment_no, du.fiscal_year, du.is_carried_over,
        du.first_assessed_date, du.statutory_due_date, du.due_date, du.assessed_yen, du.principal_paid_yen,
        du.principal_balance_yen, du.reminder_fee_yen, du.late_charge_yen, du.last_received_date, du.state,
        du.as_of_date
    from fct_dues as du
    left join dim_tax_items as ti on ti.tax_item_code = du.tax_item_code
    where {condition}
    order by du.due_date, du.due_key
"""


@dataclass(frozen=True, slots=True)
class DueLine:
    """One due on a day. Whole yen, final records only; provisional money stands apart and is not taken off."""

    due_key: str
    addressee_no: str
    tax_item_code: str
    tax_item_name: str
    levy_year: str
    tax_year: str
    notice_no: str
    instalment_no: str
    fiscal_year: int
    is_carried_over: bool
    first_assessed_date: date
    statutory_due_date: date
    due_date: date
    assessed_yen: int
    principal_paid_yen: int
    written_off_yen: int
    reminder_fee_yen: int
    reminder_fee_paid_yen: int
    reminder_fee_written_off_yen: int
    late_charge_yen: int
    late_charge_paid_yen: int
    late_charge_written_off_yen: int
    provisional_paid_yen: int
    overpaid_yen: int
    last_received_date: date | None
    state: str

    @property
    def principal_balance_yen(self) -> int:
        return self.assessed_yen - self.principal_paid_yen - self.written_off_yen

    @property
    def reminder_fee_balance_yen(self) -> int:
        return self.reminder_fee_yen - self.reminder_fee_paid_yen - self.reminder_fee_written_off_yen

    @property
    def late_charge_balance_yen(self) -> int:
        return self.late_charge_yen - self.late_charge_paid_yen - self.late_charge_written_off_yen

    @property
    def balance_yen(self) -> int:
        """What would settle the due on the day: tax, reminder fee and late charge."""
        return self.principal_balance_yen + self.reminder_fee_balance_yen + self.late_charge_balance_yen


# --- the rule ----------------------------------------------------------------------------------------------------


def standing(due: Row, moves: Sequence[Row], on: date, params: Parameters) -> DueLine:
    """One due on a day.

    Args:
        due: its row of ``dues_where``.
        moves: every movement of it (``fct_movements``).
        on: the day.
        params: legal values.

    Raises:
        ParameterNotFoundError: no late-charge rate is known on a day that counts.
    """
    # What has been booked counts as received by the build's date, whatever day a record names.
    until = on if on < due["as_of_date"] else date.max
    counted = [move for move in moves if move["value_date"] <= until]
    paid = {part: _sum(counted, _PAYS, part) for part in _COMPONENTS}
    gone = {part: _sum(counted, {("written_off", None): 1}, part) for part in _COMPONENTS}
    line = {name: due[name] for name in DueLine.__slots__ if name in due}
    line |= {
        "principal_paid_yen": paid["principal"],
        "written_off_yen": gone["principal"],
        "reminder_fee_paid_yen": paid["reminder_fee"],
        "reminder_fee_written_off_yen": gone["reminder_fee"],
        "late_charge_yen": (
            due["late_charge_yen"]
            if _is_settled_for_good(due, moves, paid["principal"] + gone["principal"], until)
            # What was recorded as paid or written off was owed, also where our own reckoning comes to less.
            else max(accrued(due, counted, on, params).late_charge_yen, paid["late_charge"] + gone["late_charge"])
        ),
        "late_charge_paid_yen": paid["late_charge"],
        "late_charge_written_off_yen": gone["late_charge"],
        "provisional_paid_yen": sum(m["amount_yen"] for m in counted if _kind(m) in _PAYS and m["is_provisional"]),
        "overpaid_yen": sum(
            _OVERPAYS[move["movement_type"]] * move["amount_yen"]
            for move in counted
            if move["movement_type"] in _OVERPAYS and move["component"] in _COMPONENTS
        ),
    }
    return DueLine(**(line | {"state": _state(due, line, on)}))


def accrued(due: Row, moves: Iterable[Row], on: date, params: Parameters) -> LateCharge:
    """延滞金 to a day by its parts: the law's, on the unpaid tax as the movements up to the day leave it.

    What counts from a later day changes nothing up to ``on``: the last day is charged in full.

    Raises:
        ParameterNotFoundError: no rate is known on a day of the period.
    """
    item = params.tax_item(due["tax_item_code"])
    changes: dict[int, list[PartPayment]] = {1: [], -1: []}
    for move in moves:
        sign = _STEPS.get(_kind(move))
        if sign is not None and move["component"] == "principal" and not move["is_provisional"]:
            changes[sign].append(PartPayment(min(move["value_date"], on), move["amount_yen"]))
    return late_charge(
        due["assessed_yen"],
        due["due_date"],
        on,
        payments=changes[1],
        taken_back=changes[-1],
        rate_family=item.rate_family,
        low_rate_months=item.low_rate_months,
        params=params,
    )


def _kind(move: Row) -> tuple[str, str | None]:
    return move["movement_type"], move["direction"]


def _sum(moves: Iterable[Row], signs: Mapping[tuple[str, str | None], int], component: str) -> int:
    return sum(
        signs[_kind(move)] * move["amount_yen"]
        for move in moves
        if _kind(move) in signs and move["component"] == component and not move["is_provisional"]
    )


def _is_settled_for_good(due: Row, moves: Sequence[Row], settled_yen: int, until: date) -> bool:
    """Whether the tax is settled on the day as it is in the books: then fee and late charge are fixed as they say.

    So are those of a slip honoured as printed, and of a write-off of all that was left.
    """
    is_changed_later = any(move["value_date"] > until and _kind(move) in _STEPS for move in moves)
    return due["assessed_yen"] <= settled_yen and not is_changed_later


def _state(due: Row, line: Row, on: date) -> str:
    """As fct_dues says it, on the day."""
    if due["state"] == "cancelled":
        return "cancelled"
    if line["assessed_yen"] > line["principal_paid_yen"] + line["written_off_yen"]:
        return "delinquent" if due["due_date"] < on else "open"
    charges_gone = line["reminder_fee_written_off_yen"] + line["late_charge_written_off_yen"]
    if line["written_off_yen"] + charges_gone > 0:
        return "written_off"
    charged = line["reminder_fee_yen"] + line["late_charge_yen"]
    return "principal_paid" if charged > line["reminder_fee_paid_yen"] + line["late_charge_paid_yen"] else "paid"


# --- reading -----------------------------------------------------------------------------------------------------


def dues_where(connection: duckdb.DuckDBPyConnection, condition: str, *parameters: object) -> list[dict[str, Any]]:
    """Dues of the books that meet a condition on ``du`` (fct_dues), oldest 納期限 first."""
    return rows_of(connection, _DUES.format(condition=condition), *parameters)


def owing_keys(connection: duckdb.DuckDBPyConnection, addressee_no: str) -> list[str]:
    """Keys of an addressee's dues on which something is owed in the books, oldest 納期限 first."""
    rows = connection.execute(
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


def dues_to_pay(
    connection: duckdb.DuckDBPyConnection, due_keys: Sequence[str], on: date, params: Parameters | None = None
) -> list[DueLine]:
    """Dues, in the order of their keys given, with what is owed if they are paid on a day to come.

    What is printed for somebody to pay must stand on the books: on their own day the rule has to give what they say.

    Args:
        connection: as ``open_warehouse`` gives it.
        due_keys: of fct_dues.
        on: the day of payment; not before the warehouse's as-of date.
        params: legal values; default: those shipped.

    Raises:
        OsameError: a key is unknown, ``on`` lies before the as-of date, or the books say otherwise; every due is named.
        ParameterNotFoundError: no rate is known on a day up to ``on``.
    """
    known = params or load_parameters()
    keys = list(dict.fromkeys(due_keys))
    dues = {row["due_key"]: row for row in dues_where(connection, "du.due_key in (select unnest(?))", keys)}
    missing = [key for key in keys if key not in dues]
    if missing:
        raise OsameError(
            f"no due {', '.join(missing)} in the warehouse", "copy the due_key from fct_dues; or build, if it is new"
        )
    moves: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for move in movements_of(connection, keys):
        moves[move["due_key"]].append(move)
    _require_coming_day(dues.values(), on)
    _require_as_booked(dues.values(), moves, known)
    return [standing(dues[key], moves[key], on, known) for key in keys]


def _require_coming_day(dues: Iterable[Row], on: date) -> None:
    for due in dues:
        if on < due["as_of_date"]:
            raise OsameError(
                f"{on} lies before the day of the books, {due['as_of_date']}",
                "give a later day, or build as of an earlier",
            )


def _require_as_booked(dues: Iterable[Row], moves: Mapping[str, Sequence[Row]], params: Parameters) -> None:
    """The rule gives on the books' own day what they say; where it does not, no amount of a later day is guessed."""
    problems = []
    for due in dues:
        line = standing(due, moves[due["due_key"]], due["as_of_date"], params)
        found = {name: getattr(line, name) for name in ("principal_balance_yen", "late_charge_yen")}
        problems += [
            f"{due['due_key']}: {name} is {due[name]:,} in the books of {due['as_of_date']} and {value:,} by its "
            "movements and the law (a 減免 or 猶予 bears on it)"
            for name, value in found.items()
            if due[name] != value
        ]
    if problems:
        raise OsameError(
            "; ".join(problems),
            "take the amount from the delinquency officer; such a due has no slip with a late charge",
        )
