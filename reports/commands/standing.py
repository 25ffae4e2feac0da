"""``osame standing``: what one taxpayer, notice or due owes on a day, at the counter."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from osame.clock import now, today
from osame.console import aligned, err, out, parse_day, print_json, told, yen
from osame.errors import OsameError
from osame.home import Home, open_home
from warehouse.words import word

if TYPE_CHECKING:
    from ingestion.vault import People, Person
    from warehouse.collection.addressee_standing import AddresseeStanding
    from warehouse.office.standing import DueLine

_MOST_PEOPLE = 30  # that somebody looks through while another waits


def standing(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="KEY|NAME...",
            help="宛名番号, 通知書番号 or due key; or a name, its kana, a birth date, a telephone number.",
        ),
    ],
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
        bool, typer.Option("--show-protected", help="With a name: addresses under 支援措置 too; logged.")
    ] = False,
    by: Annotated[str, typer.Option("--by", help="Staff number of who asks; logged.")] = "",
    reason: Annotated[str, typer.Option("--reason", help="Why, in words; logged.")] = "",
    pdf: Annotated[bool, typer.Option("--pdf", help="Also print a 収納状況照会票; needs --by and --reason.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document; its keys are stable.")] = False,
) -> None:
    """Show what a person, notice or due has to pay today: open dues first, then the paid ones, and the history.

    A person is found by name, kana, birth date and telephone as well (with --by and --reason; the search and what it
    shows are logged). Of several people who fit, numbers and names are listed. Without that nothing about people but
    their number is shown, unless --with-name asks for it.

    Example: osame standing 雪見太郎 S45.3.1 --by 1001 --reason 窓口での照会
    """
    from warehouse.collection.addressee_standing import KINDS, NothingFound, look_up

    with told():
        if kind is not None and kind not in KINDS:
            raise OsameError(f"--kind: {kind!r} is unknown", f"use one of {', '.join(KINDS)}")
        home = open_home()
        day = parse_day(as_of, "--as-of") if as_of else today()
        people = None
        try:
            if len(words) > 1 or not (kind or words[0].isascii()):
                raise NothingFound(f"{' '.join(words)!r} is no number")
            found = look_up(home, words[0], day, next((one for one in KINDS if one == kind), None))
        except NothingFound as error:
            if kind is not None:
                raise
            people = _find_people(home, words, by, reason, error, show_protected=show_protected)
            if len(people.by_no) > 1:
                _show_people(people, as_json)
                return
            found = look_up(home, next(iter(people.by_no)), day, "addressee", may_be_empty=True)
        if show_protected and not with_name and people is None:
            raise OsameError("--show-protected does nothing without --with-name", "give both or neither")
        if with_name and people is None:
            people = _read_name(home, found, by, reason, show_protected)
        person = people[found.addressee_no] if people else None
        paper = _print_paper(home, found, people, by, reason) if pdf else None
    if as_json:
        print_json(_as_dict(found, person, paper))
        return
    _show(found, person)
    if paper is not None:
        out.print(f"paper      {paper}", markup=False)


def _find_people(
    home: Home, words: list[str], by: str, reason: str, not_found: OsameError, *, show_protected: bool
) -> People:
    """Who is meant by words that are no number of a due.

    Raises:
        OsameError: nobody says who asks; nobody is found, or too many are.
    """
    from ingestion.people_search import find_people, sought
    from ingestion.vault import read_people
    from warehouse.collection.addressee_standing import SHOW
    from warehouse.office.permissions import begin

    if not by:
        raise OsameError(
            not_found.message,
            (f"{not_found.advice}; " if not_found.advice else "")
            + "a person is found by name, kana, birth date or telephone if you say who asks and why, for that is "
            "logged: --by STAFF_NO --reason WORDS",
        )
    what = sought(words)
    act = begin(home, SHOW, by, now(), reason)
    numbers = find_people(home, what, act)
    if not numbers:
        raise OsameError(
            f"nobody is found by {' '.join(words)!r}",
            "try the kana, or the beginning of the name alone, or the number; who was registered since the last build "
            "is found after the next",
        )
    if len(numbers) > _MOST_PEOPLE:
        raise OsameError(
            f"{len(numbers):,} people are found by {' '.join(words)!r}, more than {_MOST_PEOPLE}",
            "narrow it: more of the name, or with it the birth date or the telephone number",
        )
    people = read_people(home, numbers, act, show_protected=show_protected)
    return replace(people, by_no={number: people[number] for number in numbers})


def _show_people(people: People, as_json: bool) -> None:
    if as_json:
        print_json({"people": [asdict(person) for person in people.by_no.values()]})
        return
    rows = [
        [person.addressee_no, person.name, person.name_kana or "", str(person.birth_date or ""), _place(person)]
        for person in people.by_no.values()
    ]
    for line in aligned([["宛名番号", "氏名", "カナ", "生年月日", "住所"], *rows]):
        out.print(line, markup=False)
    err.print(f"{len(rows)} people fit; osame standing 宛名番号 shows one", markup=False)


def _place(person: Person) -> str:
    return (person.address.address or "") if person.address else "(address withheld: 支援措置)"


def _read_name(home: Home, found: AddresseeStanding, by: str, reason: str, show_protected: bool) -> People:
    from ingestion.vault import read_people
    from warehouse.collection.addressee_standing import SHOW
    from warehouse.office.permissions import begin

    act = begin(home, SHOW, by, now(), reason)
    return read_people(home, [found.addressee_no], act, show_protected=show_protected)


def _print_paper(home: Home, found: AddresseeStanding, people: People | None, by: str, reason: str) -> str:
    from reports.documents.standing import issue_standing
    from warehouse.collection.addressee_standing import SHOW
    from warehouse.office.permissions import begin

    return str(issue_standing(home, found, people, begin(home, SHOW, by, now(), reason)).files[0])


def _as_dict(found: AddresseeStanding, person: Person | None, paper: str | None) -> dict[str, Any]:
    balances = ("principal_balance_yen", "reminder_fee_balance_yen", "late_charge_balance_yen", "balance_yen")
    plain = asdict(found)
    plain["dues"] = [asdict(due) | {name: getattr(due, name) for name in balances} for due in found.dues]
    plain["person"] = None if person is None else asdict(person)
    plain["paper"] = paper
    return plain


def _show(found: AddresseeStanding, person: Person | None) -> None:
    for notice in found.notices:
        err.print(f"note: {notice.english}", markup=False)
    key = "" if found.kind == "addressee" else f"{found.kind}  {found.key}  "
    out.print(f"{key}addressee  {found.addressee_no}  as of {found.on}", markup=False)
    if person is not None:
        out.print(f"person  {person.name}  {person.name_kana or ''}  {_place(person)}", markup=False)
    unpaid = [due for due in found.dues if due.balance_yen]
    settled = [due for due in found.dues if not due.balance_yen]
    out.print(
        f"\nto pay  {yen(found.total('balance_yen'))} yen: tax {yen(found.total('principal_balance_yen'))}, "
        f"reminder fees {yen(found.total('reminder_fee_balance_yen'))}, "
        f"late charges {yen(found.total('late_charge_balance_yen'))}",
        markup=False,
    )
    _section(
        f"open: {len(unpaid)} dues",
        ["due", "tax item", "due date", "state", "tax", "fee", "late charge", "to pay", ""],
        [
            [
                due.due_key,
                due.tax_item_name,
                str(due.due_date),
                due.state,
                due.principal_balance_yen,
                due.reminder_fee_balance_yen,
                due.late_charge_balance_yen,
                due.balance_yen,
                _remark(due),
            ]
            for due in sorted(unpaid, key=lambda due: (due.due_date, due.due_key))
        ],
    )
    _section(
        f"nothing to pay: {len(settled)} dues",
        ["due", "tax item", "due date", "state", "tax", "paid", "fee paid", "late charge paid", ""],
        [
            [
                due.due_key,
                due.tax_item_name,
                str(due.due_date),
                due.state,
                due.assessed_yen,
                due.principal_paid_yen,
                due.reminder_fee_paid_yen,
                due.late_charge_paid_yen,
                _remark(due),
            ]
            for due in settled
        ],
    )
    _section(
        f"receipts: {len(found.receipts)}",
        ["received", "posted", "channel", "tax", "fee", "late charge", "overpaid", "due", "file"],
        [
            [
                str(receipt.received_date),
                str(receipt.posted_date),
                receipt.channel_name + (" (provisional)" if receipt.record_status == "provisional" else ""),
                receipt.principal_yen,
                receipt.reminder_fee_yen,
                receipt.late_charge_yen,
                receipt.overpaid_yen,
                receipt.due_key,
                f"{receipt.source_file}:{receipt.source_line}",
            ]
            for receipt in found.receipts
        ],
    )
    _section(
        f"overpaid: {len(found.overpayments)}",
        ["received", "cause", "amount", "left", "due"],
        [
            [
                str(over.received_date),
                word("cause_code", over.cause_code),
                over.amount_yen,
                over.balance_yen,
                over.due_key,
            ]
            for over in found.overpayments
        ],
    )
    _section(
        f"history: {len(found.events)} events",
        ["posted", "due", "what", "file"],
        [
            [str(event.posted_date), event.due_key, event.sentence, f"{event.source_file}:{event.source_line}"]
            for event in found.events
        ],
    )


def _section(title: str, names: list[str], rows: list[list[str | int]]) -> None:
    if not rows:
        return
    out.print(f"\n{title}", markup=False)
    for line in aligned([names, *rows]):
        out.print(f"  {line}", markup=False)


def _remark(due: DueLine) -> str:
    amounts = {
        "provisional": due.provisional_paid_yen,
        "overpaid": due.overpaid_yen,
        "written off": due.written_off_yen,
    }
    return ", ".join(f"{name} {yen(amount)}" for name, amount in amounts.items() if amount)
