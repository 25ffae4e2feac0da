"""``osame report``: make reports from the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from osame.clock import now
from osame.console import told
from osame.home import open_home
from reports.catalog import Catalog, ReportEntry, load_catalog
from reports.errors import ReportFailedError, ReportParameterError, UnknownReportError

if TYPE_CHECKING:  # papermill and nbformat take two seconds that no other command should pay
    from reports.run import RunResult

_FAILED = 1


def report(
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Ids of reports; see --list.")] = None,
    parameters: Annotated[
        list[str] | None, typer.Option("-p", "--parameter", metavar="NAME=VALUE", help="A parameter; may be repeated.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every report that has a cadence.")] = False,
    listing: Annotated[
        bool, typer.Option("--list", help="Show the reports and their parameters; run nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array; its keys are stable.")] = False,
) -> None:
    """Make reports from the warehouse and print where they are.

    Every parameter of every report named is checked before the first one runs.
    Exit code 0: all made; 1: one or more failed (see its log); 2: nothing was run.

    Example: osame report daily_collection -p month=2026-05
    """
    from reports.notebook import check_contract, read_notebook

    with told():
        catalog = load_catalog()
        if listing:
            _show_catalog(catalog)
            return
        given = _parse(parameters or [])
        entries = _chosen(catalog, ids or [], every)
        for entry in entries:
            entry.check(given)
            check_contract(read_notebook(entry.notebook_path), entry)
        results = _run_all(entries, given)
    _print(results, as_json)
    if any(result.status != "finished" for result in results):
        raise typer.Exit(_FAILED)


def _parse(parameters: list[str]) -> dict[str, str]:
    given: dict[str, str] = {}
    problems = []
    for text in parameters:
        name, separator, value = text.partition("=")
        if not separator or not name:
            problems.append(f"found -p {text!r}, expected -p name=value")
        elif name in given:
            problems.append(f'parameter "{name}" is given twice')
        else:
            given[name] = value
    if problems:
        raise ReportParameterError("(command line)", problems)
    return given


def _chosen(catalog: Catalog, ids: list[str], every: bool) -> list[ReportEntry]:
    if every and ids:
        raise UnknownReportError("found both report ids and --all", "give one or the other")
    if every:
        return [entry for entry in catalog.reports if entry.cadence is not None]
    if not ids:
        raise UnknownReportError(
            "no report was named", "name one, or give --all; see the reports with: osame report --list"
        )
    return [catalog.get(report_id) for report_id in dict.fromkeys(ids)]


def _run_all(entries: list[ReportEntry], given: dict[str, str]) -> list[RunResult]:
    from osame.code_version import code_version
    from reports.run import RunResult, run_report

    home, version = open_home(), code_version()
    console = Console(stderr=True)
    results = []
    for number, entry in enumerate(entries, start=1):
        with console.status(f"{entry.id} ({number} of {len(entries)})"):
            try:
                results.append(run_report(home, entry.id, given, now(), version))
            except (OSError, ReportFailedError) as error:  # something is in its way: the others do not wait for it
                results.append(RunResult(entry.id, "", "failed", home.published / entry.id, (), (), _sentence(error)))
    return results


def _sentence(error: OSError | ReportFailedError) -> str:
    if isinstance(error, ReportFailedError):
        return str(error)
    return (
        f"{error.filename or 'a file'}: {error.strerror or error}\n"
        "  -> look at free space and permissions (osame doctor), then run the same command again"
    )


def _print(results: list[RunResult], as_json: bool) -> None:
    if as_json:
        content = [
            {
                "report_id": result.report_id,
                "run_id": result.run_id,
                "status": result.status,
                "page": str(result.page),
                "warnings": list(result.warnings),
                "error": result.error,
            }
            for result in results
        ]
        typer.echo(json.dumps(content, ensure_ascii=False, indent=1))
        return
    for result in results:
        if result.status == "finished":
            typer.echo(str(result.page))
        else:
            log = f"\n  -> the log is {result.page}" if result.run_id else ""
            typer.echo(f"{result.report_id} failed: {result.error}{log}", err=True)


def _show_catalog(catalog: Catalog) -> None:
    table = Table("report", "title", "cadence", "parameters", title="osame report ID -p name=value")
    for entry in catalog.reports:
        lines = [
            f"{parameter.name} ({parameter.type}, {'required' if parameter.required else 'optional'}): "
            f"{parameter.label_ja}。{parameter.description}"
            for parameter in entry.parameters
        ]
        table.add_row(entry.id, entry.title_ja, entry.cadence or "on demand", "\n".join(lines))
    Console().print(table)
