"""``osame demo``: a fictional city, from its files to its report."""

from __future__ import annotations

from typing import Annotated

import typer

from ingestion.town.make import SMALLEST
from osame.console import told
from reports.demo import run_demo


def demo(
    population: Annotated[int, typer.Option(min=SMALLEST, help="People in the city.")] = 5000,
    years: Annotated[int, typer.Option(min=1, max=20, help="Fiscal years of history.")] = 3,
    seed: Annotated[int, typer.Option(help="The same seed gives the same city.")] = 1,
) -> None:
    """Make a fictional city, land its files, build, check every receipt against the truth, and make the report.

    Uses $OSAME_HOME (default ./data): empties it first if a demo made it, and never touches an office's data.

    Example: osame demo --population 600 --years 2
    """
    with told():
        run_demo(population, years, seed)
