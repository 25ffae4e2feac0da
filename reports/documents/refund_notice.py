"""過誤納金還付・充当通知書: from approved decisions to the letters, and to the register of what payers were told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from ingestion.vault import People, read_people
from reports.documents.letter import letter
from reports.documents.publish import Issued, publish
from reports.documents.render import render_files
from warehouse.act import Act, Permission
from warehouse.config import Home
from warehouse.connection import open_warehouse
from warehouse.errors import OsameError
from warehouse.law.calendar import add_months
from warehouse.law.parameters import load_parameters
from warehouse.office.decisions import REGISTERS
from warehouse.office.limits import OFFSET, REFUND, due_key_of
from warehouse.office.records import acting_on
from warehouse.office.refunds import INTEREST, not_told, notice_of, told_before
from warehouse.settings import Settings
from warehouse.wareki import format_fiscal_year, format_wareki

DOCUMENT = "refund_notice"
TELL = Permission(DOCUMENT, "過誤納金還付・充当の通知", asks_reason=True)
Row = dict[str, Any]
_COMPONENTS = {"1": "本税", "2": "督促手数料", "3": "延滞金", "4": "還付加算金"}
_CAUSES = {
    "1": "更正・賦課決定の取消し等（1号）",
    "2": "更正の請求（2号）",
    "3": "所得税の更正等（3号）",
    "4": "誤納・二重納付（4号）",
}


@dataclass(frozen=True)
class IssuedNotices:
    """Letters that are on paper and in the register; yen of all of them, ``withheld`` under 支援措置.

    ``missing``: decisions, with their payer, who is not in the vault: not printed, and nobody was told of them.
    """

    decisions: tuple[str, ...]
    offset_yen: int
    refund_yen: int
    issued: Issued
    withheld: tuple[str, ...]
    missing: tuple[tuple[str, str], ...]


def issue_notices(
    home: Home, settings: Settings, decision_nos: list[str], act: Act, *, show_protected: bool = False
) -> IssuedNotices:
    """Print one letter for each approved decision that its payer has not been told of, and land the notices.

    In this order: read, render, land, publish: a crash in between may leave a notice in the register that nobody holds,
    never a letter that the register lacks. ``print_again`` makes what is missing then.

    Args:
        home: the office's data.
        settings: the office's.
        decision_nos: which decisions; none means all that wait.
        act: who asks, and why; the reading of names is logged.
        show_protected: print addresses under 支援措置.

    Decisions whose payer the vault does not have are left out and told: they wait for the next time.

    Raises:
        OsameError: nothing waits, a decision is not approved or has been told of, less is overpaid than it says, or no
            payer at all is in the vault.
    """
    with acting_on(home, REGISTERS, act) as book:
        lines = not_told(home, decision_nos or None)
        if not lines:
            raise OsameError(
                "no approved decision waits for its notice",
                "osame decisions lists them; --again prints the letters of a day once more",
            )
        letters = _letters(home, lines, act, show_protected=show_protected, are_new=True)
        pdfs = render_files(DOCUMENT, letters.rows(act.at.date()), settings, home, act.at)
        book.record("overpayment_notices", [notice_of(line, act.at.date()) for line in letters.lines])
        return _publish(home, letters, pdfs, act)


def print_again(
    home: Home,
    settings: Settings,
    decision_nos: list[str],
    on: date,
    act: Act,
    *,
    show_protected: bool = False,
) -> IssuedNotices:
    """Print letters of which payers were told before (lost, or never made after a crash); nothing is recorded.

    They bear the day of the notice, and say that they are made again (再交付).

    Args:
        home: the office's data.
        settings: the office's.
        decision_nos: which decisions; none means all of the day.
        on: 通知日, where no decision is named.
        act: who asks, and why; the reading of names is logged.
        show_protected: print addresses under 支援措置.

    Raises:
        OsameError: a decision was not told of by us, or none was on the day.
    """
    lines, days = told_before(home, decision_nos, on)
    letters = _letters(home, lines, act, show_protected=show_protected, are_new=False)
    pdfs = render_files(DOCUMENT, letters.rows(days), settings, home, act.at)
    return _publish(home, letters, pdfs, act, again=True)


@dataclass(frozen=True)
class _Letters:
    """What the letters are made from: lines by decision, the dues that they name, and their readers."""

    by_decision: dict[str, list[Row]]
    dues: dict[str, Row]
    to: dict[str, Row]
    as_of: date
    known_at: datetime | None
    people: People
    missing: tuple[tuple[str, str], ...]

    @property
    def lines(self) -> list[Row]:
        return [line for of_decision in self.by_decision.values() for line in of_decision]

    def rows(self, day: date | dict[str, date]) -> list[Row]:
        """``day``: of all of them; or the days on which their payers were told before, by decision."""
        return [
            letter_row(of_decision, self.dues, self.to[number], day)
            if isinstance(day, date)
            else letter_row(of_decision, self.dues, self.to[number], day[number]) | {"number": f"{number}（再交付）"}
            for number, of_decision in self.by_decision.items()
        ]


def _letters(home: Home, lines: list[Row], act: Act, *, show_protected: bool, are_new: bool) -> _Letters:
    """``are_new``: they promise money, which must be there."""
    dues, as_of, known_at = _dues(home, lines)
    by_decision = _by_decision(lines, dues)
    if are_new:
        _require_overpaid(lines, dues)
    payers = {number: of_decision[0]["addressee_no"] for number, of_decision in by_decision.items()}
    people = read_people(home, set(payers.values()), act, show_protected=show_protected, may_lack=True)
    missing = tuple((number, payer) for number, payer in payers.items() if payer in people.missing)
    for number, _ in missing:
        del by_decision[number]
    to = {number: letter(people[payers[number]]) for number in by_decision}
    return _Letters(by_decision, dues, to, as_of, known_at, people, missing)


def _publish(home: Home, letters: _Letters, pdfs: Mapping[str, bytes], act: Act, **details: bool) -> IssuedNotices:
    issued = publish(
        home,
        act,
        pdfs,
        count=len(letters.by_decision),
        as_of=letters.as_of,
        known_at=letters.known_at,
        vault_reads=[letters.people.vault_read],
        details={
            "decisions": list(letters.by_decision),
            "missing": [{"decision_no": number, "addressee_no": payer} for number, payer in letters.missing],
            **details,
        },
    )
    yen = {
        kind: sum(line["amount_yen"] for line in letters.lines if line["decision_type_code"] == kind)
        for kind in (OFFSET, REFUND)
    }
    return IssuedNotices(
        tuple(letters.by_decision),
        yen[OFFSET],
        yen[REFUND],
        issued,
        tuple(letters.people.withheld),
        letters.missing,
    )


def _by_decision(lines: list[Row], dues: dict[str, Row]) -> dict[str, list[Row]]:
    """Lines by their decision. What one leaves blank, payer and cause, the warehouse knows by its due."""
    found: dict[str, list[Row]] = defaultdict(list)
    for line in lines:
        due = dues[due_key_of(line)]
        found[line["decision_no"]].append(
            line | {name: line[name] or due[name] for name in ("addressee_no", "cause_code")}
        )
    problems = []
    for number, of_decision in found.items():
        payers = sorted({line["addressee_no"] for line in of_decision})
        if len(payers) > 1:
            problems.append(f"decision {number} is about several payers ({', '.join(payers)})")
        problems += [
            f"decision {number}, line {line['line_no']}: nothing is overpaid on {due_key_of(line)}"
            for line in of_decision
            if line["cause_code"] is None
        ]
    _refuse(problems)
    return dict(found)


def _require_overpaid(lines: list[Row], dues: dict[str, Row]) -> None:
    """Nothing is promised that is not there, or that another notice has promised."""
    refunded: dict[str, int] = defaultdict(int)
    for line in lines:
        if line["decision_type_code"] == REFUND and line["from_component_code"] != INTEREST:
            refunded[due_key_of(line)] += line["amount_yen"]
    free = {key: dues[key]["free_yen"] for key in refunded}
    _refuse(
        [
            f"{amount:,} yen of {key} are to be refunded, and {free[key]:,} are overpaid and not promised yet"
            for key, amount in refunded.items()
            if amount > free[key]
        ]
    )


def _refuse(problems: list[str]) -> None:
    if problems:
        raise OsameError(
            "no notice was issued: " + "; ".join(problems), "withdraw these decisions, and draft them anew"
        )


def _dues(home: Home, lines: list[Row]) -> tuple[dict[str, Row], date, Any]:
    """What the letters say of the dues that the lines name."""
    keys = {due_key_of(line) for line in lines} | {
        due_key_of(line, "offset_") for line in lines if line["decision_type_code"] == OFFSET
    }
    connection = open_warehouse(home)
    try:
        rows = connection.execute(
            """
            select
                du.due_key, du.addressee_no, du.levy_year, du.notice_no, du.instalment_no, ti.tax_item_name,
                max(op.arisen_date) as arisen_date, max_by(op.cause_code, op.arisen_date) as cause_code,
                cast(coalesce(sum(op.balance_yen - op.notified_yen), 0) as bigint) as free_yen
            from fct_dues as du
            inner join dim_tax_items as ti on ti.tax_item_code = du.tax_item_code
            left join fct_overpayments as op on op.due_key = du.due_key
            where list_contains($keys, du.due_key)
            group by all
            """,
            {"keys": sorted(keys)},
        )
        names = [column[0] for column in rows.description]
        found = {row[0]: dict(zip(names, row, strict=True)) for row in rows.fetchall()}
        as_of, known_at = connection.execute("select as_of_date, known_at from run_info").fetchall()[0]
    finally:
        connection.close()
    missing = sorted(keys - set(found))
    if missing:
        raise OsameError(f"{', '.join(missing)} are no dues of the warehouse", "run: osame build")
    return found, as_of, known_at


def letter_row(lines: list[Row], dues: dict[str, Row], to: dict[str, Any], day: date) -> Row:
    """What refund_notice.typ prints of one decision."""
    offsets = [line for line in lines if line["decision_type_code"] == OFFSET]
    refunds = [line for line in lines if line["decision_type_code"] == REFUND]
    overpaid = [line for line in lines if line["from_component_code"] != INTEREST]
    added = sum(line["amount_yen"] for line in lines if line["from_component_code"] == INTEREST)
    refund_yen = sum(line["amount_yen"] for line in refunds)
    years = load_parameters()["refund_interest.claim_period"].at(day).integer("claim_years")
    arisen = [dues[due_key_of(line)]["arisen_date"] or day for line in refunds]
    return {
        "to": to,
        "number": lines[0]["decision_no"],
        "addressee_no": lines[0]["addressee_no"],
        "day": format_wareki(day),
        "title": "過誤納金" + "・".join([*(["充当"] if offsets else []), *(["還付"] if refunds else [])]) + "通知書",
        "overpaid": _overpaid(overpaid, dues),
        "overpaid_yen": sum(line["amount_yen"] for line in overpaid),
        "offsets": [
            [
                due_text(dues[due_key_of(line, "offset_")]),
                _COMPONENTS[line["to_component_code"]],
                format_wareki(line["value_date"]),
                line["amount_yen"],
            ]
            for line in offsets
        ],
        "offset_yen": sum(line["amount_yen"] for line in offsets),
        "refund_yen": refund_yen,
        "interest": _interest_text(added, refunds),
        "expires": format_wareki(add_months(min(arisen), 12 * years)) if arisen else None,
    }


def _overpaid(lines: list[Row], dues: dict[str, Row]) -> list[list[Any]]:
    """One line for each due, cause and component, however many ways its money goes."""
    sums: dict[tuple[str, str, str], int] = defaultdict(int)
    for line in lines:
        sums[due_key_of(line), line["cause_code"] or "", line["from_component_code"]] += line["amount_yen"]
    return [
        [due_text(dues[key]), dues[key]["notice_no"], _CAUSES.get(cause, ""), _COMPONENTS[component], amount]
        for (key, cause, component), amount in sums.items()
    ]


def due_text(due: Row) -> str:
    """A due as a letter names it: 年度, 税目, 期別."""
    instalment = due["instalment_no"]
    number = f"第{int(instalment)}期" if instalment.isdecimal() else instalment
    return f"{format_fiscal_year(int(due['levy_year']))} {due['tax_item_name']} {number}"


def _interest_text(added_yen: int, refunds: list[Row]) -> str:
    parts = []
    if added_yen:
        parts.append(f"充当に係る還付加算金 {added_yen:,}円を含みます。")
    if any(line["interest_from_date"] for line in refunds):
        parts.append("還付額に係る還付加算金は、支出を決定する日までの日数により計算し、振込みの際に加算します。")
    return "".join(parts) or "ありません。"
