"""``osame record``, ``osame approve``, ``osame decisions``: what staff decide and note, as records that land."""

from __future__ import annotations

import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from osame.act import Act
from osame.clock import now, today
from osame.console import err, out, parse_day, print_json, told, waits, yen
from osame.errors import OsameError
from osame.home import Home, open_home
from warehouse.office.by_hand import record_rows
from warehouse.office.rows import Rows
from warehouse.words import word

Recorder = Annotated[str, typer.Option("--by", help="職員番号 of who records it.", envvar="OSAME_STAFF_NO")]
By = Annotated[str, typer.Option("--by", help="職員番号 of who does this.")]
Why = Annotated[str, typer.Option("--reason", help="Why, in words; it is kept with the record.")]


def record(
    register: Annotated[str, typer.Argument(help="The register (extract) that the record belongs to.")],
    values: Annotated[
        list[str],
        typer.Argument(metavar="COLUMN=VALUE...", help="Values by column name; - reads them from standard input."),
    ],
    by: Recorder = "",
    reason: Annotated[str, typer.Option("--reason", help="Why, in words; kept with the record.")] = "",
    land: Annotated[bool, typer.Option("--land/--no-land", help="Land it at once, or leave it in the inbox.")] = True,
) -> None:
    """Record one row of a register: checked like a delivered file, and landed whole.

    due_key=KEY and offset_due_key=KEY stand for the nine columns of a due key each. What nobody else may see, an
    account say, comes from standard input, one COLUMN=VALUE a line: other users of the machine see arguments.

    Example: osame record reminders due_key=30-00-152994-152994-1-2025-2025-0000000001-01 sent_date=2026-07-20
    reminder_fee_yen=0 --by 1001
    """
    with told():
        row = _row([line for line in sys.stdin.read().splitlines() if line.strip()] if values == ["-"] else values)
        home = open_home()
        if register == "decisions" or not land:
            name = _put_down(home, register, row, by, reason, land=land)
        else:
            rows = Rows(register, [row], by, reason, now().isoformat())
            name = record_rows(home, rows, waits("another osame process writes to landing"))["file_name"]
    if land:
        out.print(f"landed    {name}; builds from now on know it", markup=False)
    else:
        out.print(f"waits     {home.inbox / name}; osame ingest lands it", markup=False)


def _put_down(home: Home, register: str, row: dict[str, str], by: str, reason: str, *, land: bool) -> str:
    """A draft, which is held against what stands already; or a file that waits in the inbox."""
    from warehouse.collection import decisions
    from warehouse.office.permissions import record_permission
    from warehouse.office.records import write_record
    from warehouse.office.registers import register_to_record, with_keys

    act = Act(record_permission(register_to_record(home, register)), by, reason, now())
    whole = with_keys(row)
    if register == "decisions":
        return decisions.draft_line(home, whole, act, land=land)
    return write_record(home, register, [whole], act).name


def template(
    register: Annotated[str, typer.Argument(help="The register (extract) that the sheet is for.")],
    to: Annotated[Path | None, typer.Option("--to", help="Folder or .xlsx file. Default: here.")] = None,
) -> None:
    """Make an Excel sheet to fill in, instead of recording row by row. The inbox takes it like a CSV.

    Example: osame template decisions --to /srv/forms
    """
    from ingestion.readers.sheet import write_template
    from warehouse.office.registers import registers

    with told():
        known = registers(open_home())
        if register not in known:
            raise OsameError(f"{register!r} is no register", f"use one of {', '.join(sorted(known))}")
        path = to or Path()
        if path.suffix.lower() != ".xlsx":
            path /= f"{register}_{today():%Y%m%d}.xlsx"
        try:
            with path.open("xb") as file:
                write_template(known[register], file, today())
        except OSError as error:
            raise OsameError(f"{path}: {error.strerror}", "name another file or folder: --to") from None
    out.print(f"written  {path}", markup=False)


def _row(values: list[str]) -> dict[str, str]:
    row: dict[str, str] = {}
    for value in values:
        name, separator, text = value.partition("=")
        if not separator:
            raise OsameError(f"{value!r} is no COLUMN=VALUE", "write it like sent_date=2026-07-20")
        row[name] = text
    return row


def approve(
    decision_nos: Annotated[list[str], typer.Argument(help="起案番号, one or more.", metavar="DECISION_NO...")],
    by: By,
    on: Annotated[str | None, typer.Option(help="決裁日. Default: today.")] = None,
) -> None:
    """Approve drafts, all or none. Who drafted one cannot.

    Example: osame approve 20260601093000123 20260601093000124 --by 1002
    """
    from warehouse.collection import decisions
    from warehouse.office.permissions import begin

    with told():
        day = parse_day(on, "--on") if on else today()
        home = open_home()
        offer = decisions.approve(home, decision_nos, begin(home, decisions.APPROVE, by, now()), day)
    out.print(
        f"approved  {len(set(decision_nos)):,} decisions: {offer.records:,} lines, {yen(offer.amount_yen)} yen; "
        f"builds as of {day} or later apply them ({_first_build(day)})"
    )


def _first_build(day: date) -> str:
    """When a build is first as of a day: those of a night are as of the day before."""
    begins = max(day, today()) + timedelta(days=1)
    return (
        f"the nightly one of {begins}; at once: osame build --as-of {day}{'' if day <= today() else ' --allow-future'}"
    )


def withdraw(
    decision_nos: Annotated[list[str], typer.Argument(help="起案番号, one or more.", metavar="DECISION_NO...")],
    by: By,
    reason: Why,
) -> None:
    """Take decisions back, drafted or approved: after the next build nothing of them stands.

    Example: osame withdraw 20260601093000123 --by 1002 --reason 起案誤り
    """
    from warehouse.collection import decisions
    from warehouse.office.permissions import begin

    with told():
        home = open_home()
        decisions.withdraw(home, decision_nos, begin(home, decisions.WITHDRAW, by, now(), reason))
    out.print(f"withdrawn  {', '.join(decision_nos)}", markup=False)


def _part(component_code: str | None) -> str:
    return word("component_code", component_code) if component_code else ""


def _line_text(line: dict[str, Any]) -> str:
    """One line of a decision as somebody needs it who is to approve it."""
    taken = line["due_key"] or line["receipt_id"] or "-"
    part, to = (_part(line[f"{which}_component_code"]) for which in ("from", "to"))
    words = [f"{line['line_no']}", line["title_ja"], f"{yen(line['amount_yen'])}円", f"{taken} {part}".strip()]
    if line["offset_due_key"]:
        words.append(f"→ {line['offset_due_key']} {to}".strip())
    if line["addressee_no"]:
        words.append(f"宛名 {line['addressee_no']}")
    if line["cause_code"]:
        words.append(f"{line['cause_code']}号")
    if line["value_date"]:
        words.append(f"効力日 {line['value_date']}")
    if line["reason"]:
        words.append(f"備考 {line['reason']}")
    return "  ".join(words)


def decisions(
    waiting: Annotated[bool, typer.Option("--waiting", help="Only drafts that nobody has approved.")] = False,
    withdrawn: Annotated[bool, typer.Option("--withdrawn", help="Those that were taken back.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document; its keys are stable.")] = False,
) -> None:
    """List decisions: drafts first.

    Example: osame decisions --waiting
    """
    from warehouse.collection.decisions import list_decisions

    with told():
        found = list_decisions(open_home(), waiting=waiting, withdrawn=withdrawn)
    if as_json:
        print_json(found)
        return
    for item in found:
        state = f"approved {item['approved_date']} by {item['approved_by']}" if item["approved_by"] else "draft"
        if withdrawn:
            state += f", withdrawn by {item['withdrawn_by'] or 'nobody named'}"
            if item["withdrawn_reason"]:
                state += f": {item['withdrawn_reason']}"
        out.print(
            f"{item['decision_no']}  {item['title_ja']}  {item['lines']} lines  {yen(item['amount_yen'])} yen  "
            f"by {item['drafted_by']} on {item['drafted_date']}  {state}",
            markup=False,
        )
        for line in item["details"]:
            out.print(f"    {_line_text(line)}", markup=False)
    if not found:
        err.print("no decision " + ("was withdrawn" if withdrawn else "waits" if waiting else "is recorded"))
