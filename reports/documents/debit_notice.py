"""口座振替不能のお知らせ: one letter for each payer whose direct debits of a day could not be made."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from ingestion.vault import read_people
from reports.documents.letter import letter
from reports.documents.publish import Issued, publish
from reports.documents.refund_notice import due_text
from reports.documents.render import render_files
from warehouse.act import Act, Permission
from warehouse.config import Home
from warehouse.connection import open_warehouse
from warehouse.errors import OsameError
from warehouse.settings import Settings
from warehouse.wareki import format_wareki

DOCUMENT = "debit_notice"
TELL = Permission(DOCUMENT, "口座振替不能の通知", asks_reason=True)
Row = dict[str, Any]


@dataclass(frozen=True)
class IssuedLetters:
    """Letters on paper.

    ``unknown``: failures whose number names no due, so that nobody can be told; ``missing``: payers who are not in the
    vault, to whom nothing was printed.
    """

    count: int
    total_yen: int
    unknown: int
    issued: Issued
    withheld: tuple[str, ...]
    missing: tuple[str, ...]


def issue_letters(
    home: Home,
    settings: Settings,
    debit_date: date,
    act: Act,
    addressee_nos: Sequence[str] = (),
    *,
    show_protected: bool = False,
) -> IssuedLetters:
    """Print a letter for each payer of a day's failures (rpt_direct_debit_failures) that have not been paid since.

    Args:
        home: the office's data.
        settings: the office's.
        debit_date: 引落日.
        act: who asks, and why; the reading of names is logged.
        addressee_nos: only these payers (whose letter was not made with the others); none means all.
        show_protected: print addresses under 支援措置.

    Raises:
        OsameError: no debit of that day failed, all have been paid since, one who is named is not among them, or no
            payer at all is in the vault.
    """
    failures, as_of, known_at = _failures(home, debit_date)
    by_payer: dict[str, list[Row]] = defaultdict(list)
    for row in failures:
        if row["addressee_no"] is not None and not row["is_paid"]:
            by_payer[row["addressee_no"]].append(row)
    others = sorted(set(addressee_nos) - set(by_payer))
    if not by_payer or others:
        raise OsameError(
            f"--date {debit_date}: {len(failures)} direct debits failed, and "
            + (f"{', '.join(others)} are not to be told" if others else "nobody is to be told"),
            'see: osame sql "select debit_date, result, is_paid, count(*) from rpt_direct_debit_failures group by all"',
        )
    wanted = set(addressee_nos) or set(by_payer)
    people = read_people(home, wanted, act, show_protected=show_protected, may_lack=True)
    letters = [
        letter_row(by_payer[payer], letter(person), act.at.date()) for payer, person in sorted(people.by_no.items())
    ]
    issued = publish(
        home,
        act,
        render_files(DOCUMENT, letters, settings, home, act.at),
        count=len(letters),
        as_of=as_of,
        known_at=known_at,
        vault_reads=[people.vault_read],
        details={"debit_date": debit_date.isoformat(), "missing": list(people.missing)},
    )
    return IssuedLetters(
        len(letters),
        sum(row["total_yen"] for row in letters),
        sum(row["addressee_no"] is None for row in failures),
        issued,
        tuple(people.withheld),
        people.missing,
    )


def _failures(home: Home, debit_date: date) -> tuple[list[Row], date, Any]:
    connection = open_warehouse(home)
    try:
        cursor = connection.execute(
            """
            select
                ff.addressee_no, ff.debit_date, ff.amount_yen, ff.result, ff.next_attempt_date, ff.is_paid,
                du.levy_year, du.notice_no, du.instalment_no, du.due_date, ti.tax_item_name
            from rpt_direct_debit_failures as ff
            left join fct_dues as du on du.due_key = ff.due_key
            left join dim_tax_items as ti on ti.tax_item_code = du.tax_item_code
            where ff.debit_date = ?
            order by ff.addressee_no, ff.due_key, ff.load_id, ff.source_line
            """,
            [debit_date],
        )
        names = [column[0] for column in cursor.description or []]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        as_of, known_at = connection.execute("select as_of_date, known_at from run_info").fetchall()[0]
    finally:
        connection.close()
    return rows, as_of, known_at


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
