"""口座振替不能のお知らせ: one letter for each payer whose direct debits of a day could not be made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

import typer

from osame.act import Act
from osame.clock import now
from osame.console import err, out, parse_day, print_json, told, yen
from osame.home import Home, open_home
from osame.wareki import format_wareki
from reports.documents.asking import By, Json, Reason, tell_missing
from reports.documents.letter import letter
from reports.documents.publish import Issued, publish
from reports.documents.refund_notice import due_text
from reports.documents.render import render_files
from warehouse.collection.debit_failures import TELL, Failures, failures_to_tell
from warehouse.office.permissions import begin
from warehouse.settings import Settings, load_settings

DOCUMENT = "debit_notice"
Row = dict[str, Any]


@dataclass(frozen=True)
class IssuedLetters:
    """Failures that payers were told of, in yen, and where the letters are."""

    failures: Failures
    total_yen: int
    issued: Issued


def issue_letters(
    home: Home,
    settings: Settings,
    debit_date: date,
    act: Act,
    addressee_nos: Sequence[str] = (),
    *,
    show_protected: bool = False,
) -> IssuedLetters:
    """Publish a letter for each payer of a day's failures (``warehouse.collection.debit_failures``)."""
    found = failures_to_tell(home, debit_date, act, addressee_nos, show_protected=show_protected)
    letters = [letter_row(rows, letter(found.people[payer]), act.at.date()) for payer, rows in found.by_payer.items()]
    issued = publish(
        home,
        act,
        render_files(DOCUMENT, letters, settings, home, act.at),
        count=len(letters),
        as_of=found.as_of,
        known_at=found.known_at,
        vault_reads=[found.people.vault_read],
        details={"debit_date": debit_date.isoformat(), "missing": list(found.people.missing)},
    )
    return IssuedLetters(found, sum(row["total_yen"] for row in letters), issued)


def letter_row(failures: list[Row], to: dict[str, Any], day: date) -> Row:
    """What debit_notice.typ prints of one payer's failures of a day."""
    again = [
        row["next_attempt_date"] for row in failures if row["next_attempt_date"] and row["next_attempt_date"] > day
    ]
    return {
        "to": to,
        "day": format_wareki(day),
        "debit_date": format_wareki(failures[0]["debit_date"]),
        "lines": [
            [due_text(row), row["notice_no"], format_wareki(row["due_date"]), row["result"], row["amount_yen"]]
            for row in failures
        ],
        "total_yen": sum(row["amount_yen"] for row in failures),
        "next_date": format_wareki(min(again)) if again else None,
        "by_slip": len(again) < len(failures),
    }


def command(
    date: Annotated[str, typer.Option("--date", help="引落日 of the direct debits that failed.")],
    by: By,
    reason: Reason,
    addressee: Annotated[
        list[str] | None, typer.Option(help="Only this 宛名番号; may be repeated. Default: all who are to be told.")
    ] = None,
    show_protected: Annotated[
        bool, typer.Option("--show-protected", help="Print addresses under 支援措置; logged.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Print 口座振替不能のお知らせ for the direct debits of a day that failed and have not been paid since.

    Example: osame issue debit-notice --date 2026-05-31 --by 1001 --reason 口座振替不能の通知
    """

    with told():
        home = open_home()
        done = issue_letters(
            home,
            load_settings(home),
            parse_day(date, "--date"),
            begin(home, TELL, by, now(), reason),
            addressee or (),
            show_protected=show_protected,
        )
    if as_json:
        print_json(
            {
                "folder": str(done.issued.folder),
                "withheld": tuple(done.failures.people.withheld),
                **done.issued.manifest,
            }
        )
    else:
        out.print(
            f"{len(done.failures.by_payer):,} letters, {yen(done.total_yen)} yen that could not be debited",
            markup=False,
        )
        for path in done.issued.files:
            out.print(str(path), markup=False)
        if done.failures.unknown:
            err.print(f"[yellow]Warning:[/] {done.failures.unknown:,} failures name no due: nobody could be told")
        for number in done.failures.people.withheld:
            out.print(
                f"addressee {number} is under 支援措置: no address is printed; hand the letter over", markup=False
            )
    tell_missing(
        [f"addressee {number}" for number in done.failures.people.missing],
        "no letter was printed to them; later: --addressee NO for each",
    )
