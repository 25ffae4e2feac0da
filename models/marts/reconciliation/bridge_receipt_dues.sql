-- One row per receipt and due, for receipts that pay several dues.
-- Receipts that pay several dues; where one receipt pays one due, fct_receipts.due_no says it.
with allocations as (
    select * from {{ ref('int_allocations') }} as al
    where al.entry_kind = 'receipt' and al.origin = 'file' and al.due_no is not null
),

several as (
    select
        al.load_id,
        al.source_line
    from allocations as al
    group by al.load_id, al.source_line
    having count(*) > 1
)

select
    concat_ws('-', al.load_id, al.source_line) as receipt_id,
    {{ due_key_of('al.due_no', 'ds', 'od') }} as due_key,
    cast(al.portion_no as bigint) as portion_no,
    cast(al.principal_yen as bigint) as principal_yen,
    cast(al.reminder_fee_yen as bigint) as reminder_fee_yen,
    cast(al.late_charge_yen as bigint) as late_charge_yen,
    cast(al.overpaid_principal_yen + al.overpaid_reminder_fee_yen + al.overpaid_late_charge_yen as bigint) as overpaid_yen
from allocations as al
inner join several as sv on sv.load_id = al.load_id and sv.source_line = al.source_line
{{ join_due_key('al.due_no', 'ds', 'od') }}
