-- One row per final record and due.
-- Every final portion (record x due) in its components. A view: nearly all rows are as int_principal_allocations has
-- them.
select
    pa.load_id,
    pa.source_line,
    pa.portion_no,
    pa.origin,
    pa.entry_kind,
    pa.due_no,
    pa.due_fiscal_year,
    pa.addressee_no,
    pa.is_due_unknown,
    pa.channel_code,
    pa.branch_code,
    pa.received_date,
    pa.posted_date,
    pa.is_honoured,
    pa.recorded_fiscal_year,
    pa.recorded_fee_fiscal_year,
    pa.recorded_late_fiscal_year,
    pa.principal_yen,
    case when pa.is_due_unknown = 1 then 0 else coalesce(ca.reminder_fee_yen, pa.split_reminder_fee_yen) end
        as reminder_fee_yen,
    case when pa.is_due_unknown = 1 then 0 else coalesce(ca.late_charge_yen, pa.split_late_charge_yen) end
        as late_charge_yen,
    case when pa.is_due_unknown = 1 then 0 else coalesce(ca.overpaid_principal_yen, pa.offered_yen - pa.principal_yen) end
        as overpaid_principal_yen,
    coalesce(ca.overpaid_reminder_fee_yen, 0) as overpaid_reminder_fee_yen,
    coalesce(ca.overpaid_late_charge_yen, 0) as overpaid_late_charge_yen,
    case
        when pa.is_due_unknown = 1 then pa.offered_yen + pa.split_reminder_fee_yen + pa.split_late_charge_yen
        else 0
    end as suspense_yen
from {{ ref('int_principal_allocations') }} as pa
left join {{ ref('int_charge_allocations') }} as ca
    on ca.load_id = pa.load_id and ca.source_line = pa.source_line and ca.portion_no = pa.portion_no
where pa.is_lump = 0 and pa.origin <> 'disposition'
union all
select
    la.load_id,
    la.source_line,
    la.portion_no,
    la.origin,
    la.entry_kind,
    la.due_no,
    du.fiscal_year as due_fiscal_year,
    la.addressee_no,
    case when la.due_no is null then 1 else 0 end as is_due_unknown,
    la.channel_code,
    la.branch_code,
    la.received_date,
    la.posted_date,
    0 as is_honoured,
    cast(null as bigint) as recorded_fiscal_year,
    cast(null as bigint) as recorded_fee_fiscal_year,
    cast(null as bigint) as recorded_late_fiscal_year,
    la.principal_yen,
    la.reminder_fee_yen,
    la.late_charge_yen,
    la.overpaid_yen as overpaid_principal_yen,
    cast(0 as bigint) as overpaid_reminder_fee_yen,
    cast(0 as bigint) as overpaid_late_charge_yen,
    la.suspense_yen
from {{ ref('int_lump_allocations') }} as la
left join {{ ref('int_dues') }} as du on du.due_no = la.due_no
