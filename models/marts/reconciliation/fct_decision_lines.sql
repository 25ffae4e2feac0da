-- One row per approved line that takes money from a due and per notice of a refund.
-- What was decided (充当, 組替, 還付通知), what of it is booked, and what is not, with the reason. Lines about money in
-- suspense are in fct_suspense_decisions.
with lines as (
    select
        wd.*,
        wl.refund_interest_yen as asked_interest_yen,
        case when wd.entry_kind = 'notified' then 0 else wd.usable_yen end as booked_yen,
        case when wd.entry_kind = 'notified' then wd.usable_yen else 0 end as bound_yen,
        wd.asked_yen - wd.usable_yen as refused_yen
    from {{ ref('int_withdrawals') }} as wd
    inner join {{ ref('int_withdrawal_claims') }} as wl on wl.load_id = wd.load_id and wl.source_line = wd.source_line
    where wd.origin in ('decision', 'notice')
),

judged as (
    select
        ln.*,
        case
            when ln.beyond_yen > 0 then 'beyond'
            when ln.refused_yen = 0 then case when ln.entry_kind = 'notified' then 'bound' else 'booked' end
            when ln.usable_yen = 0 then 'refused'
            else 'partly'
        end as state,
        case
            when ln.beyond_yen > 0 then 'paid_beyond'
            when ln.refused_yen = 0 then cast(null as {{ dbt.type_string() }})
            when ln.asked_interest_yen > ln.refund_interest_yen then 'interest_of_nothing'
            when ln.entry_kind = 'reallocation' then 'more_than_received'
            else 'more_than_overpaid'
        end as reason_code
    from lines as ln
)

select
    jd.decision_no,
    jd.line_no,
    jd.overpayment_notice_no,
    jd.origin,
    concat_ws('-', jd.load_id, jd.source_line) as receipt_id,
    case when jd.entry_kind in ('refund', 'notified') then 'refund' else jd.entry_kind end as decision_kind,
    {{ due_key_of('jd.due_no', 'ds', 'od') }} as due_key,
    {{ due_key_of('jd.offset_due_no', 'os', 'oo') }} as offset_due_key,
    du.addressee_no,
    jd.taken_date as decided_date,
    jd.posted_date,
    cast(jd.asked_yen as bigint) as amount_yen,
    cast(jd.booked_yen as bigint) as booked_yen,
    cast(jd.bound_yen as bigint) as bound_yen,
    cast(jd.refused_yen as bigint) as refused_yen,
    cast(jd.beyond_yen as bigint) as beyond_yen,
    jd.state,
    jd.reason_code,
    rr.reason,
    jd.load_id,
    jd.source_line
from judged as jd
left join {{ ref('int_dues') }} as du on du.due_no = jd.due_no
left join {{ ref('refusal_reasons') }} as rr on rr.reason_code = jd.reason_code
{{ join_due_key('jd.due_no', 'ds', 'od') }}
{{ join_due_key('jd.offset_due_no', 'os', 'oo') }}
