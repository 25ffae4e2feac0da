"""``osame sql``: a question to the published warehouse."""

from __future__ import annotations

import csv
import sys
from typing import Annotated

import duckdb
import typer
from rich.cells import cell_len
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from osame.console import out, print_json, told
from osame.errors import OsameError
from osame.home import find_home
from osame.stores import open_warehouse

_WIDEST = 1 << 20  # columns of a terminal: no table has so many


def sql(
    query: Annotated[str, typer.Argument(help="A query on the published warehouse.")],
    layout: Annotated[str, typer.Option("--format", help="table, csv or json.")] = "table",
) -> None:
    """Ask the warehouse, read-only.

    Example: osame sql "select state, count(*) from fct_dues group by 1" --format csv
    """
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
        _show(names, [[_cell(name, value) for name, value in zip(names, row, strict=True)] for row in rows])


def _show(names: list[str], rows: list[list[Text]]) -> None:
    """A table where it has room, else a block of lines for each row: nothing is cut, least of all a number."""
    table = Table(*names)
    for row in rows:
        table.add_row(*row)
    needed = Measurement.get(out, out.options.update(width=_WIDEST), table).maximum
    if needed <= out.width or not out.is_terminal:
        Console(width=max(needed, out.width), highlight=False).print(table)
        return
    longest = max(map(cell_len, names))
    for number, row in enumerate(rows, start=1):
        out.print(f"-- {number} of {len(rows):,} --", markup=False)
        for name, cell in zip(names, row, strict=True):
            out.print(Text(f"{name}{' ' * (longest - cell_len(name))}  ").append(cell))
    if not rows:
        out.print("no row")


def _cell(name: str, value: object) -> Text:
    """A value of a table as it is: figures with separators, years and numbers of things without."""
    if value is None:
        return Text("")
    is_figure = isinstance(value, int) and not isinstance(value, bool) and not name.endswith(("_year", "_id", "_no"))
    return Text(f"{value:,}" if is_figure else str(value))
