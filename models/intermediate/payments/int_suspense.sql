-- One row per record that could not be put on a due, and per reversal that matches none.
-- Money that could not be put on a due, and reversals that match no record.
select
    mt.load_id,
    mt.source_line,
    mt.channel_code,
    mt.branch_code,
    mt.received_date,
    mt.posted_date,
    mt.amount_yen,
    mt.suspense_reason as reason_code
from {{ ref('int_payments_matched') }} as mt
left join {{ ref('int_deposit_candidates') }} as dc
    on dc.load_id = mt.load_id and dc.source_line = mt.source_line and dc.state = 'taken' and dc.line_no = 1
where mt.match_method = 'suspense' and mt.record_status = 'final' and dc.load_id is null
union all
select
    al.load_id,
    al.source_line,
    al.channel_code,
    al.branch_code,
    al.received_date,
    al.posted_date,
    al.suspense_yen as amount_yen,
    case when al.due_no is null then 'owes_nothing' else 'unknown_due' end as reason_code
from {{ ref('int_allocations') }} as al
where al.suspense_yen <> 0 and al.entry_kind = 'receipt'
union all
select
    pm.load_id,
    pm.source_line,
    pm.channel_code,
    pm.branch_code,
    pm.received_date,
    pm.posted_date,
    cast(0 as bigint) as amount_yen,
    pm.status_reason as reason_code
from {{ ref('int_payments') }} as pm
where pm.status_reason = 'reversal_without_record'
union all
select
    hs.load_id,
    hs.source_line,
    hs.channel_code,
    hs.branch_code,
    hs.received_date,
    hs.posted_date,
    cast(0 as bigint) as amount_yen,
    'reversal_without_record' as reason_code
from {{ ref('int_history_corrections') }} as co
inner join {{ ref('stg_receipt_history') }} as hs on hs.load_id = co.load_id and hs.source_line = co.source_line
where co.correction_state = 'unresolved'
