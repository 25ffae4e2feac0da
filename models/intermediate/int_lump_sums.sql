-- Receipts that name a payer but no due, numbered in receipt order. One row per receipt.
select
    mt.load_id,
    mt.source_line,
    mt.load_rank,
    mt.addressee_no,
    mt.channel_code,
    mt.branch_code,
    mt.received_date,
    mt.posted_date,
    mt.amount_yen,
    row_number() over (partition by mt.addressee_no order by {{ receipt_order('mt') }}) as lump_no
from {{ ref('int_payments_matched') }} as mt
where mt.match_method = 'addressee' and mt.record_status = 'final'
