"""還付・充当: drafts from what the marts propose, notices of what was approved, claims, and the payments that are due.

draft (起案) -> another person approves (決裁) -> offsets take effect; refunds are told to the payer (通知) -> he claims
(請求) -> the payment is decided with its interest and transferred. Every step is a record that the next build applies.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from ingestion.due_key import DUE_KEY
from ingestion.offer import Offer
from ingestion.vault import Account, read_accounts
from osame.act import Act, Permission
from osame.errors import OsameError
from osame.home import Home
from osame.stores import open_warehouse, rows_of
from warehouse.collection.decisions import REGISTERS, current_lines, is_paid, new_decision_no
from warehouse.law.office import announced_of, rates_end
from warehouse.law.parameters import Parameters
from warehouse.law.refund_interest import refund_interest
from warehouse.office.limits import OFFSET, REFUND, due_key_of
from warehouse.office.records import Book, acting_on
from warehouse.office.registers import current_rows, recordable, split_due_key

DRAFT = Permission("draft-refunds", "還付・充当の起案")
CLAIM = Permission("claim", "還付請求の受付")
RETURN = Permission("refund-returned", "振込不能の記録", asks_reason=True)
PRINCIPAL, LATE_CHARGE, INTEREST = "1", "3", "4"
_REFUND_ACCOUNTS = ("2", "3")  # 用途: 還付, then 公金受取口座; never the account that is debited
Row = dict[str, Any]


@dataclass(frozen=True)
class Drafted:
    """A draft for one payer: what is set off and what is refunded, whole yen."""

    decision_no: str
    addressee_no: str
    offset_yen: int
    refund_yen: int
    lines: int


def draft(home: Home, act: Act, addressee_no: str | None = None) -> list[Drafted]:
    """Draft offsets and refunds of every open overpayment, or of one payer's: a decision for each payer.

    Offsets come first, as fct_offset_candidates has them (地方税法17条の2); what is left is refunded. Interest on what
    is set off pays the payer's other open taxes, else it is refunded with the rest. Payers of whom a decision is under
    way, which the warehouse does not have yet, are left for the next time, and so are those who wait for rates
    (``waiting_for_rates``).

    Args:
        home: the office's data.
        act: ``DRAFT``.
        addressee_no: only this payer.

    Raises:
        OsameError: the warehouse is not built, or there is nothing to draft.
    """
    with acting_on(home, REGISTERS, act) as book:
        overpayments, candidates, owed, built = _proposals(home, addressee_no)
        under_way = _under_way(home, *built) | _without_rates(home, candidates)
        stem = _free_number(home, act.at)
        drafted, rows = [], []
        for number, (payer, of_payer) in enumerate(sorted(overpayments.items())):
            if not under_way.isdisjoint({payer, *(op["due_key"] for op in of_payer)}):
                continue
            decision_no = f"{stem}{number:03d}"
            lines = _lines_of(of_payer, candidates.get(payer, []), owed.get(payer, {}))
            common = {
                "decision_no": decision_no,
                "addressee_no": payer,
                "drafted_by": act.by,
                "drafted_date": act.at.date(),
            }
            rows += [line | common | {"line_no": str(place)} for place, line in enumerate(lines, start=1)]
            sums = {
                kind: sum(x["amount_yen"] for x in lines if x["decision_type_code"] == kind)
                for kind in (OFFSET, REFUND)
            }
            drafted.append(Drafted(decision_no, payer, sums[OFFSET], sums[REFUND], len(lines)))
        if not rows:
            raise OsameError(
                "no open overpayment" + (f" of {addressee_no}" if addressee_no else "") + " waits for a draft",
                "osame decisions lists what is drafted or approved; what landed since counts after: osame build; "
                "what is set off with interest or late charges waits until their rates are announced",
            )
        book.record("decisions", rows)
        return drafted


def waiting_for_rates(home: Home) -> list[str]:
    """Payers whose offset bears interest or pays late charges beyond the last rate announced: a draft is for good."""
    return sorted(_without_rates(home, _proposals(home, None)[1]))


def _without_rates(home: Home, candidates: dict[str, list[Row]]) -> set[str]:
    last = rates_end(announced_of(home))
    return {
        payer
        for payer, of_payer in candidates.items()
        for candidate in of_payer
        if candidate["suitable_date"] > last
        and (candidate["refund_interest_yen"] or candidate["component_code"] == LATE_CHARGE)
    }


def _free_number(home: Home, at: datetime) -> str:
    """The first 17 digits of 起案番号 that no decision has: drafts of one millisecond must not replace each other."""
    taken = {line["decision_no"][:17] for line in [*current_lines(home), *current_lines(home, withdrawn=True)]}
    while (number := new_decision_no(at)) in taken:
        at += timedelta(milliseconds=1)
    return number


def _proposals(
    home: Home, addressee_no: str | None
) -> tuple[dict[str, list[Row]], dict[str, list[Row]], dict[str, dict[tuple[str, str], int]], tuple[date, set[int]]]:
    """By payer: open overpayments, candidates, and what his dues still owe beyond the candidates (tax only).

    Last, what the warehouse was built as of, and the loads that it knew.
    """
    connection = open_warehouse(home)
    try:
        overpayments = _by_payer(
            connection,
            """
            select
                addressee_no, overpayment_id, due_key, cause_code, fiscal_year, interest_from_date,
                balance_yen - notified_yen as free_yen
            from fct_overpayments
            where state = 'open' and ($payer is null or addressee_no = $payer)
            order by received_date, overpayment_id
            """,
            addressee_no,
        )
        candidates = _by_payer(
            connection,
            "select * from fct_offset_candidates where $payer is null or addressee_no = $payer order by offset_order",
            addressee_no,
        )
        owed: dict[str, dict[tuple[str, str], int]] = defaultdict(dict)
        for payer, due_key, owed_yen in connection.execute(
            """
            select oc.addressee_no, oc.due_key, max(du.principal_balance_yen) - sum(oc.amount_yen)
            from fct_offset_candidates as oc
            inner join fct_dues as du on du.due_key = oc.due_key
            where oc.component_code = '1'
            group by oc.addressee_no, oc.due_key
            having max(du.principal_balance_yen) > sum(oc.amount_yen)
            """
        ).fetchall():
            owed[payer][(due_key, PRINCIPAL)] = int(owed_yen)
        as_of = connection.execute("select as_of_date from run_info").fetchall()[0][0]
        loads = {load_id for (load_id,) in connection.execute("select load_id from fct_loads").fetchall()}
    finally:
        connection.close()
    return overpayments, candidates, owed, (as_of, loads)


def _under_way(home: Home, as_of: date, loads: set[int]) -> set[str]:
    """Payers and dues of refunds and offsets that a warehouse does not have yet: drafted again they are paid twice."""
    notices = current_rows(home, "overpayment_notices")
    told = {row["decision_no"] for row in notices}
    found = [
        line
        for line in current_rows(home, "decisions")
        if line["decision_type_code"] in (REFUND, OFFSET)
        and (
            line["approved_by"] is None
            or (line["decision_type_code"] == REFUND and line["decision_no"] not in told)
            or line["approved_date"] > as_of
            or line["load_id"] not in loads
        )
    ]
    found += [row for row in notices if row["notified_date"] > as_of or row["load_id"] not in loads]
    return {due_key_of(row) for row in found} | {row["addressee_no"] for row in found if row["addressee_no"]}


def _by_payer(connection: Any, sql: str, addressee_no: str | None) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows_of(connection, sql, payer=addressee_no):
        found[row["addressee_no"]].append(row)
    return found


def _lines_of(overpayments: list[Row], candidates: list[Row], owed: dict[tuple[str, str], int]) -> list[Row]:
    """The lines of one payer's decision."""
    lines: list[Row] = []
    left = {op["overpayment_id"]: op["free_yen"] for op in overpayments}
    source = {op["overpayment_id"]: op for op in overpayments}
    for candidate in candidates:
        op = source[candidate["overpayment_id"]]
        left[op["overpayment_id"]] -= candidate["amount_yen"]
        to = split_due_key(candidate["due_key"], "offset_") | {"to_component_code": candidate["component_code"]}
        line = _line(OFFSET, op, PRINCIPAL, candidate["amount_yen"]) | to | {"value_date": candidate["suitable_date"]}
        lines.append(line)
        interest = candidate["refund_interest_yen"]
        for (due_key, component), open_yen in owed.items():
            part = min(interest, open_yen)
            if part:
                to = split_due_key(due_key, "offset_") | {"to_component_code": component}
                lines.append(_line(OFFSET, op, INTEREST, part) | to | {"value_date": candidate["suitable_date"]})
                owed[due_key, component] -= part
                interest -= part
        if interest:
            lines.append(_line(REFUND, op, INTEREST, interest))
    lines += [_line(REFUND, source[key], PRINCIPAL, amount) for key, amount in left.items() if amount]
    return lines


def _line(kind: str, overpayment: Row, component: str, amount: int) -> Row:
    bears = {"interest_from_date": overpayment["interest_from_date"]} if component == PRINCIPAL else {}
    return {
        "decision_type_code": kind,
        **split_due_key(overpayment["due_key"]),
        "from_component_code": component,
        "amount_yen": amount,
        "fiscal_year": overpayment["fiscal_year"],
        "cause_code": overpayment["cause_code"],
        **bears,
    }


def not_told(home: Home, decision_nos: list[str] | None = None) -> list[Row]:
    """Approved lines of refunds and offsets that their payers have not been told of.

    A decision is told of whole. It counts by its 起案番号, for notices of another system have numbers of their own:
    to tell of it again would be to pay it twice.

    Raises:
        OsameError: a decision that is named has none.
    """
    told = {row["decision_no"] for row in current_rows(home, "overpayment_notices")}
    lines = [
        line
        for line in current_lines(home)
        if line["approved_by"] and line["decision_type_code"] in (REFUND, OFFSET) and line["decision_no"] not in told
    ]
    if decision_nos is None:
        return lines
    missing = sorted(set(decision_nos) - {line["decision_no"] for line in lines})
    if missing:
        raise OsameError(
            f"decisions {', '.join(missing)} are not approved, have been told of, or do not exist",
            "osame decisions lists them",
        )
    return [line for line in lines if line["decision_no"] in decision_nos]


def told_before(home: Home, decision_nos: list[str], on: date) -> tuple[list[Row], dict[str, date]]:
    """Lines whose payers we told of them, and by decision the day: those of some decisions, or else of a day.

    Raises:
        OsameError: a decision that is named has not been told of by us, or nothing was told of on the day.
    """
    days = {row["overpayment_notice_no"]: row["notified_date"] for row in current_rows(home, "overpayment_notices")}
    lines = [line for line in current_lines(home) if _notice_no(line) in days]
    missing = sorted(set(decision_nos) - {line["decision_no"] for line in lines})
    if missing:
        raise OsameError(f"nobody was told of decisions {', '.join(missing)}", "leave out --again")
    if decision_nos:
        lines = [line for line in lines if line["decision_no"] in decision_nos]
    else:
        lines = [line for line in lines if days[_notice_no(line)] == on]
    if not lines:
        raise OsameError(f"nobody was told of a decision on {on}", "name the decisions: osame decisions lists them")
    return lines, {line["decision_no"]: days[_notice_no(line)] for line in lines}


def notice_of(line: Row, on: date) -> Row:
    """過誤納通知 of a line, numbered by its decision and line; the day is 通知日."""
    is_refund = line["decision_type_code"] == REFUND
    return {
        **{name: line[name] for name in _CARRIED},
        "overpayment_notice_no": _notice_no(line),
        "notice_type_code": line["decision_type_code"],
        "component_code": line["from_component_code"],
        "interest_from_date": line["interest_from_date"] if is_refund else None,
        "notified_date": on,
    }


def _notice_no(line: Row) -> str:
    return f"{line['decision_no']}-{line['line_no']}"


_CARRIED = (*DUE_KEY, "decision_no", "addressee_no", "amount_yen", "cause_code", "fiscal_year")


def refund_notices(home: Home) -> list[Row]:
    """Every refund that a payer was told of, as it stands now."""
    rows = current_rows(home, "overpayment_notices", where="cr.notice_type_code = $kind", parameters={"kind": REFUND})
    return [recordable(row) for row in rows]


def claim(home: Home, notice_no: str, on: date, act: Act) -> Offer:
    """請求: the payer claims the refund he was told of.

    Raises:
        OsameError: no such notice, it is claimed already, or the claim lies before the notice.
    """
    with acting_on(home, REGISTERS, act) as book:
        rows = [row for row in refund_notices(home) if row["overpayment_notice_no"] == notice_no]
        if not rows:
            raise OsameError(f"there is no notice {notice_no!r}", "osame refunds lists those that wait")
        if rows[0]["claimed_date"] is not None:
            raise OsameError(f"notice {notice_no} was claimed on {rows[0]['claimed_date']}", "nothing is to be done")
        return book.record("overpayment_notices", [rows[0] | {"claimed_date": on}])


@dataclass(frozen=True)
class Payout:
    """One transfer: the notices that it pays, their amounts and interest (whole yen), and to which account."""

    addressee_no: str
    notices: tuple[Row, ...]
    amount_yen: int
    account: Account | None

    @property
    def notice_nos(self) -> list[str]:
        return [row["overpayment_notice_no"] for row in self.notices]

    @property
    def interest_yen(self) -> int:
        return sum(row["refund_interest_yen"] for row in self.notices)

    def of(self, notice_nos: set[str]) -> Payout:
        """The same payment for some of its notices."""
        notices = tuple(row for row in self.notices if row["overpayment_notice_no"] in notice_nos)
        return replace(self, notices=notices, amount_yen=_paid_yen(notices))


def payments_due(home: Home, decided: date, paid: date, act: Act) -> list[Payout]:
    """What is claimed and not paid yet, with its interest to the day of decision: one payment for each payer.

    Args:
        home: the office's data.
        decided: 支出決定日; interest runs to it (地方税法17条の4).
        paid: 支払日, on which the account must be valid.
        act: who reads the accounts, and why.
    """
    waiting = [row for row in refund_notices(home) if row["claimed_date"] and is_unpaid(row)]
    params = announced_of(home)
    return _payments(home, [_decided(row, decided, paid, params) for row in waiting], paid, act)


def _decided(row: Row, decided: date, paid: date, params: Parameters) -> Row:
    if is_returned(row):  # decided before: the interest stands as it was decided, for the account is the payer's matter
        return row | {"paid_date": paid, **dict.fromkeys(_RETURNED)}
    interest = 0
    if row["interest_from_date"] is not None:
        interest = refund_interest(
            row["amount_yen"],
            row["interest_from_date"],
            decided,
            notice_date=row["notified_date"],
            claimed_date=row["claimed_date"],
            params=params,
        ).refund_interest_yen
    return row | {"decided_date": decided, "refund_interest_yen": interest, "paid_date": paid}


def paid_on(home: Home, paid: date, act: Act) -> list[Payout]:
    """The payments that were recorded for a day and did not come back, to make their file again."""
    rows = [row for row in refund_notices(home) if row["paid_date"] == paid and not is_returned(row)]
    return _payments(home, rows, paid, act)


def _payments(home: Home, rows: list[Row], paid: date, act: Act) -> list[Payout]:
    """One transfer for each payer."""
    by_payer: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_payer[row["addressee_no"]].append(row)
    accounts = read_accounts(home, by_payer, act, paid).by_no if by_payer else {}
    return [
        Payout(
            payer,
            tuple(rows),
            _paid_yen(rows),
            refund_account(accounts.get(payer, [])),
        )
        for payer, rows in sorted(by_payer.items())
    ]


def _paid_yen(notices: Iterable[Row]) -> int:
    return sum(row["amount_yen"] + row["refund_interest_yen"] for row in notices)


def refund_account(accounts: list[Account]) -> Account | None:
    """The account to refund to: one registered for refunds, else 公金受取口座."""
    for use in _REFUND_ACCOUNTS:
        for account in sorted(accounts, key=lambda a: (a.tax_item_code, a.account_seq_no)):
            if account.use_code == use:
                return account
    return None


def record_payments(book: Book, payments: list[Payout]) -> Offer:
    """Record what is paid: the next build books it."""
    return book.record("overpayment_notices", [row for payment in payments for row in payment.notices])


# --- transfers that came back (振込不能) -----------------------------------------------------------------------------

_RETURNED = ("returned_date", "returned_reason")


def is_returned(notice: Row) -> bool:
    """The last transfer of the notice came back, and it has not been paid since."""
    return notice["returned_date"] is not None


def is_unpaid(notice: Row) -> bool:
    """Nothing of the notice has reached its payer: it was never transferred, or its transfer came back."""
    return not is_paid(notice)


def record_returned(home: Home, notice_nos: list[str], on: date, act: Act) -> Offer:
    """振込不能: transfers came back. Their notices are claimed and unpaid again; the next file pays them.

    Interest stays as it was decided: it ended with the decision to pay (地方税法17条の4).

    Args:
        home: the office's data.
        notice_nos: 過誤納通知番号 of what came back, all or none.
        on: the day on which the money came back.
        act: ``RETURN``; its reason is what the bank says, kept with the record and never shown in lists (it may name an
            account).

    Raises:
        OsameError: a notice does not exist, was not paid, came back before, or was paid later than that day; every one
            is named, nothing is recorded.
    """
    if on > act.at.date():
        raise OsameError(f"--on {on} is still to come; today is {act.at.date()}", "give the day of the bank's notice")
    with acting_on(home, REGISTERS, act) as book:
        notices = {row["overpayment_notice_no"]: row for row in refund_notices(home)}
        wanted = list(dict.fromkeys(notice_nos))
        problems = [problem for number in wanted if (problem := _not_returnable(number, notices.get(number), on))]
        if problems:
            raise OsameError(
                "no returned transfer was recorded: " + "; ".join(problems), "osame refunds --paid lists what was paid"
            )
        came_back = {"returned_date": on, "returned_reason": f"{act.reason}（{act.by}）"}
        return book.record("overpayment_notices", [notices[number] | came_back for number in wanted])


def _not_returnable(number: str, notice: Row | None, on: date) -> str | None:
    if notice is None:
        return f"there is no notice {number!r} of a refund"
    if notice["paid_date"] is None:
        return f"notice {number} has not been paid"
    if is_returned(notice):
        return f"the transfer of notice {number} came back on {notice['returned_date']} already"
    if on < notice["paid_date"]:
        return f"notice {number} was paid on {notice['paid_date']}, after {on}"
    return None
