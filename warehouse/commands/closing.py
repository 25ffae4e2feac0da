"""``osame draft-closing``, ``osame close``: the books of a fiscal year, drafted by one person and closed by another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from osame.clock import now, today
from osame.console import out, print_json, told, yen
from osame.home import open_home

if TYPE_CHECKING:
    from warehouse.collection.closing import Closing, Preview

Year = Annotated[
    int, typer.Argument(min=1989, max=2999, help="会計年度 (4 digits, western): its closing period must be over.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document; its keys are stable.")]
_LABELS = {
    "carried_in_yen": "繰越",
    "assessed_yen": "調定",
    "received_yen": "収入済",
    "refund_unpaid_yen": "還付未済",
    "written_off_yen": "不納欠損",
    "outstanding_yen": "収入未済",
}


def draft_closing(
    fiscal_year: Year,
    by: Annotated[str | None, typer.Option("--by", help="職員番号 of who drafts the settlement.")] = None,
    preview: Annotated[bool, typer.Option("--preview", help="Only show what would be drafted.")] = False,
    as_json: Json = False,
) -> None:
    """Draft the closing (決算) of a fiscal year as the last build has it, for another person to close.

    Shows the settlement by tax item. A draft closes nothing; drafting again takes the place of the draft before.

    Example: osame draft-closing 2025 --by 1001
    """
    from warehouse.collection import closing
    from warehouse.office.permissions import begin

    with told():
        home = open_home()
        found = closing.preview(home, fiscal_year, today()) if preview else None
        drafted = None
        if not preview:
            drafted = closing.draft_closing(home, fiscal_year, begin(home, closing.DRAFT, by or "", now()))
            if drafted.is_new:
                found = closing.preview(home, fiscal_year, today())
    if as_json:
        print_json({"draft": vars(drafted) if drafted else None, "lines": found.lines if found else []})
        return
    if found is not None:
        _show_preview(found)
    if drafted is not None:
        _show(drafted)


def _show_preview(found: Preview) -> None:
    out.print(f"{found.fiscal_year}年度 決算  as of {found.as_of_date}  {len(found.lines):,} lines", markup=False)
    for line in found.lines:
        amounts = "  ".join(f"{label} {yen(line[name])}" for name, label in _LABELS.items())
        what = (line["tax_item_code"], line["form_row"], line["body"], line["component"], line["arrears_class"])
        out.print(f"  {' '.join(map(str, what)):48} {amounts}", markup=False)
    out.print(
        "計  " + "  ".join(f"{_LABELS[name]} {yen(amount)}円" for name, amount in found.sums.items()), markup=False
    )


def close(
    fiscal_year: Year,
    by: Annotated[str, typer.Option("--by", help="職員番号 of who approves it: another than who drafted it.")],
    as_json: Json = False,
) -> None:
    """Close the books of a fiscal year (決算) as another person has drafted them.

    What lands later and would change the year is booked in the first open year and says which year it corrects. A year
    that is closed already stays as it is.

    Example: osame close 2025 --by 1002
    """
    from warehouse.collection import closing
    from warehouse.office.permissions import begin

    with told():
        home = open_home()
        closed = closing.close_year(home, fiscal_year, begin(home, closing.CLOSE, by, now()))
    if as_json:
        print_json(vars(closed))
        return
    _show(closed)


def _show(closing: Closing) -> None:
    signed = f"approved by {closing.approved_by}" if closing.approved_by else "another person closes it: osame close"
    out.print(
        f"{_state(closing)} {closing.fiscal_year}  on {closing.closed_date}  "
        f"{closing.line_count:,} settlement lines  {closing.flow_count:,} entries of dues  "
        f"drafted by {closing.drafted_by}, {signed}",
        markup=False,
    )
    out.print(f"hash      {closing.lines_sha256}", markup=False)


def _state(closing: Closing) -> str:
    if closing.approved_by is None:
        return "drafted  "
    return "closed   " if closing.is_new else "is closed"
