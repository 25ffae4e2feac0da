"""Compares the marts with the ground truth of a synthetic city: records, dues, overpayments and repayments."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from osame.home import Home
from osame.stores import open_warehouse, rows_of

_AMOUNTS = ("principal_yen", "reminder_fee_yen", "late_charge_yen", "overpaid_yen", "suspense_yen")
_DUE_AMOUNTS = (
    "assessed_yen",
    "principal_paid_yen",
    "principal_balance_yen",
    "provisional_paid_yen",
    "overpaid_yen",
    "reminder_fee_yen",
    "reminder_fee_paid_yen",
    "late_charge_yen",
    "late_charge_paid_yen",
)
_OVERPAYMENT_FACTS = (
    "fiscal_year",
    "amount_yen",
    "balance_yen",
    "notified_yen",
    "interest_from_date",
    "refund_interest_yen",
)
_REPAYMENT_FACTS = (
    "kind",
    "due_key",
    "other_due_key",
    "component",
    "amount_yen",
    "refund_interest_yen",
    "budget_side",
    "fiscal_year",
    "posted_date",
    "value_date",
)
_EXAMPLES = 5


@dataclass
class Verdict:
    """How much of the truth the marts tell; amounts in whole yen."""

    receipts: int = 0
    wrong_receipts: list[dict[str, Any]] = field(default_factory=list)
    records: int = 0
    wrong_records: list[dict[str, Any]] = field(default_factory=list)
    dues: int = 0
    wrong_dues: list[dict[str, Any]] = field(default_factory=list)
    differences: int = 0
    wrong_differences: list[dict[str, Any]] = field(default_factory=list)
    overpayments: int = 0
    wrong_overpayments: list[dict[str, Any]] = field(default_factory=list)
    repayments: int = 0
    wrong_repayments: list[dict[str, Any]] = field(default_factory=list)
    yen: dict[str, int] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        sums = self.yen
        return (
            not any(wrong for _, _, wrong, _ in self._parts())
            and sums["landed"] == sums["received"] + sums["overpaid"] + sums["suspense"]
        )

    def lines(self) -> list[str]:
        out = [_share(*part) for part in self._parts()]
        for _, _, wrong, _ in self._parts():
            out += [f"             {row}" for row in wrong[:_EXAMPLES]]
        return out

    def _parts(self) -> list[tuple[str, int, list[dict[str, Any]], str]]:
        history = ("history", self.differences, self.wrong_differences, "mistakes of 収納履歴 found, and no others")
        return [
            ("receipts", self.receipts, self.wrong_receipts, "on the due and in the parts that the truth names"),
            ("records", self.records, self.wrong_records, "with the fate that the truth names"),
            ("dues", self.dues, self.wrong_dues, "with the balance, charges and overpayment of the truth"),
            (
                "overpayments",
                self.overpayments,
                self.wrong_overpayments,
                "with the cause, balance and refund interest of the truth",
            ),
            (
                "repayments",
                self.repayments,
                self.wrong_repayments,
                "with the amount, interest and side of the books of the truth",
            ),
            *([history] if self.differences or self.wrong_differences else []),
        ]


def _share(what: str, count: int, wrong: list[dict[str, Any]], meaning: str) -> str:
    # Per 10,000 and cut, not rounded: 100.00 % is said only when every one is right.
    share = 10_000 * (count - len(wrong)) // count if count else 10_000
    return f"{what:<12} {count - len(wrong):,} of {count:,} {meaning} ({share // 100}.{share % 100:02d} %)"


def compare_with_truth(home: Home, truth: Path) -> Verdict:
    """Compare the published warehouse of ``home`` with the parquet files in ``truth``."""
    connection = open_warehouse(home)
    try:
        connection.register("truth_differences", pq.read_table(truth / "history_differences.parquet"))
        for table in ("receipts", "dues", "overpayments", "repayments"):
            connection.register(f"truth_{table}", pq.read_table(truth / f"{table}.parquet"))
        return Verdict(
            receipts=_one(connection, "select count(*) from truth_receipts where fate in ('due', 'suspense')"),
            wrong_receipts=rows_of(connection, _WRONG_RECEIPTS),
            records=_one(connection, "select count(*) from truth_receipts"),
            wrong_records=rows_of(connection, _WRONG_RECORDS),
            dues=_one(connection, "select count(*) from truth_dues"),
            wrong_dues=rows_of(connection, _WRONG_DUES),
            differences=_one(connection, "select count(*) from truth_differences"),
            wrong_differences=rows_of(connection, _WRONG_DIFFERENCES),
            overpayments=_one(connection, "select count(*) from truth_overpayments"),
            wrong_overpayments=rows_of(connection, _WRONG_OVERPAYMENTS),
            repayments=_one(connection, "select count(*) from truth_repayments"),
            wrong_repayments=rows_of(connection, _WRONG_REPAYMENTS),
            yen=rows_of(connection, _YEN)[0],
        )
    finally:
        connection.close()


def _one(connection: Any, sql: str) -> int:
    return int(connection.execute(sql).fetchone()[0])


# Of a record and its re-send, which one is money follows from the files' content; the truth names one of the two. Both
# sides are therefore put under the name of the first.
_FOUND = f"""
    with same as (
        select file_name || ':' || source_line as name, same_as as first_name
        from truth_receipts where same_as is not null
    ),
    portions as (
        select rc.source_file, rc.source_line,
            -- a re-send and the record of a reversal are no money, whatever became of what they repeat
            case
                when rc.status_reason = 'resent' or rc.entry_type = 'reversal' then 'not_money' else rc.record_status
            end as record_status,
            coalesce(br.due_key, rc.due_key) as due_key,
            {
    ", ".join(f"coalesce(br.{a}, rc.{a}) as {a}" if a != "suspense_yen" else "rc.suspense_yen" for a in _AMOUNTS)
}
        from fct_receipts as rc
        left join bridge_receipt_dues as br on br.receipt_id = rc.receipt_id
    ),
    found as (
        select coalesce(sm.first_name, po.source_file || ':' || po.source_line) as name, po.*
        from portions as po
        left join same as sm on sm.name = po.source_file || ':' || po.source_line
    )
"""
_WRONG_RECEIPTS = f"""
    {_FOUND},
    expected as (
        select coalesce(tr.same_as, tr.file_name || ':' || tr.source_line) as name, tr.*
        from truth_receipts as tr where tr.fate in ('due', 'suspense')
    ),
    final as (select * from found where record_status = 'final')
    select coalesce(ex.name, fo.name) as record, ex.case as "case", ex.due_key as expected_due, fo.due_key as found_due,
        {", ".join(f"ex.{a} as expected_{a}, fo.{a} as found_{a}" for a in _AMOUNTS)}
    from expected as ex
    full join final as fo on fo.name = ex.name and fo.due_key is not distinct from ex.due_key
    where ex.name is null or fo.name is null or {" or ".join(f"ex.{a} <> fo.{a}" for a in _AMOUNTS)}
    order by 1
"""
_WRONG_RECORDS = f"""
    {_FOUND},
    moved as (
        select distinct mv.source_file, mv.source_line,
            case when mv.movement_type = 'refunded' then 'refund' when mv.movement_type like 'offset%' then 'offset'
                else 'reallocation' end as fate
        from fct_movements as mv
        where mv.movement_type in ('refunded', 'offset_out', 'offset_in', 'reallocated')
    ),
    settled as (
        select ld.file_name, rm.credit_source_line as source_line
        from fct_remittances as rm
        inner join fct_loads as ld on ld.load_id = rm.credit_load_id and ld.status = 'landed'
    ),
    statuses as (
        select name,
            max(case
                when record_status <> 'final' then null when suspense_yen > 0 then 'suspense' else 'due'
            end) as money,
            min(case when record_status <> 'final' then record_status end) as other
        from found group by name
    ),
    told as (
        select tr.file_name, tr.source_line, tr.fate, tr.same_as,
            case
                when mo.fate is not null then mo.fate
                when se.file_name is not null then 'remittance'
                when tr.fate in ('due', 'suspense') then st.money
                when st.name is not null then coalesce(st.other, st.money)
                else 'not_money'
            end as found_fate
        from truth_receipts as tr
        left join statuses as st on st.name = coalesce(tr.same_as, tr.file_name || ':' || tr.source_line)
        left join moved as mo on mo.source_file = tr.file_name and mo.source_line = tr.source_line
        left join settled as se on se.file_name = tr.file_name and se.source_line = tr.source_line
    )
    select * from told where found_fate is distinct from fate order by file_name, source_line
"""
_WRONG_DUES = f"""
    select td.due_key, td.case as "case",
        {", ".join(f"td.{a} as expected_{a}, du.{a} as found_{a}" for a in _DUE_AMOUNTS)}
    from truth_dues as td
    full join fct_dues as du on du.due_key = td.due_key
    where td.due_key is null or du.due_key is null
        or {" or ".join(f"td.{a} <> du.{a}" for a in _DUE_AMOUNTS)}
    order by 1
"""
_WRONG_DIFFERENCES = """
    select coalesce(td.kind, qc.kind) as kind, td.history_due_key as expected_history_due, qc.difference_id as found,
        td.file_due_key as expected_file_due, qc.history_due_key as found_history_due, qc.file_due_key as found_file_due
    from truth_differences as td
    full join qc_history_vs_files as qc
        on qc.kind = td.kind and qc.history_due_key is not distinct from td.history_due_key
        and qc.file_due_key is not distinct from td.file_due_key
    where td.kind is null or qc.kind is null
    order by 1, 2, 4
"""
_WRONG_OVERPAYMENTS = f"""
    with same as (
        select file_name || ':' || source_line as name, same_as as first_name
        from truth_receipts where same_as is not null
    ),
    found as (
        select coalesce(sm.first_name, ld.file_name || ':' || split_part(op.receipt_id, '-', -1)) as name, op.*
        from fct_overpayments as op
        inner join fct_loads as ld
            on ld.load_id = left(op.receipt_id, length(op.receipt_id) - 1 - length(split_part(op.receipt_id, '-', -1)))
        left join same as sm on sm.name = ld.file_name || ':' || split_part(op.receipt_id, '-', -1)
    ),
    expected as (select file_name || ':' || source_line as name, * from truth_overpayments)
    select coalesce(ex.name, fo.name) as record, ex.case as "case", coalesce(ex.due_key, fo.due_key) as due_key,
        coalesce(ex.cause_code, fo.cause_code) as cause_code, coalesce(ex.arisen_date, fo.arisen_date) as arisen_date,
        {", ".join(f"ex.{a} as expected_{a}, fo.{a} as found_{a}" for a in _OVERPAYMENT_FACTS)}
    from expected as ex
    full join found as fo on fo.name = ex.name and fo.due_key = ex.due_key and fo.cause_code = ex.cause_code
        and fo.arisen_date = ex.arisen_date
    where ex.name is null or fo.name is null
        or {" or ".join(f"ex.{a} is distinct from fo.{a}" for a in _OVERPAYMENT_FACTS)}
    order by 1, 4
"""
# A repayment is what one record took from a due and brought to another; the interest that it adds stands beside it.
_WRONG_REPAYMENTS = f"""
    with moved as (
        select mv.*,
            case
                when mv.movement_type = 'offset_in' then 'in'
                when mv.movement_type = 'reallocated' then mv.direction
                else 'out'
            end as side,
            case mv.movement_type when 'refunded' then 'refund' when 'reallocated' then 'reallocation' else 'offset' end
                as kind,
            mv.component = 'refund_interest' as is_interest
        from fct_movements as mv
        where mv.movement_type in ('refunded', 'offset_out', 'offset_in', 'reallocated')
    ),
    found as (
        select source_file as file_name, source_line, max(kind) as kind,
            max(due_key) filter (where side = 'out') as due_key,
            max(due_key) filter (where side = 'in') as other_due_key,
            string_agg(distinct component, ' ') filter (where side = 'in') as component,
            coalesce(sum(amount_yen) filter (where side = 'out' and not is_interest), 0) as amount_yen,
            coalesce(sum(amount_yen) filter (where side = 'out' and is_interest), 0) as refund_interest_yen,
            coalesce(sum(amount_yen) filter (where side = 'in'), 0) as brought_yen,
            first(budget_side order by is_interest) filter (where side = 'out') as budget_side,
            first(fiscal_year order by is_interest) filter (where side = 'out') as fiscal_year,
            max(posted_date) as posted_date, max(value_date) as value_date
        from moved group by source_file, source_line
    )
    select coalesce(ex.file_name, fo.file_name) || ':' || coalesce(ex.source_line, fo.source_line) as record,
        ex.case as "case", fo.brought_yen,
        {", ".join(f"ex.{a} as expected_{a}, fo.{a} as found_{a}" for a in _REPAYMENT_FACTS)}
    from truth_repayments as ex
    full join found as fo on fo.file_name = ex.file_name and fo.source_line = ex.source_line
    where ex.file_name is null or fo.file_name is null
        or {" or ".join(f"ex.{a} is distinct from fo.{a}" for a in _REPAYMENT_FACTS)}
        or (ex.other_due_key is not null and fo.brought_yen <> ex.amount_yen + ex.refund_interest_yen)
    order by 1
"""
# What landed, from the records themselves; what became of it, from the movements.
_YEN = """
    select
        (select cast(coalesce(sum(amount_yen), 0) as bigint) from fct_receipts where record_status = 'final') as landed,
        cast(coalesce(sum(amount_yen) filter (where movement_type = 'received'), 0) as bigint) as received,
        cast(coalesce(sum(amount_yen) filter (where movement_type = 'overpaid'), 0) as bigint) as overpaid,
        cast(coalesce(sum(amount_yen) filter (where movement_type = 'suspended_in'), 0) as bigint) as suspense
    from fct_movements where not is_provisional
"""
