"""口座振替不能: who is to be told that the direct debits of a day could not be made."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from ingestion.vault import People, read_people
from osame.act import Act, Permission
from osame.errors import OsameError
from osame.home import Home
from osame.stores import open_warehouse, rows_of

TELL = Permission("debit_notice", "口座振替不能の通知", asks_reason=True)
Row = dict[str, Any]


@dataclass(frozen=True)
class Failures:
    """The failures of a day by payer, and the payers.

    ``unknown``: failures whose number names no due, so that nobody can be told. ``people.missing``: payers who are not
    in the vault.
    """

    by_payer: dict[str, list[Row]]
    people: People
    unknown: int
    as_of: date
    known_at: datetime | None


def failures_to_tell(
    home: Home, debit_date: date, act: Act, addressee_nos: Sequence[str] = (), *, show_protected: bool = False
) -> Failures:
    """A day's failures (rpt_direct_debit_failures) that have not been paid since, with who is to be told of them.

    Args:
        home: the office's data.
        debit_date: 引落日.
        act: ``TELL``; the reading of names is logged with it.
        addressee_nos: only these payers (whose letter was not made with the others); none means all.
        show_protected: read addresses under 支援措置.

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
    told = {payer: by_payer[payer] for payer in sorted(people.by_no)}
    unknown = sum(row["addressee_no"] is None for row in failures)
    return Failures(told, people, unknown, as_of, known_at)


def _failures(home: Home, debit_date: date) -> tuple[list[Row], date, Any]:
    connection = open_warehouse(home)
    try:
        rows = rows_of(
            connection,
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
            debit_date,
        )
        as_of, known_at = connection.execute("select as_of_date, known_at from run_info").fetchall()[0]
    finally:
        connection.close()
    return rows, as_of, known_at
