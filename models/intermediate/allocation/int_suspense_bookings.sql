-- One row per approved line about money in suspense that put something on dues.
select
    al.load_id,
    al.source_line,
    {{ sum_yen('al.principal_yen + al.reminder_fee_yen + al.late_charge_yen + al.overpaid_principal_yen') }} as booked_yen
from {{ ref('int_allocations') }} as al
where al.entry_kind = 'decided' and al.due_no is not null
group by al.load_id, al.source_line
