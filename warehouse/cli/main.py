"""``osame``: the command line. Each command is thin; the work is in the module that it names."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from warehouse.cli import calc, closing, export, layouts, records, refunds
from warehouse.cli.inquire import inquire
from warehouse.cli.output import book_day, err, out, parse_day, print_json, progress, speak_utf8, told, waits, yen
from warehouse.cli.vault_log import vault_log
from warehouse.clock import instant, now, yesterday
from warehouse.config import Home, find_home, open_home
from warehouse.errors import OsameError

app = typer.Typer(
    name="osame",
    help="Osame (納め): from a bank's file to a report, for an office that collects a Japanese city's taxes.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
scenario_app = typer.Typer(help="Hand-written cases through the real models.", no_args_is_help=True)
app.add_typer(calc.app, name="calc", help="The law at the counter, with its segments shown.")
app.add_typer(scenario_app, name="scenario")
app.add_typer(export.app, name="export", help="Files for banks.")
app.add_typer(layouts.app, name="layout")
_COMMANDS = (
    records.record,
    records.template,
    records.approve,
    records.withdraw,
    records.decisions,
    refunds.draft_refunds,
    refunds.claim,
    refunds.refund_returned,
    refunds.refunds,
    closing.draft_closing,
    closing.close,
    inquire,
)
for _command in _COMMANDS:
    app.command(_command.__name__.replace("_", "-"))(_command)
app.command("vault-log")(vault_log)

_MARKS = {
    "landed": "[green]landed[/]",
    "duplicate": "[yellow]duplicate[/]",
    "rejected": "[red]rejected[/]",
    "failed": "[red]failed[/]",
}
_OUTCOME_MARKS = {
    "pass": "[green]pass[/]",
    "FAIL": "[red]FAIL[/]",
    "ran": "[blue]ran [/]",
    "ok": "    [green]ok [/]",
    "not": "    [red]not[/]",
}
_SHOWN_FINDINGS = 5
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document; its keys are stable.")]


@app.command()
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
    from ingestion.inbox import Options, files_below
    from ingestion.inbox import ingest as offer_files

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
    from ingestion.layout import broken_layouts

    for broken in broken_layouts(home.layouts):
        err.print(f"[red]broken layout[/] {escape(str(broken.path))}: {escape(broken.problem)}")
        err.print(f"  -> mend it (osame layout check {escape(str(broken.path))}); its files are refused until then")


def _show_troubles(offers: list[Any], rejected: Path, dry_run: bool) -> None:
    from ingestion.inbox import is_left

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


@app.command()
def build(
    as_of: Annotated[
        str | None, typer.Option(help="Book dates after this day do not exist yet. Default: yesterday in Japan.")
    ] = None,
    known_at: Annotated[
        str | None,
        typer.Option(
            help="Files landed after this instant (ISO, JST if without offset) do not exist yet. Default: all."
        ),
    ] = None,
    allow_future: Annotated[bool, typer.Option("--allow-future", help="Take a day that has not come yet.")] = False,
    allow_fewer_loads: Annotated[
        bool,
        typer.Option(
            "--allow-fewer-loads",
            help="Replace a warehouse although it knows files that landing has not: they leave the books.",
        ),
    ] = False,
    full: Annotated[bool, typer.Option("--full", help="Build everything anew. Every build does so for now.")] = True,
    tests: Annotated[bool, typer.Option(help="Also run the dbt data tests; a failure keeps the old warehouse.")] = True,
    as_json: Json = False,
) -> None:
    """Build the warehouse from landing and put it in place; readers see the old one until then.

    Example: osame build --as-of 2026-05-31
    """
    from warehouse.build import build as build_warehouse

    del full
    with told():
        day = book_day(as_of, allow_future=allow_future)
        moment = _instant(known_at) if known_at else None
        with progress() as bar:
            task = bar.add_task("building", total=None)

            def step(done: int, total: int, name: str) -> None:
                bar.update(task, completed=done, total=total or None, description=name)

            built = build_warehouse(
                open_home(),
                day,
                known_at=moment,
                allow_fewer_loads=allow_fewer_loads,
                with_tests=tests,
                progress=step,
                waiting=waits("another osame process builds, or writes to landing"),
            )
    if as_json:
        print_json({"as_of": day, "nodes": built.nodes, "warnings": built.warnings, "seconds": built.seconds})
        return
    for warning in built.warnings:
        err.print(f"[yellow]warning:[/] {warning}")
    out.print(f"built as of {day.isoformat()}: {built.nodes} models, seeds and tests")


def _instant(text: str) -> datetime:
    try:
        return instant(text)
    except ValueError:
        raise OsameError(
            f"--known-at: {text!r} is no instant",
            "write it like 2026-05-31T18:00:00 (JST) or 2026-05-31T09:00:00Z",
        ) from None


@app.command("begin-landing")
def begin_landing(
    despite_loss: Annotated[
        bool,
        typer.Option("--despite-loss", help="What had landed in the lost store is not in the new one: I know."),
    ] = False,
) -> None:
    """Begin an empty landing store where the one that was there is lost for good. A store that is there is not touched.

    No other command does this: everything that had landed is then no longer in the books until its files are landed
    again, and the next build has to be told so (--allow-fewer-loads).

    Example: osame begin-landing --despite-loss
    """
    from warehouse.connection import landing_traces
    from warehouse.stores import begin_landing as begin

    with told():
        home = open_home()
        if landing_traces(home) and not despite_loss:
            raise OsameError(
                f"files have landed in {home.root} before: {', '.join(landing_traces(home))} tell so",
                "put landing.duckdb back from its backup; only if it is lost for good, give --despite-loss",
            )
        begun = begin(home)
    out.print(f"{home.landing}: {'an empty store was begun' if begun else 'is there; nothing was done'}", markup=False)


@app.command()
def sql(
    query: Annotated[str, typer.Argument(help="A query on the published warehouse.")],
    layout: Annotated[str, typer.Option("--format", help="table, csv or json.")] = "table",
) -> None:
    """Ask the warehouse, read-only.

    Example: osame sql "select state, count(*) from fct_dues group by 1" --format csv
    """
    import duckdb

    from warehouse.connection import open_warehouse

    with told():
        if layout not in ("table", "csv", "json"):
            raise OsameError(f"--format: {layout!r} is unknown", "use table, csv or json")
        connection = open_warehouse(find_home())
        try:
            if not connection.extract_statements(query):
                raise OsameError(f"{query!r} is no query", 'write one, such as: osame sql "show tables"')
            cursor = connection.execute(query)
            names = [column[0] for column in cursor.description or []]
            rows = cursor.fetchall()
        except duckdb.Error as error:
            raise OsameError(f"the query failed: {error}", 'osame sql "show tables" lists the tables') from None
        finally:
            connection.close()
    if layout == "json":
        print_json([dict(zip(names, row, strict=True)) for row in rows])
    elif layout == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(names)
        writer.writerows(rows)
    else:
        table = Table(*names)
        for row in rows:
            table.add_row(*[_cell(name, value) for name, value in zip(names, row, strict=True)])
        out.print(table)


def _cell(name: str, value: object) -> Text:
    """A value of a table as it is: figures with separators, years and numbers of things without."""
    if value is None:
        return Text("")
    is_figure = isinstance(value, int) and not isinstance(value, bool) and not name.endswith(("_year", "_id", "_no"))
    return Text(f"{value:,}" if is_figure else str(value))


@scenario_app.command("run")
def scenario_run(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Scenario files or folders of them.")],
    as_json: Json = False,
) -> None:
    """Land scenarios into a temporary home, build the same models, and compare what comes out.

    Exit code 0: everything was as expected; 1: something was not; 2: a file is no scenario. A scenario that expects
    nothing shows what becomes of its dues and receipts.

    Example: osame scenario run tests/golden/scenarios
    """
    from warehouse.scenario.run import run_scenarios

    with told():
        paths = [p for f in files for p in (sorted(f.rglob("*.yml")) if f.is_dir() else [f])]
        if not paths:
            raise OsameError(f"no scenario in {', '.join(map(str, files))}", "name .yml files or a folder of them")
        with progress() as bar:
            task = bar.add_task("building", total=None)
            outcomes = run_scenarios(paths, lambda done, total: bar.update(task, completed=done, total=total))
    if as_json:
        print_json([outcome.as_dict() for outcome in outcomes])
    else:
        for outcome in outcomes:
            _show_outcome(outcome)
    if not all(outcome.passed for outcome in outcomes):
        raise typer.Exit(1)


def _show_outcome(outcome: Any) -> None:
    from warehouse.scenario.show import lines

    for mark, text in lines(outcome):
        if mark in _OUTCOME_MARKS:
            out.print(f"{_OUTCOME_MARKS[mark]}  ", end="")
        out.print(text if mark in _OUTCOME_MARKS else f"    {text}", markup=False, soft_wrap=True)


@scenario_app.command("new")
def scenario_new() -> None:
    """Print a scenario to start from.

    Example: osame scenario new > my-case.yml
    """
    sys.stdout.write((Path(__file__).parent.parent / "scenario" / "example.yml").read_text(encoding="utf-8"))


@app.command()
def trace(
    key: Annotated[str, typer.Argument(metavar="RECEIPT_ID|DUE_KEY|FILE", help="What to follow.")],
    as_json: Json = False,
) -> None:
    """Print the life of a yen: file and line, receipt, movements with their reasons, due, reports.

    Example: osame trace paid_slips_20260501.csv
    """
    from warehouse.trace import sentence
    from warehouse.trace import trace as follow

    with told():
        found = follow(find_home(), key)
    if as_json:
        print_json(vars(found))
        return
    for load in found.loads:
        out.print(
            f"file     {load['file_name']}  {load['format']}  {load['status']}  landed {load['landed_at']}",
            markup=False,
        )
    for due in found.dues:
        out.print(
            f"due      {due['due_key']}  納期限 {due['due_date']}  調定 {yen(due['assessed_yen'])}円  "
            f"未納 {yen(due['principal_balance_yen'])}円  延滞金 {yen(due['late_charge_yen'])}円  {due['state']}",
            markup=False,
        )
    for receipt in found.receipts:
        out.print("receipt  " + "  ".join(f"{k} {v}" for k, v in receipt.items() if v not in (None, 0)), markup=False)
    for movement in found.movements:
        if found.kind == "file":
            out.print("movement " + "  ".join(str(v) for v in movement.values()), markup=False)
        else:
            where = f"{movement['source_file']}:{movement['source_line']}"
            out.print(f"movement {movement['posted_date']}  {sentence(movement)}  [{where}]", markup=False)
    for report in found.reports:
        out.print(f"report   {report['report']}  {report['run']}  {report['path']}", markup=False)


@app.command()
def status(as_json: Json = False) -> None:
    """Show what has landed, what is built and what waits. Exit code 1 if something needs to be looked at.

    Example: osame status --json
    """
    from warehouse.status import status as read_status

    with told():
        state = read_status(find_home())
    if as_json:
        print_json(state)
    else:
        _show_status(state)
    if state["warnings"]:
        raise typer.Exit(1)


def _show_status(state: dict[str, Any]) -> None:
    out.print(f"home       {state['home']}", markup=False)
    out.print(
        f"inbox      {state['inbox_files']:,} files waiting; {state['rejected_files']:,} refused, to be looked at"
    )
    landed = state["landing"]
    out.print(
        f"landing    {landed['landed']:,} files, {landed['records']:,} records; "
        f"{landed['rejected']:,} refused, {landed['duplicate']:,} offered again, "
        f"{landed['quarantined']:,} rows quarantined"
    )
    built = state["warehouse"]
    if built is None:
        out.print("warehouse  not built yet -- run: osame build")
    else:
        late = "; files have landed since" if built["is_behind"] else ""
        out.print(
            f"warehouse  as of {built['as_of_date']}, {built['dues']:,} dues, {built['receipts']:,} receipts{late}"
        )
    tried = state["last_build"]
    if tried is not None:
        out.print(f"last build {tried['state']}, as of {tried['as_of']}, begun {tried['started_at']}", markup=False)
    out.print(f"published  {state['published_runs']:,} report runs")
    for warning in state["warnings"]:
        out.print(f"[yellow]warning[/]    {escape(warning['name'])}: {escape(warning['found'])}")
        out.print(f"           -> {warning['advice']}", markup=False)


@app.command()
def doctor(
    full: Annotated[
        bool, typer.Option("--full", help="Read every store and every archived file wholly, however long it takes.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Check this machine and home: what is missing or damaged, and what to do. Exit code 1 if something is.

    Example: osame doctor --full
    """
    from warehouse.doctor import examine

    with told():
        checks = examine(find_home(), full=full)
    if as_json:
        print_json([vars(check) for check in checks])
    else:
        for check in checks:
            mark = "[green]ok[/]  " if check.passed else "[red]not[/] "
            out.print(f"{mark} {escape(check.name)}: {escape(check.found)}")
            if not check.passed:
                out.print(f"     -> {check.advice}", markup=False)
    if not all(check.passed for check in checks):
        raise typer.Exit(1)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []})
def dbt(context: typer.Context) -> None:
    """Run dbt with this home's settings and keys, into a scratch build that is not published.

    Example: osame dbt ls --resource-type model
    """
    from warehouse.build import dbt_session

    with told(), dbt_session(open_home(), yesterday()) as (environment, arguments):
        words = context.args or ["--help"]
        if "--help" in words:
            arguments = []
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-m", "dbt.cli.main", *words, *arguments],
            env={**os.environ, **environment},
            check=False,
        )
    raise typer.Exit(done.returncode)


@app.command()
def demo(
    population: Annotated[int, typer.Option(min=100, help="People in the city.")] = 5000,
    years: Annotated[int, typer.Option(min=1, max=20, help="Fiscal years of history.")] = 3,
    seed: Annotated[int, typer.Option(help="The same seed gives the same city.")] = 1,
) -> None:
    """Make a fictional city, land its files, build, check every receipt against the truth, and make the report.

    Uses $OSAME_HOME (default ./data): empties it first if a demo made it, and never touches an office's data.

    Example: osame demo --population 600 --years 2
    """
    from warehouse.demo import run_demo

    with told():
        run_demo(population, years, seed)


def _add_report() -> None:
    from reports import issue_cli
    from reports.cli import report

    app.command()(report)
    app.add_typer(issue_cli.app, name="issue")
    for command in (issue_cli.verify_certificate, issue_cli.withdraw_certificate):
        app.command()(command)


def main() -> None:
    """Entry point of the console script."""
    speak_utf8()
    _add_report()
    app()


if __name__ == "__main__":
    main()
