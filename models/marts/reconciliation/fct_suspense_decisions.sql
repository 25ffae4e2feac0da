-- What became of each approved line about money in suspense.
with booked as (
    select
        al.load_id,
        al.source_line,
        {{ sum_yen('al.principal_yen + al.reminder_fee_yen + al.late_charge_yen + al.overpaid_principal_yen') }} as booked_yen
    from {{ ref('int_allocations') }} as al
    where al.entry_kind = 'decided' and al.due_no is not null
    group by al.load_id, al.source_line
)

select
    sd.decision_no,
    sd.line_no,
    sd.receipt_id,
    {{ due_key_of('sd.due_no', 'ds', 'od') }} as due_key,
    sd.addressee_no,
    sd.channel_code,
    sd.branch_code,
    sd.received_date,
    sd.posted_date,
    sd.amount_yen,
    coalesce(bk.booked_yen, 0) as booked_yen,
    case when sd.state = 'applied' and bk.load_id is null then 'owes_nothing' else sd.state end as state,
    sd.load_id,
    sd.source_line
from {{ ref('int_suspense_decisions') }} as sd
left join booked as bk on bk.load_id = sd.load_id and bk.source_line = sd.source_line
{{ join_due_key('sd.due_no', 'ds', 'od') }}
