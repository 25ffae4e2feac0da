"""A list of a report: rows of an Ibis expression, with labels, words, sums and rates, for the page and the workbook.

A column's name says what it is: ``_yen`` and ``_count`` are figures and are summed (``_to_date_yen`` is a running total
and is not), ``_permille`` and ``_rate`` are rates, ``_year`` and ``_month`` are written in 和暦. Its label comes from
the models' YAML, the words of its codes from the seeds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from reports.look import text
from reports.look.labels import label_of
from warehouse import words

Row = dict[str, Any]
Cell = str | int | Decimal | date | datetime | None

_SUMMED = ("_yen", "_count")
_RUNNING = "_to_date_yen"  # what is summed already, row by row
_FIGURES = (*_SUMMED, "_permille", "_rate", "_order", "score", "_line", "candidate_no")


@dataclass(frozen=True, slots=True)
class ListColumn:
    """One column. ``names``: code -> name, where its codes are shown by their names."""

    name: str
    label: str
    names: Mapping[Any, str] | None = None

    @property
    def is_figure(self) -> bool:
        return is_figure(self.name)

    def cell(self, value: Any, is_sum: bool = False) -> Cell:
        """The value as a workbook has it: words for codes, rates in percent with one decimal."""
        if self.names is not None:
            return None if value is None and (is_sum or None not in self.names) else self._word(value)
        if value is None or isinstance(value, datetime):
            return value
        if isinstance(value, bool):
            return "はい" if value else "いいえ"
        if self.name.endswith("_year"):
            return text.fiscal_year(int(value))
        if self.name.endswith("_month"):
            return text.month(value)
        if self.name.endswith("_permille"):
            return Decimal(value).scaleb(-1)
        if self.name.endswith("_rate"):
            return Decimal(value).scaleb(2).quantize(Decimal("0.1"), ROUND_HALF_UP)
        found: Cell = value
        return found

    def _word(self, code: Any) -> str:
        """The name of a code; one that has none is shown as it is."""
        key = None if code is None else str(code).lower() if isinstance(code, bool) else str(code)
        return (self.names or {}).get(key, str(code))

    def shown(self, value: Any, is_sum: bool = False) -> str:
        """The value as the page shows it; nothing where there is none."""
        cell = self.cell(value, is_sum)
        if cell is None:
            return ""
        if isinstance(cell, datetime):
            return text.moment(cell)
        if isinstance(cell, date):
            return text.short_wareki(cell)
        if self.name.endswith("_line"):
            return str(cell)
        return text.yen(cell) if isinstance(cell, int) else str(cell).replace("-", "▲", isinstance(cell, Decimal))


@dataclass(frozen=True, slots=True)
class ListRow:
    """One row by column name; a sum has only the columns that it is kept by, and its figures."""

    values: Row
    is_sum: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """One list: what it is called on the page and in the workbook (if it has a sheet there), its columns, its rows.

    ``hidden``: columns of the workbook that the page leaves out. ``group``: the column whose values head groups of rows
    on the page. ``counted``: whether it is among the figures by which a report is recognised when it is made again.
    """

    name: str
    sheet: str
    caption: str
    nothing: str
    columns: list[ListColumn]
    rows: list[ListRow]
    hidden: tuple[str, ...] = ()
    group: str | None = None
    counted: bool = True
    notes: list[str] = field(default_factory=list)

    @property
    def base(self) -> list[Row]:
        """The rows without the sums."""
        return [row.values for row in self.rows if not row.is_sum]

    def total(self, column: str) -> int:
        """The sum of a column over the rows that are no sums."""
        return sum(row[column] or 0 for row in self.base)

    def figures(self) -> list[list[Any]]:
        """All values in their order, for the checksum."""
        names = [column.name for column in self.columns]
        return [names, *([row.values.get(name) for name in names] for row in self.rows)]


def is_figure(name: str) -> bool:
    """Whether a column of this name is aligned and written as a figure."""
    return name.endswith(_FIGURES)


def columns_of(
    names: Sequence[str],
    tables: Sequence[str],
    labels: Mapping[str, str],
    code_names: Mapping[str, Mapping[Any, str]],
) -> list[ListColumn]:
    """The columns of a list.

    Args:
        names: of the columns.
        tables: that they come from; their YAML has the labels.
        labels: of columns that no table has, and of those that this list calls otherwise.
        code_names: by column, names of codes that a table of the warehouse has (科目, 納付方法).

    Raises:
        ValueError: a column has no label.
    """
    found, nameless = [], []
    for name in names:
        known = code_names.get(name)
        domain = words.domain_of(name, tuple(tables))
        if known is None and domain is not None:
            known = words.words(domain)
        label = labels.get(name) or label_of(name, tables)
        if label is None:
            nameless.append(name)
        elif name not in labels and name in code_names:
            label = label.removesuffix("コード")
        found.append(ListColumn(name, label or name, known))
    if nameless:
        raise ValueError(
            f"no label for {', '.join(nameless)}: none of {', '.join(tables) or 'no table'} has it; give labels="
        )
    return found


def in_order(rows: Sequence[Row], keys: Sequence[str], tables: Sequence[str]) -> list[Row]:
    """Rows by ``keys``: codes in the order of the office, all else ascending, what is missing last."""
    domains = {key: words.domain_of(key, tuple(tables)) for key in keys}

    def place(row: Row, key: str) -> tuple[bool, Any]:
        value, domain = row[key], domains[key]
        if value is None:
            return (True, 0)
        return (False, words.position(domain, value) if domain is not None else value)

    return sorted(rows, key=lambda row: [place(row, key) for key in keys])


def with_sums(rows: Sequence[Row], keys: Sequence[str], kept: Sequence[Sequence[str]]) -> list[ListRow]:
    """The rows with sums in between, each behind the rows that it sums.

    Args:
        rows: in their order.
        keys: the columns that tell the rows from each other, in the order of the list.
        kept: for each kind of sum, the columns by which it is kept apart; none for the sum of all.
    """
    names = [name for name in (rows[0] if rows else {}) if name.endswith(_SUMMED) and not name.endswith(_RUNNING)]
    placed: list[tuple[tuple[int, int, int, int, int], ListRow]] = [
        ((number, 0, 0, 0, 0), ListRow(row)) for number, row in enumerate(rows)
    ]
    for kind, columns in enumerate(kept):
        shared = 0
        while shared < len(keys) and keys[shared] in columns:
            shared += 1
        last = {tuple(row[key] for key in keys[:shared]): number for number, row in enumerate(rows)}
        sums: dict[tuple[Any, ...], tuple[int, Row]] = {}
        for number, row in enumerate(rows):
            group = tuple(row[column] for column in columns)
            first, total = sums.setdefault(group, (number, dict.fromkeys(names, 0)))
            for name in names:
                total[name] += row[name] or 0
        for group, (first, total) in sums.items():
            after = last[tuple(rows[first][key] for key in keys[:shared])]
            values = dict.fromkeys(rows[0]) | dict(zip(columns, group, strict=True)) | total
            placed.append(((after, 1, -shared, kind, first), ListRow(values, is_sum=True)))
    return [row for _, row in sorted(placed, key=lambda item: item[0])]


def with_rates(rows: list[ListRow], rates: Mapping[str, tuple[str, str]], shares: Mapping[str, str]) -> None:
    """Add rates in tenths of a percent, half up, in whole numbers; nothing where there is no base.

    Args:
        rows: changed in place, sums too.
        rates: by the new column, the columns whose quotient it is.
        shares: by the new column, the column of whose total it is the part.
    """
    totals = {part: sum(row.values[part] or 0 for row in rows if not row.is_sum) for part in shares.values()}
    for row in rows:
        row.values.update({name: permille(row.values[part], row.values[base]) for name, (part, base) in rates.items()})
        row.values.update({name: permille(row.values[part], totals[part]) for name, part in shares.items()})


def permille(part: int | None, base: int | None) -> int | None:
    """Tenths of a percent, half up.

    >>> permille(1, 3), permille(1, 2000), permille(1, 0)
    (333, 1, None)
    """
    return None if not base or base < 0 or part is None else (2000 * part + base) // (2 * base)
