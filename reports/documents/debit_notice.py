"""口座振替不能のお知らせ: one letter for each payer whose direct debits of a day could not be made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from osame.act import Act
from osame.home import Home
from osame.wareki import format_wareki
from reports.documents.letter import letter
from reports.documents.publish import Issued, publish
from reports.documents.refund_notice import due_text
from reports.documents.render import render_files
from warehouse.collection.debit_failures import Failures, failures_to_tell
from warehouse.settings import Settings

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
