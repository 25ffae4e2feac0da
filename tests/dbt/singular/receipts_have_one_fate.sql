-- Invariant 4 (DESIGN §3): the parts of a final record sum to its amount, none is negative, and no other record has parts;
-- a record is in suspense wholly or not at all; due_key stands iff it pays exactly one due.
-- A failure: a receipt pays more or less than was paid. Who looks: the developer on duty; `osame trace RECEIPT_ID`.
-- One row per receipt.
select
    rc.receipt_id,
    rc.record_status,
    rc.match_method,
    rc.due_count,
    rc.amount_yen,
    rc.principal_yen + rc.reminder_fee_yen + rc.late_charge_yen + rc.overpaid_yen + rc.suspense_yen as parts_yen
from {{ ref('fct_receipts') }} as rc
where
    rc.principal_yen + rc.reminder_fee_yen + rc.late_charge_yen + rc.overpaid_yen + rc.suspense_yen
    <> case when rc.record_status = 'final' then rc.amount_yen else 0 end
    or rc.principal_yen < 0
    or rc.reminder_fee_yen < 0
    or rc.late_charge_yen < 0
    or rc.overpaid_yen < 0
    or rc.suspense_yen < 0
    or (rc.record_status = 'final' and rc.match_method is null)
    or (rc.record_status = 'final' and rc.match_method = 'suspense' and rc.suspense_yen <> rc.amount_yen)
    or (rc.record_status = 'final' and rc.match_method <> 'suspense' and rc.suspense_yen <> 0)
    or (rc.record_status = 'final' and rc.match_method <> 'suspense' and (rc.due_key is null) <> (rc.due_count > 1))
