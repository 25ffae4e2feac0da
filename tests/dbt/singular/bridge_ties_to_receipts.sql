-- A final receipt that pays several dues has its dues in bridge_receipt_dues, with the same sums, and no other receipt is
-- there.
-- A failure: a receipt's dues do not add up to the receipt. Who looks: the developer on duty. One row per receipt.
with entries as (
    select
        br.receipt_id,
        1 as bridge_count,
        0 as due_count,
        br.principal_yen,
        br.reminder_fee_yen,
        br.late_charge_yen,
        br.overpaid_yen
    from {{ ref('bridge_receipt_dues') }} as br
    union all
    select
        rc.receipt_id,
        0 as bridge_count,
        rc.due_count,
        - rc.principal_yen as principal_yen,
        - rc.reminder_fee_yen as reminder_fee_yen,
        - rc.late_charge_yen as late_charge_yen,
        - rc.overpaid_yen as overpaid_yen
    from {{ ref('fct_receipts') }} as rc
    where rc.due_count > 1 and rc.record_status = 'final'
)

select
    en.receipt_id,
    sum(en.bridge_count) as bridge_count,
    sum(en.due_count) as due_count
from entries as en
group by en.receipt_id
having
    sum(en.bridge_count) <> sum(en.due_count)
    or sum(en.principal_yen) <> 0
    or sum(en.reminder_fee_yen) <> 0
    or sum(en.late_charge_yen) <> 0
    or sum(en.overpaid_yen) <> 0
