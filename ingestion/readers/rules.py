"""Rules that a layout names because its fields and totals alone cannot say them.

Two registries: ``RECORD_RULES`` (run over a decoded file, either before its totals are compared because they change a
column, or after) and ``ROLE_RULES`` (which of several meanings a file with these bytes has).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ingestion import barcode
from ingestion.layout import FieldDef, Layout, LayoutError
from ingestion.readers.collector import Collector
from ingestion.readers.columns import all_digits, matches, printable
from ingestion.readers.decoded import Context
from ingestion.readers.findings import in_yen
from osame.bilingual import said

Kind = Literal["header", "data", "trailer", "end"]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
Array: TypeAlias = pa.Array | pa.ChunkedArray


@dataclass
class FixedFile:
    """A fixed-length file while it is being checked. Record numbers count from 0 here, groups too."""

    layout: Layout
    context: Context
    collector: Collector
    matrix: NDArray[np.uint8]
    rows: dict[Kind, Ints]
    data_group: Ints  # header group of each data record, -1 before the first header
    trailer_of: Ints  # position in rows["trailer"] of each group's trailer, -1 if it has none
    columns: dict[Kind, dict[str, Array]] = field(default_factory=dict)
    role: str | None = None
    unchecked: set[int] = field(default_factory=set)  # groups of a result that have no result totals

    @property
    def groups(self) -> int:
        return len(self.rows["header"])

    def definition(self, kind: Kind, name: str) -> FieldDef:
        for f in self.layout.records[kind].fields:
            if f.name == name:
                return f
        raise LayoutError(f"{self.layout.id}: a rule or total that it names needs the field {name!r} of the {kind}")

    def _column(self, kind: Kind, name: str) -> Array:
        column = self.columns[kind].get(self.definition(kind, name).name)
        if column is None or not pa.types.is_integer(column.type):
            raise LayoutError(f"{self.layout.id}: {name!r} of the {kind} must be a number: a rule or total counts it")
        return column

    def raw(self, kind: Kind, name: str) -> NDArray[np.uint8]:
        """Bytes of one field over the records of a kind."""
        definition = self.definition(kind, name)
        return self.matrix[:, int(definition.start or 1) - 1 : definition.end][self.rows[kind]]

    def numbers(self, kind: Kind, name: str) -> Ints:
        """A number column, missing as 0."""
        column = pc.fill_null(self._column(kind, name), 0)
        return np.asarray(column.to_numpy() if isinstance(column, pa.ChunkedArray) else column.to_numpy(False))

    def present(self, kind: Kind, name: str) -> Mask:
        valid = pc.is_valid(self._column(kind, name))
        return np.asarray(valid.to_numpy() if isinstance(valid, pa.ChunkedArray) else valid.to_numpy(False))

    def lines(self, kind: Kind) -> Ints:
        return self.rows[kind] + 1

    def per_group(self, values: Ints) -> Ints:
        """Sum of one whole number per data record over each group, exact (int64)."""
        running = np.concatenate([[0], np.cumsum(values, dtype=np.int64)])
        edges = np.searchsorted(self.data_group, np.arange(self.groups + 1))
        return np.asarray(running[edges[1:]] - running[edges[:-1]], dtype=np.int64)

    def trailer_line(self, group: int) -> int:
        return int(self.rows["trailer"][self.trailer_of[group]]) + 1

    def at(self, kind: Kind, name: str, group: int) -> int:
        """A number of a group's header or trailer, missing as 0."""
        row = group if kind == "header" else int(self.trailer_of[group])
        return int(self.numbers(kind, name)[row])


@dataclass(frozen=True)
class RecordRule:
    """``before_totals`` rules may change columns; the others only report."""

    run: Callable[[FixedFile], None]
    before_totals: bool = False


def _effective_amount(file: FixedFile) -> None:
    """振込入金通知 format B: 金額(2) is the amount when 金額(1) is all zero (FORMATS §1.3)."""
    first, second = file.numbers("data", "amount_yen"), file.numbers("data", "amount2_yen")
    both = np.flatnonzero((first != 0) & (second != 0))
    definition = file.definition("data", "amount2_yen")
    file.collector.errors_at(
        "ING-067",
        file.lines("data")[both],
        definition.start,
        definition.label_ja,
        lambda i: said(
            f"{second[both[i]]:,} yen beside {first[both[i]]:,} yen",
            f"{first[both[i]]:,}円のほかに{second[both[i]]:,}円",
        ),
        said("0 in one of the two amounts", "2つの金額の一方は0"),
    )
    missing = ~file.present("data", "amount_yen")
    file.columns["data"]["amount_yen"] = pa.array(np.where(first == 0, second, first), mask=missing)


def _gs1_barcode(file: FixedFile) -> None:
    """The 44 digits begin with 91, end in their check digit and carry an amount (FORMATS §2.1)."""
    definition = file.definition("data", "barcode")
    start, label = int(definition.start or 1), definition.label_ja
    raw = file.raw("data", "barcode")
    lines = file.lines("data")
    whole = all_digits(raw)
    prefix = np.flatnonzero(whole & ~matches(raw[:, :2], [barcode.APPLICATION_IDENTIFIER]))
    file.collector.errors_at(
        "ING-032",
        lines[prefix],
        start,
        label,
        lambda i: printable(raw[prefix[i], :2].tobytes()),
        repr(barcode.APPLICATION_IDENTIFIER),
    )
    wanted = barcode.check_digits(raw & np.uint8(0x0F))
    wrong = np.flatnonzero(whole & (wanted != (raw[:, -1] & 0x0F)))
    for index in np.unique(wanted[wrong]):
        at = wrong[wanted[wrong] == index]
        file.collector.errors_at(
            "ING-036",
            lines[at],
            definition.end,
            label,
            lambda i, at=at: printable(raw[at[i], -1:].tobytes()),  # type: ignore[misc]
            repr(str(index)),
        )
    amount = file.definition("data", str(file.layout.amount))
    empty = np.flatnonzero(whole & (file.numbers("data", amount.name) == 0))
    file.collector.errors_at(
        "ING-067", lines[empty], amount.start, amount.label_ja, lambda _i: in_yen(0), said("an amount", "金額")
    )


def _statement_balance(file: FixedFile) -> None:
    """取引前残高 + 入金 - 出金 = 取引後残高, with the signs of 貸越区分 (FORMATS §1.4)."""
    amount = file.numbers("data", "amount_yen")
    paid_out = matches(file.raw("data", "direction_code"), ["2"])
    change = file.per_group(np.where(paid_out, -amount, amount))
    definition = file.definition("trailer", "closing_balance_yen")
    overdrawn_before = matches(file.raw("header", "opening_sign_code"), ["2"])
    overdrawn_after = matches(file.raw("trailer", "closing_sign_code"), ["2"])
    for group in range(file.groups):
        if file.trailer_of[group] < 0:
            continue
        opening = file.at("header", "opening_balance_yen", group) * (-1 if overdrawn_before[group] else 1)
        closing = file.at("trailer", "closing_balance_yen", group) * (
            -1 if overdrawn_after[file.trailer_of[group]] else 1
        )
        expected = opening + int(change[group])
        if closing != expected:
            line = file.trailer_line(group)
            found, wanted = in_yen(closing), in_yen(expected)
            file.collector.error("ING-042", line, definition.start, definition.label_ja, found, wanted)


RECORD_RULES: dict[str, RecordRule] = {
    "effective_amount": RecordRule(_effective_amount, before_totals=True),
    "gs1_barcode": RecordRule(_gs1_barcode),
    "statement_balance": RecordRule(_statement_balance),
}

_NO_TOTALS = said("no result totals", "結果の合計なし")
_RESULT_TOTALS = ("paid_count", "paid_yen", "failed_count", "failed_yen")


def _debit_totals(file: FixedFile, asked: str | None) -> str:
    """Request or result of a direct debit: the same bytes, told apart by the result totals (FORMATS §1.1).

    A request has all four result totals zero and every result code 0; a result has them filled. A group without
    records takes no side. Code 0 alone never makes a result: every record of a request carries it.
    """
    totals = {name: file.numbers("trailer", name) for name in _RESULT_TOTALS}
    failed = file.per_group((~matches(file.raw("data", "result_code"), ["0"])).astype(np.int64))
    size = file.per_group(np.ones(len(file.rows["data"]), np.int64))
    filled: list[int] = []
    empty: list[int] = []
    contradictory: list[int] = []
    for group in range(file.groups):
        if size[group] == 0 or file.trailer_of[group] < 0:
            continue
        if any(totals[name][file.trailer_of[group]] for name in _RESULT_TOTALS):
            filled.append(group)
        elif failed[group]:
            contradictory.append(group)
        else:
            empty.append(group)
    allowed = file.context.allow_missing_result_totals and file.context.format is not None
    if asked == "request":
        found = said("result totals or codes", "結果の合計又は結果コード")
        expected = said("zero totals and codes 0 (a request)", "結果の合計とコードが0（依頼データ）")
        _cannot_be(file, filled + contradictory, found, expected)
        return "request"
    if asked == "result" or filled or contradictory:
        missing = contradictory if asked is None else contradictory + empty
        if not allowed:
            expected = said(
                "振替済 and 振替不能 that add up to the total (a result)",
                "振替済と振替不能の計が合計と一致（結果データ）",
            )
            _cannot_be(file, missing, _NO_TOTALS, expected)
        if asked is None:
            same = said("the same kind in every header group", "すべてのヘッダで同じ種類")
            _cannot_be(file, empty, _NO_TOTALS, same)
        file.unchecked.update(contradictory + empty)
        return "result"
    return "request"


def _cannot_be(file: FixedFile, groups: list[int], found: str, expected: str) -> None:
    definition = file.definition("trailer", "paid_count")
    for group in groups:
        line = file.trailer_line(group)
        file.collector.error("ING-050", line, definition.start, definition.label_ja, found, expected)


ROLE_RULES: dict[str, Callable[[FixedFile, str | None], str]] = {"debit_totals": _debit_totals}
