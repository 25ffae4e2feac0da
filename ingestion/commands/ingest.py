"""``osame ingest`` and ``osame begin-landing``: delivered files into landing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from ingestion.beginning import begin_landing as begin
from ingestion.delivered import files_below
from ingestion.inbox import Options, is_left
from ingestion.inbox import ingest as offer_files
from ingestion.layout_catalog import broken_layouts
from osame.clock import now
from osame.console import Json, err, out, parse_day, print_json, progress, told, waits, yen
from osame.errors import OsameError
from osame.home import Home, open_home
from osame.stores import landing_traces

_MARKS = {
    "landed": "[green]landed[/]",
    "duplicate": "[yellow]duplicate[/]",
    "rejected": "[red]rejected[/]",
    "failed": "[red]failed[/]",
}
_SHOWN_FINDINGS = 5


def ingest(
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="[PATH]...", help="Files or folders; default: the inbox.")
    ] = None,
    layout: Annotated[str | None, typer.Option("--format", help="Layout of the files, if it cannot be told.")] = None,
    business_date: Annotated[
        str | None, typer.Option(help="業務日付 of an extract, or the year of a date without one (ISO or 和暦).")
    ] = None,
    allow_missing_result_totals: Annotated[
        bool,
        typer.Option(help="Take a direct-debit file without result totals as a result (with --format LAYOUT:result)."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would become of each file; nothing is written or moved.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Land delivered files: each wholly, once, or not at all.

    One line per file. Exit code 0: all landed or known already; 1: some were refused or failed; 2: nothing was tried.
    Files in the inbox move to the archive or to `rejected`; files named elsewhere stay where they are, and so does one
    that failed (it cannot be read, or the program broke on it): the next run tries it again.

    Example: osame ingest ~/from-bank/ --json
    """
    with told():
        home = open_home()
        chosen = paths or [home.inbox]
        count = len(files_below(chosen))
        options = Options(
            format=layout,
            business_date=parse_day(business_date, "--business-date") if business_date else None,
            allow_missing_result_totals=allow_missing_result_totals,
            dry_run=dry_run,
            now=now,
            waiting=waits("another osame process holds landing"),
        )
        _tell_broken_layouts(home)
        offers = []
        with progress() as bar:
            task = bar.add_task("landing", total=count)
            for offer in offer_files(home, chosen, options):
                offers.append(offer)
                bar.advance(task)
                if not as_json:
                    _show_offer(offer, dry_run)
    if as_json:
        print_json([_offer_dict(offer) | {"dry_run": dry_run} for offer in offers])
    elif not offers:
        out.print(f"nothing to land in {', '.join(map(str, chosen))}", markup=False)
    if not as_json:
        _show_troubles(offers, home.rejected, dry_run)
    if any(offer.findings for offer in offers):
        raise typer.Exit(1)


def _tell_broken_layouts(home: Home) -> None:
    """Once, before the files: they are not read with these, nor with ours in their place."""

    for broken in broken_layouts(home.layouts):
        err.print(f"[red]broken layout[/] {escape(str(broken.path))}: {escape(broken.problem)}")
        err.print(f"  -> mend it (osame layout check {escape(str(broken.path))}); its files are refused until then")


def _show_troubles(offers: list[Any], rejected: Path, dry_run: bool) -> None:

    left = sum(is_left(offer) for offer in offers)
    refused = sum(offer.status == "rejected" and not is_left(offer) for offer in offers)
    if dry_run:
        err.print(f"dry run: nothing was written; {refused + left} of {len(offers)} files would be refused or fail")
        return
    if refused:
        err.print(f"{refused} of {len(offers)} files were refused; reason slips are in {rejected}")
    if left:
        err.print(f"{left} of {len(offers)} files are still where they were; the next run tries them again")


def _show_offer(offer: Any, dry_run: bool) -> None:
    name = offer.format or "unknown format"
    if offer.role:
        name += f" ({offer.role})"
    out.print(
        f"{'would be ' if dry_run else ''}{_MARKS[offer.status]}  {escape(offer.file_name)}  {name}  "
        f"{offer.records:,} records  {yen(offer.amount_yen)} yen"
        + (f"  [yellow]{offer.quarantined:,} quarantined[/]" if offer.quarantined else "")
        + (f"  [yellow]{len(offer.warnings):,} warning{'s' * (len(offer.warnings) > 1)}[/]" if offer.warnings else "")
    )
    for finding in [*offer.findings[:_SHOWN_FINDINGS], *offer.warnings[:_SHOWN_FINDINGS]]:
        out.print(f"    {finding.english()}", markup=False)
        out.print(f"      -> {finding.kind.advice}", markup=False)
    left = len(offer.findings) - _SHOWN_FINDINGS
    if left > 0:
        out.print(f"    … and {left:,} more findings in the reason slip")
    left = len(offer.warnings) - _SHOWN_FINDINGS
    if left > 0:
        out.print(f"    … and {left:,} more warnings: osame ingest --json has all")


def _offer_dict(offer: Any) -> dict[str, Any]:
    return {
        "file_name": offer.file_name,
        "status": offer.status,
        "format": offer.format,
        "role": offer.role,
        "load_id": offer.load_id,
        "sha256": offer.sha256 or None,
        "records": offer.records,
        "amount_yen": offer.amount_yen,
        "quarantined": offer.quarantined,
        "findings": [finding.as_dict() for finding in offer.findings],
        "warnings": [finding.as_dict() for finding in offer.warnings],
    }


def begin_landing(
    despite_loss: Annotated[
        bool,
        typer.Option("--despite-loss", help="What had landed in the lost store is not in the new one: I know."),
    ] = False,
) -> None:
    """Begin an empty landing store where the one that was there is lost for good. One that is there is not touched.

    No other command does this: everything that had landed is then no longer in the books until its files are landed
    again, and the next build has to be told so (--allow-fewer-loads).

    Example: osame begin-landing --despite-loss
    """
    with told():
        home = open_home()
        if landing_traces(home) and not despite_loss:
            raise OsameError(
                f"files have landed in {home.root} before: {', '.join(landing_traces(home))} tell so",
                "put landing.duckdb back from its backup; only if it is lost for good, give --despite-loss",
            )
        begun = begin(home)
    out.print(f"{home.landing}: {'an empty store was begun' if begun else 'is there; nothing was done'}", markup=False)
