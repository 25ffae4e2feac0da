-- What fct_suspense holds is what fct_receipts says is in suspense, record by record.
-- A failure: unidentified money has no officer who looks for its payer, or two. Who looks: the developer on duty.
-- One row per receipt.
with entries as (
    select
        sp.receipt_id,
        sp.amount_yen as yen
    from {{ ref('fct_suspense') }} as sp
    union all
    select
        rc.receipt_id,
        - rc.suspense_yen as yen
    from {{ ref('fct_receipts') }} as rc
    where rc.suspense_yen <> 0
)

select
    en.receipt_id,
    {{ sum_yen('en.yen') }} as difference_yen
from entries as en
group by en.receipt_id
having sum(en.yen) <> 0
