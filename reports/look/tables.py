"""Tables of a page, made with great-tables: a caption, row and column headers in the markup, right-aligned figures."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import pyarrow as pa
from great_tables import GT, loc, style

from reports.look import text
from reports.look.html import Html, join, paragraph
from reports.look.listing import ListColumn, Listing

LONGEST_LIST = 100
"""Rows of a list on the page; the workbook always has all of them."""

Align = Literal["left", "right", "center"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its header, its alignment, and the header above it if several share one."""

    label: str
    align: Align = "right"
    spanner: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One row: the text of its header cell, the other cells, its group, and whether it is a sum."""

    header: str
    cells: Sequence[str]
    group: str | None = None
    is_sum: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table before it is markup. ``header`` labels the column of row headers."""

    table_id: str
    caption: str
    header: str
    columns: Sequence[Column]
    lines: Sequence[Line] = field(default_factory=list)


def render(table: Table) -> Html:
    """The table as markup. The page's style sheet dresses it, so great-tables' own style is left out."""
    grouped = any(line.group for line in table.lines)
    content = {"header": [line.header for line in table.lines]}
    if grouped:
        content["group"] = [line.group or "" for line in table.lines]
    for number in range(len(table.columns)):
        content[f"c{number}"] = [line.cells[number] for line in table.lines]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="PyArrow Table support is currently experimental")
        built = _dress(
            GT(
                pa.table(content),
                id=table.table_id,
                rowname_col="header",
                groupname_col="group" if grouped else None,
            ).tab_stubhead(table.header),
            table,
        )
        markup = built.as_raw_html()
    found = re.search(r"<table.*</table>", markup, re.DOTALL)
    body = found.group(0) if found else ""
    caption = Html('<caption id="{}-caption">{}</caption>').format(table.table_id, table.caption)
    body = re.sub(r"<table[^>]*>", lambda _: f"<table>{caption}", body, count=1)
    return Html('<div class="table" role="region" tabindex="0" aria-labelledby="{}-caption">{}</div>').format(
        table.table_id, Html(body)
    )


def _dress(built: GT, table: Table) -> GT:
    built = built.cols_label({f"c{number}": column.label for number, column in enumerate(table.columns)})
    for align in ("left", "right", "center"):
        names = [f"c{number}" for number, column in enumerate(table.columns) if column.align == align]
        if names:
            built = built.cols_align(align, names)
    for spanner in dict.fromkeys(column.spanner for column in table.columns if column.spanner):
        names = [f"c{number}" for number, column in enumerate(table.columns) if column.spanner == spanner]
        built = built.tab_spanner(spanner, names)
    sums = [number for number, line in enumerate(table.lines) if line.is_sum]
    if sums:
        heavy = [style.text(weight="bold"), style.fill("#f3f4f6")]
        built = built.tab_style(heavy, loc.body(rows=sums)).tab_style(heavy, loc.stub(rows=sums))
    return built


def listed(listing: Listing) -> Html:
    """A list as a table of the page, of a long one the first rows; its sentence where it is empty."""
    if not listing.rows:
        return paragraph(listing.nothing)
    shown = [column for column in listing.columns if column.name not in (*listing.hidden, listing.group)]
    grouped = next((column for column in listing.columns if column.name == listing.group), None)
    lines = []
    for row in listing.rows[:LONGEST_LIST]:
        cells = [column.shown(row.values.get(column.name), row.is_sum) for column in shown]
        group = None if grouped is None else grouped.shown(row.values.get(grouped.name), row.is_sum) or "合計"
        if row.is_sum and "" in cells:
            cells[cells.index("")] = "計"
        lines.append(Line(cells[0], cells[1:], group, is_sum=row.is_sum))
    columns = [_column(column) for column in shown[1:]]
    table = render(Table(listing.name.replace("_", "-"), listing.caption, shown[0].label, columns, lines))
    notes = [*listing.notes]
    if len(listing.rows) > LONGEST_LIST:
        notes.append(
            f"{text.count(len(listing.rows))}行のうち{LONGEST_LIST}行を表示しました。"
            f"全件はブックの「{listing.sheet}」にあります。"
        )
    return join(table, *(text.note(note) for note in notes))


def _column(column: ListColumn) -> Column:
    """A figure whose label has two parts (収納額・本税) stands below the first."""
    above, dot, label = column.label.partition("・")
    if column.is_figure and dot:
        return Column(label, spanner=above)
    return Column(column.label, "right" if column.is_figure else "left")


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure that a reader sees first: its name, value, unit and what must be known of it."""

    name: str
    value: int
    unit: str = "円"
    remark: str = ""


def key_figures(figures: Sequence[Figure]) -> Html:
    """The figures that a head of finance reads first; the first one leads."""
    items = [
        Html("<div{}><dt>{}</dt><dd><b>{}</b><small>{}</small></dd>{}</div>").format(
            Html(" class=lead") if number == 0 else "",
            figure.name,
            text.yen(figure.value),
            figure.unit,
            Html("<dd class=remark>{}</dd>").format(figure.remark) if figure.remark else "",
        )
        for number, figure in enumerate(figures)
    ]
    return Html('<dl class="key-figures">{}</dl>').format(Html("").join(items))
