"""What the reports read: SQL on the public tables, one frozen row class for each grain. Nobody else writes SQL.

Columns are named one by one and with their table, so a column that does not belong in a report cannot slip in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, TypeVar

import duckdb

from reports.errors import WrongWarehouseError
from reports.period import Period

TABLES = (
    "run_info",
    "dim_tax_items",
    "dim_channels",
    "rpt_daily_collection",
    "fct_receipts",
    "fct_remittances",
    "fct_suspense",
    "fct_loads",
)

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class RunInfo:
    """Which build of which city: ``as_of_date`` cuts on book dates, ``known_at`` (JST) on landing."""

    as_of_date: date
    known_at: datetime
    municipality_code: str
    municipality_name: str
    code_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """Final records only, in yen. revenue = 収入済 (gross of overpayments); collected = revenue and suspense."""

    receipt_count: int
    principal_yen: int
    reminder_fee_yen: int
    late_charge_yen: int
    overpaid_yen: int
    revenue_yen: int
    suspense_yen: int
    collected_yen: int
    refunded_yen: int
    offset_in_yen: int
    offset_out_yen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxItemLine(Amounts):
    """Tax item × 現年/滞繰 of one fiscal year; no tax item: suspense."""

    fiscal_year: int | None
    tax_item_code: str | None
    tax_item_name: str | None
    arrears_class: str


@dataclass(frozen=True, slots=True, kw_only=True)
class YearLine(Amounts):
    """A sub-total: one fiscal year × 現年/滞繰, or (no arrears class) one fiscal year."""

    fiscal_year: int | None
    arrears_class: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelLine(Amounts):
    """One channel (納付方法)."""

    channel_code: str | None
    channel_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DayLine(Amounts):
    """One day, with the running total of what was collected since the first day of the period."""

    posted_date: date
    cumulative_yen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DetailLine(Amounts):
    """The grain of the day book."""

    posted_date: date
    fiscal_year: int | None
    tax_item_code: str | None
    tax_item_name: str | None
    arrears_class: str
    channel_name: str
    branch_code: str | None


@dataclass(frozen=True, slots=True)
class DayChannel:
    """What one channel collected on one day, in yen."""

    posted_date: date
    channel_code: str | None
    channel_name: str
    collected_yen: int


@dataclass(frozen=True, slots=True)
class DayTotal:
    """What was collected on one day, in yen."""

    posted_date: date
    collected_yen: int


@dataclass(frozen=True, slots=True)
class CountYen:
    """A number of records and their yen."""

    count: int
    yen: int


@dataclass(frozen=True, slots=True)
class RemittanceLine:
    """One expected or found bulk credit. state: matched, pending, missing, different, unexpected."""

    remittance_id: str
    channel_code: str | None
    channel_name: str
    remittance_date: date | None
    expected_count: int
    expected_yen: int
    fee_yen: int
    credited_yen: int | None
    credited_date: date | None
    state: str
    difference_yen: int


@dataclass(frozen=True, slots=True)
class RemittanceChannel:
    """The bulk credits of one channel in the period."""

    channel_name: str
    expected_count: int
    expected_yen: int
    fee_yen: int
    credited_yen: int
    matched: int
    pending: int
    missing: int
    different: int
    unexpected: int


@dataclass(frozen=True, slots=True)
class SuspenseLine:
    """One payment that no due was found for. No names: only where the record is."""

    receipt_id: str
    channel_name: str
    received_date: date
    posted_date: date
    amount_yen: int
    balance_yen: int
    reason_code: str
    reason: str
    source_file: str
    source_line: int


@dataclass(frozen=True, slots=True)
class LoadLine:
    """One file that was offered. ``fed_period``: receipts of the period come from it."""

    load_id: str | None
    file_name: str
    sha256: str
    format: str | None
    status: str
    records: int
    amount_yen: int
    quarantined: int
    warnings: int
    landed_at: datetime
    reason: str | None
    fed_period: bool


@dataclass(frozen=True, slots=True)
class Watermark:
    """All files behind the warehouse: how many, and one digest of their sha256 values in order."""

    landed_files: int
    digest: str


@dataclass(frozen=True, slots=True)
class DailyCollection:
    """Everything that the report 日計表 shows."""

    period: Period
    totals: Amounts
    by_tax_item: list[TaxItemLine]
    by_year_and_class: list[YearLine]
    by_year: list[YearLine]
    by_channel: list[ChannelLine]
    by_day: list[DayLine]
    by_day_and_channel: list[DayChannel]
    year_before: list[DayTotal]
    detail: list[DetailLine]
    provisional: CountYen
    final_receipts: CountYen
    suspense_balance: CountYen
    remittances: list[RemittanceLine]
    remittance_channels: list[RemittanceChannel]
    suspense: list[SuspenseLine]
    loads: list[LoadLine]

    @property
    def is_empty(self) -> bool:
        """Nothing was collected, refunded or offset in the period."""
        return not self.by_tax_item


_MEASURES = (
    "receipt_count",
    "principal_yen",
    "reminder_fee_yen",
    "late_charge_yen",
    "overpaid_yen",
    "suspense_yen",
    "refunded_yen",
    "offset_in_yen",
    "offset_out_yen",
)
_REVENUE = "rpt.principal_yen + rpt.reminder_fee_yen + rpt.late_charge_yen + rpt.overpaid_yen"
_SUMS = ",\n    ".join(
    [f"cast(coalesce(sum(rpt.{name}), 0) as bigint) as {name}" for name in _MEASURES]
    + [
        f"cast(coalesce(sum({_REVENUE}), 0) as bigint) as revenue_yen",
        f"cast(coalesce(sum({_REVENUE} + rpt.suspense_yen), 0) as bigint) as collected_yen",
    ]
)
_FROM = """
from rpt_daily_collection as rpt
left join dim_tax_items as item on rpt.tax_item_code = item.tax_item_code
left join dim_channels as channel on rpt.channel_code = channel.channel_code
where rpt.posted_date between $first and $last
"""
# A row that holds provisional records only is no line of the day book.
_FINAL = _FROM + "and (" + " or ".join(f"rpt.{name} <> 0" for name in _MEASURES) + ")\n"
_CHANNEL_NAME = "coalesce(channel.channel_name, rpt.channel_code, '（納付方法なし）') as channel_name"


def _rows(connection: duckdb.DuckDBPyConnection, row_class: type[Row], sql: str, **parameters: date | str) -> list[Row]:
    cursor = connection.execute(sql, parameters)
    names = [column[0] for column in cursor.description or []]
    return [row_class(**dict(zip(names, values, strict=True))) for values in cursor.fetchall()]


def check_tables(connection: duckdb.DuckDBPyConnection, tables: Sequence[str] = TABLES) -> None:
    """Every one of ``tables`` is in the warehouse; by default those that every report needs.

    Raises:
        WrongWarehouseError: naming all that are missing.
    """
    found = {name for (name,) in connection.execute("select table_name from information_schema.tables").fetchall()}
    missing = [name for name in tables if name not in found]
    if missing:
        raise WrongWarehouseError(
            f"the warehouse lacks {', '.join(missing)}", "run: osame build (with this version of osame)"
        )


def run_info(connection: duckdb.DuckDBPyConnection) -> RunInfo:
    """The one row that says which build this warehouse is.

    A build without a cut on landing says so with the year 9999. What it knows is then what had landed by the last file:
    with that moment the same figures can be had again, with 9999 they cannot.

    Raises:
        WrongWarehouseError: there is not exactly one row.
    """
    rows = _rows(
        connection,
        RunInfo,
        """
select info.as_of_date,
    case
        when info.known_at < timestamp '9999-01-01 00:00:00' then info.known_at
        else (select coalesce(max(loaded.landed_at), info.as_of_date) from fct_loads as loaded)
    end as known_at,
    info.municipality_code, info.municipality_name, info.code_version
from run_info as info
""",
    )
    if len(rows) != 1:
        raise WrongWarehouseError(f"run_info has {len(rows)} rows, expected 1", "run: osame build")
    return rows[0]


def watermark(connection: duckdb.DuckDBPyConnection) -> Watermark:
    """The files behind this warehouse, in two values that can be compared years later."""
    rows = connection.execute("select sha256 from fct_loads where status = 'landed' order by sha256").fetchall()
    return Watermark(len(rows), hashlib.sha256("\n".join(value for (value,) in rows).encode()).hexdigest())


def daily_collection(connection: duckdb.DuckDBPyConnection, period: Period) -> DailyCollection:
    """Read everything that the 日計表 of ``period`` shows (book date: ``posted_date``, amounts in yen)."""
    days = {"first": period.first, "last": period.last}
    return DailyCollection(
        period=period,
        totals=_rows(connection, Amounts, f"select {_SUMS} {_FINAL}", **days)[0],
        by_tax_item=_by_tax_item(connection, days),
        by_year_and_class=_by_year(connection, days, "rpt.arrears_class"),
        by_year=_by_year(connection, days, "cast(null as varchar)"),
        by_channel=_by_channel(connection, days),
        by_day=_by_day(connection, days),
        by_day_and_channel=_by_day_and_channel(connection, days),
        year_before=_day_totals(connection, period.year_before()),
        detail=_detail(connection, days),
        provisional=_provisional(connection, period.last),
        final_receipts=_final_receipts(connection, days),
        suspense_balance=_suspense_balance(connection, period.last),
        remittances=_remittances(connection, days),
        remittance_channels=_remittance_channels(connection, days),
        suspense=_suspense(connection, period.last),
        loads=_loads(connection, days),
    )


def figures_sha256(data: DailyCollection) -> str:
    """One value for all figures of a report: equal when a past report is made again.

    The files that were merely offered in the period are not among the figures: a refused file changes no yen.
    """
    content = asdict(data)
    content["loads"] = sorted(line["sha256"] for line in content["loads"] if line["fed_period"])
    return hashlib.sha256(repr(sorted(content.items())).encode()).hexdigest()


def _by_tax_item(connection: duckdb.DuckDBPyConnection, days: dict[str, date]) -> list[TaxItemLine]:
    return _rows(
        connection,
        TaxItemLine,
        f"""
select rpt.fiscal_year, rpt.tax_item_code, item.tax_item_name, rpt.arrears_class,
    {_SUMS}
{_FINAL}
group by rpt.fiscal_year, rpt.tax_item_code, item.tax_item_name, rpt.arrears_class
order by rpt.fiscal_year nulls last, rpt.tax_item_code nulls last,
    case rpt.arrears_class when 'current' then 1 when 'carried_over' then 2 else 3 end
""",
        **days,
    )


def _by_year(connection: duckdb.DuckDBPyConnection, days: dict[str, date], arrears_class: str) -> list[YearLine]:
    return _rows(
        connection,
        YearLine,
        f"""
select rpt.fiscal_year, {arrears_class} as arrears_class,
    {_SUMS}
{_FINAL}
and rpt.tax_item_code is not null
group by rpt.fiscal_year, {arrears_class}
order by rpt.fiscal_year nulls last, case {arrears_class} when 'current' then 1 else 2 end
""",
        **days,
    )


def _by_channel(connection: duckdb.DuckDBPyConnection, days: dict[str, date]) -> list[ChannelLine]:
    return _rows(
        connection,
        ChannelLine,
        f"""
select rpt.channel_code, {_CHANNEL_NAME},
    {_SUMS}
{_FINAL}
group by rpt.channel_code, channel.channel_name
order by rpt.channel_code nulls last
""",
        **days,
    )


def _by_day(connection: duckdb.DuckDBPyConnection, days: dict[str, date]) -> list[DayLine]:
    return _rows(
        connection,
        DayLine,
        f"""
with daily as (
    select rpt.posted_date,
    {_SUMS}
    {_FINAL}
    group by rpt.posted_date
)

select daily.posted_date, {", ".join(f"daily.{name}" for name in _MEASURES)}, daily.revenue_yen, daily.collected_yen,
    cast(sum(daily.collected_yen) over (order by daily.posted_date) as bigint) as cumulative_yen
from daily
order by daily.posted_date
""",
        **days,
    )


def _by_day_and_channel(connection: duckdb.DuckDBPyConnection, days: dict[str, date]) -> list[DayChannel]:
    return _rows(
        connection,
        DayChannel,
        f"""
select rpt.posted_date, rpt.channel_code, {_CHANNEL_NAME},
    cast(sum({_REVENUE} + rpt.suspense_yen) as bigint) as collected_yen
{_FINAL}
group by rpt.posted_date, rpt.channel_code, channel.channel_name
order by rpt.posted_date, rpt.channel_code nulls last
""",
        **days,
    )


def _day_totals(connection: duckdb.DuckDBPyConnection, period: Period) -> list[DayTotal]:
    return _rows(
        connection,
        DayTotal,
        f"""
select rpt.posted_date, cast(sum({_REVENUE} + rpt.suspense_yen) as bigint) as collected_yen
{_FINAL}
group by rpt.posted_date
order by rpt.posted_date
""",
        first=period.first,
        last=period.last,
    )


def _detail(connection: duckdb.DuckDBPyConnection, days: dict[str, date]) -> list[DetailLine]:
    return _rows(
        connection,
        DetailLine,
        f"""
select rpt.posted_date, rpt.fiscal_year, rpt.tax_item_code, item.tax_item_name, rpt.arrears_class, {_CHANNEL_NAME},
    rpt.branch_code,
    {_SUMS}
{_FINAL}
group by rpt.posted_date, rpt.fiscal_year, rpt.tax_item_code, item.tax_item_name, rpt.arrears_class,
    rpt.channel_code, channel.channel_name, rpt.branch_code
order by rpt.posted_date, rpt.fiscal_year nulls last, rpt.tax_item_code nulls last, rpt.arrears_class desc,
    rpt.channel_code nulls last, rpt.branch_code nulls last
""",
        **days,
    )


def _provisional(connection: duckdb.DuckDBPyConnection, last: date) -> CountYen:
    # A 速報 of an earlier month that still waits for its 確報 is as open as one of this month.
    return _rows(
        connection,
        CountYen,
        """
select cast(coalesce(sum(rpt.provisional_count), 0) as bigint) as count,
    cast(coalesce(sum(rpt.provisional_yen), 0) as bigint) as yen
from rpt_daily_collection as rpt
where rpt.posted_date <= $last
""",
        last=last,
    )[0]


def _final_receipts(connection: duckdb.DuckDBPyConnection, days: dict[str, date]) -> CountYen:
    return _rows(
        connection,
        CountYen,
        """
select count(*) as count, cast(coalesce(sum(receipt.amount_yen), 0) as bigint) as yen
from fct_receipts as receipt
where receipt.record_status = 'final' and receipt.posted_date between $first and $last
""",
        **days,
    )[0]


def _suspense_balance(connection: duckdb.DuckDBPyConnection, last: date) -> CountYen:
    return _rows(
        connection,
        CountYen,
        """
select count(*) as count, cast(coalesce(sum(suspense.balance_yen), 0) as bigint) as yen
from fct_suspense as suspense
where suspense.balance_yen <> 0 and suspense.posted_date <= $last
""",
        last=last,
    )[0]


def _remittances(connection: duckdb.DuckDBPyConnection, days: dict[str, date]) -> list[RemittanceLine]:
    return _rows(
        connection,
        RemittanceLine,
        """
select cast(remittance.remittance_id as varchar) as remittance_id, remittance.channel_code,
    coalesce(channel.channel_name, remittance.channel_code, '（納付方法不明）') as channel_name,
    remittance.remittance_date, coalesce(remittance.expected_count, 0) as expected_count,
    coalesce(remittance.expected_yen, 0) as expected_yen, coalesce(remittance.fee_yen, 0) as fee_yen,
    remittance.credited_yen, remittance.credited_date, remittance.state,
    coalesce(remittance.difference_yen, 0) as difference_yen
from fct_remittances as remittance
left join dim_channels as channel on remittance.channel_code = channel.channel_code
where coalesce(remittance.remittance_date, remittance.credited_date) between $first and $last
order by coalesce(remittance.remittance_date, remittance.credited_date), remittance.channel_code nulls last,
    remittance.remittance_id
""",
        **days,
    )


def _remittance_channels(connection: duckdb.DuckDBPyConnection, days: dict[str, date]) -> list[RemittanceChannel]:
    return _rows(
        connection,
        RemittanceChannel,
        """
select coalesce(channel.channel_name, remittance.channel_code, '（納付方法不明）') as channel_name,
    cast(coalesce(sum(remittance.expected_count), 0) as bigint) as expected_count,
    cast(coalesce(sum(remittance.expected_yen), 0) as bigint) as expected_yen,
    cast(coalesce(sum(remittance.fee_yen), 0) as bigint) as fee_yen,
    cast(coalesce(sum(remittance.credited_yen), 0) as bigint) as credited_yen,
    count(case when remittance.state = 'matched' then 1 end) as matched,
    count(case when remittance.state = 'pending' then 1 end) as pending,
    count(case when remittance.state = 'missing' then 1 end) as missing,
    count(case when remittance.state = 'different' then 1 end) as different,
    count(case when remittance.state = 'unexpected' then 1 end) as unexpected
from fct_remittances as remittance
left join dim_channels as channel on remittance.channel_code = channel.channel_code
where coalesce(remittance.remittance_date, remittance.credited_date) between $first and $last
group by remittance.channel_code, channel.channel_name
order by remittance.channel_code nulls last
""",
        **days,
    )


def _suspense(connection: duckdb.DuckDBPyConnection, last: date) -> list[SuspenseLine]:
    return _rows(
        connection,
        SuspenseLine,
        """
select cast(suspense.receipt_id as varchar) as receipt_id,
    coalesce(channel.channel_name, suspense.channel_code, '（納付方法不明）') as channel_name,
    suspense.received_date, suspense.posted_date, suspense.amount_yen, suspense.balance_yen,
    suspense.reason_code, suspense.reason, suspense.source_file, suspense.source_line
from fct_suspense as suspense
left join dim_channels as channel on suspense.channel_code = channel.channel_code
where suspense.balance_yen <> 0 and suspense.posted_date <= $last
order by suspense.posted_date, suspense.receipt_id
""",
        last=last,
    )


def _loads(connection: duckdb.DuckDBPyConnection, days: dict[str, date]) -> list[LoadLine]:
    return _rows(
        connection,
        LoadLine,
        """
with feeding as (
    select distinct receipt.load_id
    from fct_receipts as receipt
    where receipt.posted_date between $first and $last
)

select cast(loaded.load_id as varchar) as load_id, loaded.file_name, loaded.sha256, loaded.format, loaded.status,
    coalesce(loaded.records, 0) as records, coalesce(loaded.amount_yen, 0) as amount_yen,
    coalesce(loaded.quarantined, 0) as quarantined, coalesce(loaded.warnings, 0) as warnings,
    loaded.landed_at, loaded.reason, feeding.load_id is not null as fed_period
from fct_loads as loaded
left join feeding on loaded.load_id = feeding.load_id and loaded.status = 'landed'
where feeding.load_id is not null or cast(loaded.landed_at as date) between $first and $last
order by loaded.landed_at, loaded.file_name, loaded.sha256
""",
        **days,
    )


def load_references(loads: Sequence[LoadLine]) -> list[dict[str, Any]]:
    """The landed files behind the period's receipts, for the manifest."""
    return [
        {"load_id": load.load_id, "file_name": load.file_name, "sha256": load.sha256}
        for load in loads
        if load.fed_period
    ]


@dataclass(frozen=True, slots=True)
class Listing:
    """One list of a report: its query's column names and rows. The names decide how a column is shown (listings.py)."""

    names: tuple[str, ...]
    rows: list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Ledger:
    """A report that is a row of lists: the tables that it needs, and one query for each list, by the list's name.

    A query may use ``$as_of`` (the build's day), ``$first`` and ``$last`` (the period) and the report's parameters. A
    column ``is_sum`` marks the rows that are sums; what a query does not sum is not summed anywhere else.
    """

    tables: tuple[str, ...]
    queries: dict[str, str]


def read_ledger(
    connection: duckdb.DuckDBPyConnection, ledger: Ledger, parameters: dict[str, date | int | str]
) -> dict[str, Listing]:
    """Every list of ``ledger``.

    Raises:
        WrongWarehouseError: a table is missing.
    """
    check_tables(connection, ledger.tables)
    found = {}
    for name, sql in ledger.queries.items():
        cursor = connection.execute(sql, {key: value for key, value in parameters.items() if f"${key}" in sql})
        found[name] = Listing(tuple(column[0] for column in cursor.description or []), cursor.fetchall())
    return found


def fiscal_years(connection: duckdb.DuckDBPyConnection) -> list[int]:
    """The fiscal years that the warehouse has books of.

    Raises:
        WrongWarehouseError: the settlement is missing.
    """
    check_tables(connection, ("fct_settlement_lines",))
    rows = connection.execute(
        "select distinct line.fiscal_year from fct_settlement_lines as line order by 1"
    ).fetchall()
    return [year for (year,) in rows]


_DUE = "item.tax_item_name, cast(due.tax_year as bigint) as tax_year, due.instalment_no"
_DUE_FROM = """
join fct_dues as due on {key} = due.due_key
join dim_tax_items as item on due.tax_item_code = item.tax_item_code
"""

OVERPAYMENTS = Ledger(
    (
        *("run_info", "dim_tax_items", "fct_dues", "fct_movements"),
        *("fct_overpayments", "fct_offset_candidates", "fct_wrong_instalments"),
    ),
    {
        "by_state": """
select over_paid.state as overpayment_state, over_paid.cause_code, count(*) as overpayment_count,
    cast(sum(over_paid.amount_yen) as bigint) as amount_yen,
    cast(sum(over_paid.balance_yen) as bigint) as balance_yen,
    cast(sum(over_paid.notified_yen) as bigint) as notified_yen,
    cast(sum(over_paid.refund_interest_yen) as bigint) as refund_interest_yen,
    grouping(over_paid.state) = 1 as is_sum
from fct_overpayments as over_paid
group by grouping sets ((over_paid.state, over_paid.cause_code), ())
order by is_sum, case over_paid.state
    when 'open' then 1 when 'notified' then 2 when 'claimed' then 3 when 'settled' then 4 else 5
end, over_paid.cause_code
""",
        "waiting": f"""
select over_paid.addressee_no, {_DUE}, over_paid.cause_code, over_paid.state as overpayment_state,
    over_paid.arisen_date, over_paid.amount_yen, over_paid.balance_yen, over_paid.interest_from_date,
    over_paid.refund_interest_yen
from fct_overpayments as over_paid
{_DUE_FROM.format(key="over_paid.due_key")}
where over_paid.balance_yen > 0
order by over_paid.arisen_date, over_paid.overpayment_id
""",
        "told": f"""
select over_paid.addressee_no, {_DUE}, over_paid.state as overpayment_state, over_paid.notified_date,
    over_paid.claimed_date, over_paid.notified_yen, over_paid.refund_interest_yen, over_paid.claim_expires_on
from fct_overpayments as over_paid
{_DUE_FROM.format(key="over_paid.due_key")}
where over_paid.notified_yen > 0
order by over_paid.notified_date, over_paid.overpayment_id
""",
        "expiring": f"""
select over_paid.claim_expires_on, over_paid.addressee_no, {_DUE}, over_paid.cause_code,
    over_paid.state as overpayment_state, over_paid.arisen_date, over_paid.balance_yen
from fct_overpayments as over_paid
{_DUE_FROM.format(key="over_paid.due_key")}
where over_paid.balance_yen > 0
    and over_paid.claim_expires_on <= coalesce(
        try_cast($expires_by as date), cast(cast($as_of as date) + interval 1 year as date)
    )
order by over_paid.claim_expires_on, over_paid.overpayment_id
""",
        "offsets": f"""
select candidate.addressee_no, candidate.offset_order, {_DUE}, candidate.component_code,
    candidate.suitable_date, candidate.amount_yen as offset_yen, candidate.refund_interest_yen,
    over_paid.cause_code, over_paid.arisen_date
from fct_offset_candidates as candidate
join fct_overpayments as over_paid on candidate.overpayment_id = over_paid.overpayment_id
{_DUE_FROM.format(key="candidate.due_key")}
order by candidate.addressee_no, candidate.offset_order, candidate.overpayment_id
""",
        "repaid": """
select move.fiscal_year, move.movement_type, move.budget_side, move.component,
    count(*) as movement_count, cast(sum(move.amount_yen) as bigint) as amount_yen,
    grouping(move.movement_type) = 1 as is_sum
from fct_movements as move
where move.movement_type in ('refunded', 'offset_out') and not move.is_provisional
group by grouping sets ((move.fiscal_year, move.movement_type, move.budget_side, move.component), (move.fiscal_year))
order by move.fiscal_year, is_sum, move.movement_type desc, move.budget_side desc, move.component
""",
        "wrong_instalments": f"""
select wrong.posted_date, wrong.received_date, due.addressee_no, {_DUE},
    earlier.instalment_no as open_instalment_no, earlier.due_date as open_due_date, wrong.principal_yen,
    wrong.open_yen, wrong.movable_yen, wrong.is_before_due_date
from fct_wrong_instalments as wrong
{_DUE_FROM.format(key="wrong.paid_due_key")}
join fct_dues as earlier on wrong.open_due_key = earlier.due_key
order by wrong.posted_date desc, wrong.receipt_id, wrong.paid_due_key
""",
    },
)
"""過誤納・還付・充当."""

_RATE = (
    "case when sum({base}) > 0 then "
    "cast((2000 * sum({part}) + sum({base})) // (2 * sum({base})) as bigint) end as {name}_permille"
)
"""Tenths of a percent, half up, in whole numbers; empty where there is no base."""

_SETTLEMENT = ("carried_in_yen", "assessed_yen", "received_yen", "refund_unpaid_yen", "written_off_yen")
_SETTLED = ",\n    ".join(
    [
        *(f"cast(sum(line.{name}) as bigint) as {name}" for name in (*_SETTLEMENT, "outstanding_yen")),
        _RATE.format(base="line.assessed_yen", part="line.received_yen", name="collection"),
    ]
)
_CARRIED = ("carried_in_yen", "assessed_yen", "received_yen", "written_off_yen", "outstanding_yen", "overpaid_yen")

SETTLEMENT = Ledger(
    ("run_info", "dim_tax_items", "fct_settlement_lines", "fct_carried_dues"),
    {
        "by_tax_item": f"""
select case when item.is_city_tax then '市税' else '市税以外' end as tax_group_name, item.tax_item_name,
    line.arrears_class, {_SETTLED},
    grouping(line.arrears_class) + grouping(line.tax_item_code) > 0 as is_sum
from fct_settlement_lines as line
join dim_tax_items as item on line.tax_item_code = item.tax_item_code
where line.fiscal_year = $fiscal_year and line.body = 'city' and line.component = 'principal'
group by grouping sets (
    (item.is_city_tax, line.tax_item_code, item.tax_item_name, line.arrears_class),
    (item.is_city_tax, line.tax_item_code, item.tax_item_name),
    (item.is_city_tax, line.arrears_class),
    (item.is_city_tax)
)
order by item.is_city_tax desc, grouping(line.tax_item_code), line.tax_item_code, grouping(line.arrears_class),
    line.arrears_class desc
""",
        "other_lines": f"""
select line.body, line.component, item.tax_item_name, line.arrears_class, {_SETTLED}
from fct_settlement_lines as line
join dim_tax_items as item on line.tax_item_code = item.tax_item_code
where line.fiscal_year = $fiscal_year and (line.body <> 'city' or line.component <> 'principal')
group by line.body, line.component, line.tax_item_code, item.tax_item_name, line.arrears_class
order by case line.body when 'city' then 1 when 'prefecture' then 2 else 3 end, line.component desc,
    line.tax_item_code, line.arrears_class desc
""",
        "chain": """
with years as (
    select line.tax_item_code,
        cast(sum(case when line.fiscal_year < $fiscal_year then line.outstanding_yen else 0 end) as bigint)
            as previous_outstanding_yen,
        cast(sum(case when line.fiscal_year = $fiscal_year then line.carried_in_yen else 0 end) as bigint)
            as carried_in_yen
    from fct_settlement_lines as line
    where line.fiscal_year in ($fiscal_year, $fiscal_year - 1) and line.component = 'principal'
    group by line.tax_item_code
)

select item.tax_item_name, cast(sum(years.previous_outstanding_yen) as bigint) as previous_outstanding_yen,
    cast(sum(years.carried_in_yen) as bigint) as carried_in_yen,
    cast(sum(years.carried_in_yen - years.previous_outstanding_yen) as bigint) as difference_yen,
    grouping(years.tax_item_code) = 1 as is_sum
from years
join dim_tax_items as item on years.tax_item_code = item.tax_item_code
group by grouping sets ((years.tax_item_code, item.tax_item_name), ())
order by is_sum, years.tax_item_code
""",
        "carried_over": f"""
select item.tax_item_name, due.levy_year, count(*) as due_count,
    {", ".join(f"cast(sum(due.{name}) as bigint) as {name}" for name in _CARRIED)},
    grouping(due.levy_year) = 1 as is_sum
from fct_carried_dues as due
join dim_tax_items as item on due.tax_item_code = item.tax_item_code
where due.fiscal_year = $fiscal_year
group by grouping sets ((due.tax_item_code, item.tax_item_name, due.levy_year), ())
order by is_sum, due.tax_item_code, due.levy_year
""",
    },
)
"""決算・滞納繰越 of one fiscal year."""

COLLECTION_RESULTS = Ledger(
    ("run_info", "rpt_collection_results", "collection_result_rows"),
    {
        "form": """
select result.label_ja, cast(length(place.path) - length(replace(place.path, '.', '')) as bigint) as depth,
    result.current_assessed_yen, result.carried_over_assessed_yen, result.assessed_yen,
    result.current_received_yen, result.carried_over_received_yen, result.received_yen,
    result.current_collection_rate, result.carried_over_collection_rate, result.collection_rate,
    result.previous_collection_rate, result.received_change_rate
from rpt_collection_results as result
join collection_result_rows as place on result.row_no = place.row_no
where result.fiscal_year = $fiscal_year
order by result.row_no
""",
    },
)
"""徴収実績調 of one fiscal year, row by row of the official form."""

_MONTHLY_FROM = """
from rpt_monthly_collection as month
join dim_tax_items as item on month.tax_item_code = item.tax_item_code
where month.fiscal_year in ($fiscal_year, $fiscal_year - 1)
"""
_OF_YEAR = "cast(sum(case when month.fiscal_year = $fiscal_year then month.{name} else 0 end) as bigint)"
_YEAR_BEFORE = "cast(sum(case when month.fiscal_year < $fiscal_year then month.principal_yen else 0 end) as bigint)"
_MONTH = """cast(case when month.fiscal_year = $fiscal_year then month.posted_month
        else month.posted_month + interval 1 year end as date)"""

_HAS_COME = "monthly.posted_month <= cast($as_of as date)"

MONTHLY_COLLECTION = Ledger(
    ("run_info", "dim_tax_items", "rpt_monthly_collection"),
    {
        "by_month": f"""
with monthly as (
    select item.is_city_tax, {_MONTH} as posted_month,
        {_OF_YEAR.format(name="principal_yen")} as principal_yen,
        {_YEAR_BEFORE} as previous_principal_yen
    {_MONTHLY_FROM}
    group by item.is_city_tax, {_MONTH}
)

select case when monthly.is_city_tax then '市税' else '市税以外' end as tax_group_name, monthly.posted_month,
    case when {_HAS_COME} then monthly.principal_yen end as principal_yen, monthly.previous_principal_yen,
    case when {_HAS_COME} then monthly.principal_yen - monthly.previous_principal_yen end as difference_yen,
    case when {_HAS_COME} then cast(sum(monthly.principal_yen) over year_to_date as bigint) end
        as principal_to_date_yen,
    cast(sum(monthly.previous_principal_yen) over year_to_date as bigint) as previous_to_date_yen
from monthly
window year_to_date as (partition by monthly.is_city_tax order by monthly.posted_month)
order by monthly.is_city_tax desc, monthly.posted_month
""",
        "by_tax_item": f"""
select item.tax_item_name, month.arrears_class,
    {_OF_YEAR.format(name="principal_yen")} as principal_yen,
    {_YEAR_BEFORE} as previous_principal_yen,
    {_OF_YEAR.format(name="principal_yen")} - {_YEAR_BEFORE} as difference_yen,
    {_OF_YEAR.format(name="reminder_fee_yen")} as reminder_fee_yen,
    {_OF_YEAR.format(name="late_charge_yen")} as late_charge_yen,
    grouping(month.tax_item_code) = 1 as is_sum
{_MONTHLY_FROM}
group by grouping sets ((month.tax_item_code, item.tax_item_name, month.arrears_class), ())
order by is_sum, month.tax_item_code, month.arrears_class desc
""",
        "by_month_and_tax_item": f"""
select item.tax_item_name, {_MONTH} as posted_month, month.arrears_class,
    {_OF_YEAR.format(name="principal_yen")} as principal_yen,
    {_YEAR_BEFORE} as previous_principal_yen,
    {_OF_YEAR.format(name="reminder_fee_yen")} as reminder_fee_yen,
    {_OF_YEAR.format(name="late_charge_yen")} as late_charge_yen
{_MONTHLY_FROM}
group by month.tax_item_code, item.tax_item_name, {_MONTH}, month.arrears_class
order by month.tax_item_code, posted_month, month.arrears_class desc
""",
    },
)
"""税目別月別収入 of one fiscal year beside the year before."""

_STATUS = "cast(count(*) as bigint) as receipt_count, cast(sum(receipt.amount_yen) as bigint) as amount_yen"
_PARTS = ",\n    ".join(
    f"cast(sum(receipt.{name}) as bigint) as {name}"
    for name in ("principal_yen", "reminder_fee_yen", "late_charge_yen", "overpaid_yen", "suspense_yen")
)

RECONCILIATION = Ledger(
    (
        *("run_info", "dim_channels", "dim_tax_items", "match_methods", "fct_dues", "fct_receipts"),
        *("fct_suspense", "fct_suspense_candidates", "qc_history_vs_files"),
    ),
    {
        "by_status": f"""
select receipt.record_status, receipt.status_reason, {_STATUS}
from fct_receipts as receipt
where receipt.posted_date between $first and $last
group by receipt.record_status, receipt.status_reason
order by case receipt.record_status when 'final' then 1 when 'provisional' then 2 when 'superseded' then 3 else 4 end,
    receipt.status_reason
""",
        "by_method": f"""
select method.match_name, channel.channel_name, {_STATUS},
    {_PARTS},
    grouping(receipt.match_method) = 1 as is_sum
from fct_receipts as receipt
left join match_methods as method on receipt.match_method = method.match_method
left join dim_channels as channel on receipt.channel_code = channel.channel_code
where receipt.posted_date between $first and $last and receipt.record_status = 'final'
group by grouping sets (
    (receipt.match_method, method.match_name, receipt.channel_code, channel.channel_name), ()
)
order by is_sum, receipt.match_method, receipt.channel_code
""",
        "suspense": """
select suspense.receipt_id, channel.channel_name, suspense.received_date, suspense.posted_date,
    suspense.amount_yen, suspense.balance_yen, suspense.reason, suspense.source_file, suspense.source_line
from fct_suspense as suspense
left join dim_channels as channel on suspense.channel_code = channel.channel_code
where suspense.balance_yen > 0 or suspense.amount_yen = 0
order by suspense.posted_date, suspense.receipt_id
""",
        "candidates": """
select candidate.receipt_id, candidate.candidate_no, candidate.addressee_no, candidate.due_keys,
    candidate.amount_yen, candidate.name_score, candidate.date_score, candidate.score, candidate.reason
from fct_suspense_candidates as candidate
order by candidate.receipt_id, candidate.candidate_no
""",
        "history": """
select difference.kind as difference_kind, channel.channel_name,
    difference.history_due_key, difference.file_due_key,
    difference.history_received_date, difference.file_received_date,
    difference.history_principal_yen + difference.history_reminder_fee_yen + difference.history_late_charge_yen
        as history_yen,
    difference.file_principal_yen + difference.file_reminder_fee_yen + difference.file_late_charge_yen as file_yen,
    difference.difference_yen
from qc_history_vs_files as difference
left join dim_channels as channel on difference.channel_code = channel.channel_code
order by difference.kind, difference.difference_id
""",
    },
)
"""消込結果 of a period; 不明金 and the differences from 収納履歴 as they stand on the build's day."""

_PAID = "rpt.principal_yen + rpt.reminder_fee_yen + rpt.late_charge_yen + rpt.overpaid_yen"
_CHANNEL_FROM = f"""
from rpt_daily_collection as rpt
left join dim_channels as channel on rpt.channel_code = channel.channel_code
left join dim_tax_items as item on rpt.tax_item_code = item.tax_item_code
where rpt.fiscal_year in ($fiscal_year, $fiscal_year - 1) and (rpt.receipt_count <> 0 or {_PAID} <> 0)
"""
_THEN = "cast(sum(case when rpt.fiscal_year {when} $fiscal_year then {what} else 0 end) as bigint)"
_CHANNEL_FIGURES = f"""{_THEN.format(when="=", what="rpt.receipt_count")} as receipt_count,
    {_THEN.format(when="=", what=_PAID)} as collected_yen,
    {_THEN.format(when="<", what="rpt.receipt_count")} as previous_receipt_count,
    {_THEN.format(when="<", what=_PAID)} as previous_collected_yen"""
_SHARE = (
    "cast((2000 * channels.{part} + sum(channels.{part}) over (partition by channels.is_sum)) "
    "// (2 * nullif(sum(channels.{part}) over (partition by channels.is_sum), 0)) as bigint) as {name}_permille"
)

PAYMENT_CHANNELS = Ledger(
    ("run_info", "dim_channels", "dim_tax_items", "rpt_daily_collection"),
    {
        "by_channel": f"""
with channels as (
    select rpt.channel_code, {_CHANNEL_NAME}, {_CHANNEL_FIGURES}, grouping(rpt.channel_code) = 1 as is_sum
    {_CHANNEL_FROM}
    group by grouping sets ((rpt.channel_code, channel.channel_name), ())
)

select case when channels.is_sum then null else channels.channel_name end as channel_name, channels.receipt_count,
    {_SHARE.format(part="receipt_count", name="count_share")},
    channels.collected_yen, {_SHARE.format(part="collected_yen", name="yen_share")},
    channels.previous_receipt_count,
    {_SHARE.format(part="previous_receipt_count", name="previous_count_share")},
    channels.previous_collected_yen, channels.is_sum
from channels
order by channels.is_sum, channels.channel_code
""",
        "by_tax_item": f"""
select item.tax_item_name,
    case when grouping(rpt.channel_code) = 0 then coalesce(channel.channel_name, '（納付方法なし）') end
        as channel_name,
    {_CHANNEL_FIGURES}, grouping(rpt.channel_code) = 1 as is_sum
{_CHANNEL_FROM}
group by grouping sets (
    (rpt.tax_item_code, item.tax_item_name, rpt.channel_code, channel.channel_name),
    (rpt.tax_item_code, item.tax_item_name)
)
order by rpt.tax_item_code, is_sum, rpt.channel_code
""",
    },
)
"""納付方法別 of one fiscal year beside the year before: final receipts that found a due."""

LEDGERS = {
    "overpayments": OVERPAYMENTS,
    "settlement": SETTLEMENT,
    "collection_results": COLLECTION_RESULTS,
    "monthly_collection": MONTHLY_COLLECTION,
    "reconciliation": RECONCILIATION,
    "payment_channels": PAYMENT_CHANNELS,
}
"""The ledgers by the id of their report."""
