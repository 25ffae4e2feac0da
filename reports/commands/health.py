"""``osame status`` and ``osame doctor``: what there is, what waits, and what is wrong."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.markup import escape

from osame.console import Json, out, print_json, told
from osame.home import find_home
from warehouse.doctor import examine
from warehouse.status import status as read_status


def status(as_json: Json = False) -> None:
    """Show what has landed, what is built and what waits. Exit code 1 if something needs to be looked at.

    Example: osame status --json
    """
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


def doctor(
    full: Annotated[
        bool, typer.Option("--full", help="Read every store and every archived file wholly, however long it takes.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Check this machine and home: what is missing or damaged, and what to do. Exit code 1 if something is.

    Example: osame doctor --full
    """
    from reports.documents.fonts import examine_fonts  # with Typst: `osame status` does not need it, nor may lack it

    with told():
        home = find_home()
        checks = [*examine(home, full=full), examine_fonts(home)]
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
