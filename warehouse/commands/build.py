"""``osame build`` and ``osame dbt``: the warehouse from landing."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime
from typing import Annotated

import typer

from osame.clock import instant, yesterday
from osame.console import Json, book_day, err, out, print_json, progress, told, waits
from osame.errors import OsameError
from osame.home import open_home
from warehouse.build import build as build_warehouse
from warehouse.build import dbt_session


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


def dbt(context: typer.Context) -> None:
    """Run dbt with this home's settings and keys, into a scratch build that is not published.

    Example: osame dbt ls --resource-type model
    """
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
