-- Money that leaves a due: refunds (収納区分 2), offsets out (3) and reallocations out (5), as 収納履歴 records them.
-- Amounts are positive. One row per record.
select
    hs.load_id,
    hs.source_line,
    hs.load_rank,
    hs.due_key,
    hs.offset_due_key,
    case hs.receipt_type_code when '2' then 'refund' when '3' then 'offset' else 'reallocation' end as entry_kind,
    hs.channel_code,
    hs.branch_code,
    hs.received_date,
    hs.posted_date,
    case
        when hs.receipt_type_code = '2' then - hs.principal_yen
        else hs.principal_to_principal_yen + hs.principal_to_reminder_fee_yen + hs.principal_to_late_charge_yen
    end as principal_yen,
    case
        when hs.receipt_type_code = '2' then - hs.reminder_fee_yen
        else hs.reminder_fee_to_principal_yen + hs.reminder_fee_to_reminder_fee_yen + hs.reminder_fee_to_late_charge_yen
    end as reminder_fee_yen,
    case
        when hs.receipt_type_code = '2' then - hs.late_charge_yen
        else hs.late_charge_to_principal_yen + hs.late_charge_to_reminder_fee_yen + hs.late_charge_to_late_charge_yen
    end as late_charge_yen,
    case when hs.receipt_type_code = '2' then abs(hs.refund_interest_yen) else 0 end as refund_interest_yen,
    hs.budget_side,
    hs.fiscal_year
from {{ ref('int_history_entries') }} as hs
left join {{ ref('int_history_corrections') }} as co on co.load_id = hs.load_id and co.source_line = hs.source_line
where
    hs.receipt_type_code in ('2', '3', '5')
    and co.load_id is null  -- taken back
