-- One row per receipt that names a payer but no due.
-- Receipts that name a payer but no due, and money in suspense that staff decided for a payer, numbered in receipt
-- order.
with lumps as (
    select
        mt.load_id,
        mt.source_line,
        mt.load_rank,
        'file' as origin,
        'receipt' as entry_kind,
        mt.addressee_no,
        mt.channel_code,
        mt.branch_code,
        mt.received_date,
        mt.posted_date,
        mt.amount_yen
    from {{ ref('int_payments_matched') }} as mt
    where mt.match_method = 'addressee' and mt.record_status = 'final'
    union all
    select
        sd.load_id,
        sd.source_line,
        sd.load_rank,
        'decision' as origin,
        'decided' as entry_kind,
        sd.addressee_no,
        sd.channel_code,
        sd.branch_code,
        sd.received_date,
        sd.posted_date,
        sd.usable_yen as amount_yen
    from {{ ref('int_suspense_decisions') }} as sd
    where sd.usable_yen > 0 and sd.addressee_no is not null
)

select
    lu.*,
    row_number() over (partition by lu.addressee_no order by {{ receipt_order('lu') }}) as lump_no
from lumps as lu
