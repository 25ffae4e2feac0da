-- One row per payment record that could not be put on a due, and per reversal that matches no record.
with decided as (
    select
        sd.receipt_id,
        {{ sum_yen('sd.booked_yen') }} as booked_yen
    from {{ ref('fct_suspense_decisions') }} as sd
    group by sd.receipt_id
)

select
    concat_ws('-', sp.load_id, sp.source_line) as receipt_id,
    sp.load_id,
    ld.source_file,
    sp.source_line,
    sp.channel_code,
    sp.received_date,
    sp.posted_date,
    sp.amount_yen,
    cast(sp.amount_yen - coalesce(dd.booked_yen, 0) as bigint) as balance_yen,
    sp.reason_code,
    coalesce(rs.reason, sp.reason_code) as reason
from {{ ref('int_suspense') }} as sp
inner join {{ ref('stg_loads') }} as ld on ld.load_id = sp.load_id
left join decided as dd on dd.receipt_id = concat_ws('-', sp.load_id, sp.source_line)
left join {{ ref('suspense_reasons') }} as rs on rs.reason_code = sp.reason_code
