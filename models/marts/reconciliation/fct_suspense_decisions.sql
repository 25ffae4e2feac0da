-- One row per approved line about money in suspense.
-- What became of each approved line about money in suspense.
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
left join {{ ref('int_suspense_bookings') }} as bk on bk.load_id = sd.load_id and bk.source_line = sd.source_line
{{ join_due_key('sd.due_no', 'ds', 'od') }}
