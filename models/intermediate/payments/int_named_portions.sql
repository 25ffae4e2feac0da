-- One row per record and due that it names.
-- What each record pays on each due that it names.
--   is_split: the record says itself what is principal, fee and late charge (収納履歴; a slip paid by its day as printed).
--   offered_yen: the money meant for the principal first (the recorded principal, or all of it where there is no split).
-- History counts for money received before its channel went live, payment files from then on.
with from_history as (
    select
        hs.load_id,
        hs.source_line,
        hs.load_rank,
        hs.due_no,
        hs.channel_code,
        hs.branch_code,
        hs.received_date,
        hs.posted_date,
        hs.principal_yen + coalesce(co.principal_yen, 0) as offered_yen,
        hs.reminder_fee_yen + coalesce(co.reminder_fee_yen, 0) as split_reminder_fee_yen,
        hs.late_charge_yen + coalesce(co.late_charge_yen, 0) as split_late_charge_yen,
        hs.fiscal_year,
        hs.reminder_fee_fiscal_year,
        hs.late_charge_fiscal_year
    from {{ ref('stg_receipt_history') }} as hs
    left join {{ ref('int_history_corrections') }} as co on co.load_id = hs.load_id and co.source_line = hs.source_line
    where
        hs.receipt_type_code in ('1', '7')
        and hs.received_date < {{ go_live('hs.channel_code') }}
),

-- Offsets and reallocations bring money to another due: the recorded parts, as a receipt of that due.
moved_in as (
    select wd.*
    from {{ ref('int_withdrawal_claims') }} as wd
    where wd.entry_kind in ('offset', 'reallocation')
)

select
    fh.load_id,
    fh.source_line,
    1 as portion_no,
    'history' as origin,
    fh.load_rank,
    'receipt' as entry_kind,
    'final' as record_status,
    fh.due_no,
    fh.channel_code,
    fh.branch_code,
    fh.received_date,
    fh.posted_date,
    1 as is_split,
    0 as is_honoured,
    fh.offered_yen,
    fh.split_reminder_fee_yen,
    fh.split_late_charge_yen,
    fh.fiscal_year as recorded_fiscal_year,
    fh.reminder_fee_fiscal_year as recorded_fee_fiscal_year,
    fh.late_charge_fiscal_year as recorded_late_fiscal_year
from from_history as fh
where fh.offered_yen <> 0 or fh.split_reminder_fee_yen <> 0 or fh.split_late_charge_yen <> 0
union all
select
    mi.load_id,
    mi.source_line,
    1 as portion_no,
    mi.origin,
    mi.load_rank,
    mi.entry_kind,
    'final' as record_status,
    mi.offset_due_no as due_no,
    mi.channel_code,
    mi.branch_code,
    mi.received_date,
    mi.posted_date,
    1 as is_split,
    0 as is_honoured,
    mi.to_principal_yen as offered_yen,
    mi.to_reminder_fee_yen as split_reminder_fee_yen,
    mi.to_late_charge_yen as split_late_charge_yen,
    mi.to_fiscal_year as recorded_fiscal_year,
    mi.to_fiscal_year as recorded_fee_fiscal_year,
    mi.to_fiscal_year as recorded_late_fiscal_year
from moved_in as mi
union all
select
    ff.load_id,
    ff.source_line,
    ff.portion_no,
    'file' as origin,
    ff.load_rank,
    'receipt' as entry_kind,
    ff.record_status,
    ff.due_no,
    ff.channel_code,
    ff.branch_code,
    ff.received_date,
    ff.posted_date,
    ff.is_honoured as is_split,
    ff.is_honoured,
    ff.offered_yen,
    ff.split_reminder_fee_yen,
    ff.split_late_charge_yen,
    cast(null as bigint) as recorded_fiscal_year,
    cast(null as bigint) as recorded_fee_fiscal_year,
    cast(null as bigint) as recorded_late_fiscal_year
from {{ ref('int_file_portions') }} as ff
