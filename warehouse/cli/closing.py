"""``osame close``: the books of a fiscal year."""

from __future__ import annotations

from typing import Annotated

import typer

from warehouse.cli.output import out, print_json, told
from warehouse.clock import now
from warehouse.config import open_home


def close(
    fiscal_year: Annotated[
        int, typer.Argument(min=1989, max=2999, help="会計年度 (4 digits, western): its closing period must be over.")
    ],
    by: Annotated[str, typer.Option("--by", help="職員番号 of who approves the settlement.")],
    drafted_by: Annotated[str, typer.Option("--drafted-by", help="職員番号 of who drafted it: another person.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document; its keys are stable.")] = False,
) -> None:
    """Close the books of a fiscal year (決算) as the last build has them.

    What lands later and would change the year is booked in the first open year and says which year it corrects. A year
    that is closed already stays as it is.

    Example: osame close 2025 --by 1002 --drafted-by 1001
    """
    from warehouse.office.closing import close_year

    with told():
        closing = close_year(open_home(), fiscal_year, drafted_by, by, now())
    if as_json:
        print_json(vars(closing))
        return
    out.print(
        f"{'closed   ' if closing.is_new else 'is closed'} {closing.fiscal_year}  on {closing.closed_date}  "
        f"{closing.line_count:,} settlement lines  {closing.flow_count:,} entries of dues  "
        f"approved by {closing.approved_by}",
        markup=False,
    )
    out.print(f"hash      {closing.lines_sha256}", markup=False)
