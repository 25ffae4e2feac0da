"""``osame inquire``: what one taxpayer, notice or due owes on a day, at the counter."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from warehouse.cli.output import err, out, parse_day, print_json, told, yen
from warehouse.clock import now, today
from warehouse.config import Home, open_home
from warehouse.errors import OsameError

if TYPE_CHECKING:
    from ingestion.vault import People, Person
    from warehouse.office.inquiry import Inquiry
    from warehouse.office.standing import DueLine

_CAUSES = {"1": "1号", "2": "2号", "3": "3号", "4": "4号"}


def inquire(
    key: Annotated[str, typer.Argument(metavar="ADDRESSEE_NO|NOTICE_NO|DUE_KEY", help="Whom or what to look up.")],
    as_of: Annotated[
        str | None, typer.Option(help="The day up to which the late charge runs (ISO or 和暦). Default: today.")
    ] = None,
    kind: Annotated[
        str | None, typer.Option(help="addressee, notice or due, where the key could be several of them.")
    ] = None,
    with_name: Annotated[
        bool, typer.Option("--with-name", help="Read name and address from the vault; logged, needs --by and --reason.")
    ] = False,
    show_protected: Annotated[
        bool, typer.Option("--show-protected", help="With --with-name: addresses under 支援措置 too; logged.")
    ] = False,
    by: Annotated[str, typer.Option("--by", help="Staff number of who asks; logged.")] = "",
    reason: Annotated[str, typer.Option("--reason", help="Why, in words; logged.")] = "",
    pdf: Annotated[bool, typer.Option("--pdf", help="Also print a 収納状況照会票; needs --by and --reason.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document; its keys are stable.")] = False,
) -> None:
    """Show every due of a person, notice or key: tax, payments, reminder fee and late charge as of any day.

    Receipts with channel and file line, overpayments and the history follow. Nothing about people but their number is
    shown, unless --with-name asks for it.

    Example: osame inquire 0001000123 --as-of R8.6.30
    """
    from warehouse.office.inquiry import KINDS
    from warehouse.office.inquiry import inquire as look_up

    with told():
        if kind is not None and kind not in KINDS:
            raise OsameError(f"--kind: {kind!r} is unknown", f"use one of {', '.join(KINDS)}")
        if show_protected and not with_name:
            raise OsameError("--show-protected does nothing without --with-name", "give both or neither")
        home = open_home()
        day = parse_day(as_of, "--as-of") if as_of else today()
        found = look_up(home, key, day, next((one for one in KINDS if one == kind), None))
        people = _read_name(home, found, by, reason, show_protected) if with_name else None
        person = people[found.addressee_no] if people else None
        paper = _print_paper(home, found, people, by, reason) if pdf else None
    if as_json:
        print_json(_as_dict(found, person, paper))
        return
    _show(found, person)
    if paper is not None:
        out.print(f"paper      {paper}", markup=False)


def _read_name(home: Home, found: Inquiry, by: str, reason: str, show_protected: bool) -> People:
    from ingestion.vault import read_people
    from warehouse.office.inquiry import SHOW
    from warehouse.office.permissions import begin

    act = begin(home, SHOW, by, now(), reason)
    return read_people(home, [found.addressee_no], act, show_protected=show_protected)


def _print_paper(home: Home, found: Inquiry, people: People | None, by: str, reason: str) -> str:
    from reports.documents.inquiry import issue_inquiry
    from warehouse.office.inquiry import SHOW
    from warehouse.office.permissions import begin

    return str(issue_inquiry(home, found, people, begin(home, SHOW, by, now(), reason)).files[0])


def _as_dict(found: Inquiry, person: Person | None, paper: str | None) -> dict[str, Any]:
    balances = ("principal_balance_yen", "reminder_fee_balance_yen", "late_charge_balance_yen", "balance_yen")
    plain = asdict(found)
    plain["dues"] = [asdict(due) | {name: getattr(due, name) for name in balances} for due in found.dues]
    plain["person"] = None if person is None else asdict(person)
    plain["paper"] = paper
    return plain


def _show(found: Inquiry, person: Person | None) -> None:
    for notice in found.notices:
        err.print(f"note: {notice.english}", markup=False)
    out.print(f"{found.kind:10} {found.key}  addressee {found.addressee_no}  as of {found.on}", markup=False)
    if person is not None:
        place = person.address.address if person.address else "(address withheld: 支援措置)"
        out.print(f"person     {person.name}  {person.name_kana or ''}  {place}", markup=False)
    for due in found.dues:
        _show_due(due)
    out.print(
        f"in all     {len(found.dues)} dues: tax left {yen(found.total('principal_balance_yen'))}, "
        f"reminder fees {yen(found.total('reminder_fee_balance_yen'))}, "
        f"late charges {yen(found.total('late_charge_balance_yen'))}, to pay {yen(found.total('balance_yen'))} yen",
        markup=False,
    )
    for receipt in found.receipts:
        parts = {
            "tax": receipt.principal_yen,
            "fee": receipt.reminder_fee_yen,
            "late charge": receipt.late_charge_yen,
            "overpaid": receipt.overpaid_yen,
        }
        out.print(
            f"receipt    {receipt.received_date} (posted {receipt.posted_date})  {receipt.channel_name}  "
            + ", ".join(f"{name} {yen(amount)}" for name, amount in parts.items() if amount)
            + ("  provisional" if receipt.record_status == "provisional" else "")
            + f"  on {receipt.due_key}  [{receipt.source_file}:{receipt.source_line}]",
            markup=False,
        )
    for over in found.overpayments:
        out.print(
            f"overpaid   {over.received_date}  {_CAUSES[over.cause_code]}  {yen(over.amount_yen)}, "
            f"left {yen(over.balance_yen)}  on {over.due_key}",
            markup=False,
        )
    for event in found.events:
        out.print(
            f"event      {event.posted_date}  {event.due_key}  {event.sentence}  "
            f"[{event.source_file}:{event.source_line}]",
            markup=False,
        )


def _show_due(due: DueLine) -> None:
    out.print(
        f"due        {due.due_key}  {due.tax_item_name}  due {due.due_date}  {due.state}  "
        f"tax {yen(due.assessed_yen)}, paid {yen(due.principal_paid_yen)}, left {yen(due.principal_balance_yen)}"
        + _owed_and_paid("reminder fee", due.reminder_fee_yen, due.reminder_fee_paid_yen)
        + _owed_and_paid("late charge", due.late_charge_yen, due.late_charge_paid_yen)
        + (f"; provisional {yen(due.provisional_paid_yen)}" if due.provisional_paid_yen else "")
        + (f"; overpaid {yen(due.overpaid_yen)}" if due.overpaid_yen else "")
        + (f"; to pay {yen(due.balance_yen)}" if due.balance_yen else ""),
        markup=False,
    )


def _owed_and_paid(name: str, owed_yen: int, paid_yen: int) -> str:
    if not owed_yen:
        return ""
    return f"; {name} {yen(owed_yen)}" + (f", paid {yen(paid_yen)}" if paid_yen else "")
