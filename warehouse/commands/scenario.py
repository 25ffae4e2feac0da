"""``osame scenario``: hand-written cases through the real models."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from osame.console import Json, out, print_json, progress, told
from osame.errors import OsameError
from osame.home import CODE
from warehouse.scenario.run import run_scenarios
from warehouse.scenario.show import lines

app = typer.Typer(help="Hand-written cases through the real models.", no_args_is_help=True)
_OUTCOME_MARKS = {
    "pass": "[green]pass[/]",
    "FAIL": "[red]FAIL[/]",
    "ran": "[blue]ran [/]",
    "ok": "    [green]ok [/]",
    "not": "    [red]not[/]",
}


@app.command("run")
def scenario_run(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Scenario files or folders of them.")],
    as_json: Json = False,
) -> None:
    """Land scenarios into a temporary home, build the same models, and compare what comes out.

    Exit code 0: everything was as expected; 1: something was not; 2: a file is no scenario. A scenario that expects
    nothing shows what becomes of its dues and receipts.

    Example: osame scenario run tests/golden/scenarios
    """
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

    for mark, text in lines(outcome):
        if mark in _OUTCOME_MARKS:
            out.print(f"{_OUTCOME_MARKS[mark]}  ", end="")
        out.print(text if mark in _OUTCOME_MARKS else f"    {text}", markup=False, soft_wrap=True)


@app.command("new")
def scenario_new() -> None:
    """Print a scenario to start from.

    Example: osame scenario new > my-case.yml
    """
    sys.stdout.write((CODE / "warehouse" / "scenario" / "example.yml").read_text(encoding="utf-8"))
