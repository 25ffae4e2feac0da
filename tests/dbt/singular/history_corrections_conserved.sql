-- The corrections of 収納履歴 (収納区分 6) are taken off once: what int_history_corrections takes off is what they say, but
-- for those that match no row (they stand in fct_suspense with amount 0).
-- A failure: a correction was applied twice or not at all, so receipts before go-live are wrong by it. Who looks: the
-- developer on duty. One row if the sums differ.
with said as (
    select
        {{ sum_yen('hs.principal_yen + hs.reminder_fee_yen + hs.late_charge_yen') }} as yen
    from {{ ref('stg_receipt_history') }} as hs
    left join {{ ref('int_history_corrections') }} as un
        on un.load_id = hs.load_id and un.source_line = hs.source_line and un.correction_state = 'unresolved'
    where hs.receipt_type_code = '6' and un.load_id is null
),

applied as (
    select {{ sum_yen('co.principal_yen + co.reminder_fee_yen + co.late_charge_yen') }} as yen
    from {{ ref('int_history_corrections') }} as co
)

select
    sd.yen as said_yen,
    ap.yen as applied_yen
from said as sd
cross join applied as ap
where coalesce(sd.yen, 0) <> coalesce(ap.yen, 0)
