-- One row per receipt x due with money that was more than owed, with the cause that decides the refund interest.
with overpaid as (
    select
        al.load_id,
        al.source_line,
        al.portion_no,
        al.due_key,
        al.addressee_no,
        al.received_date,
        al.posted_date,
        al.overpaid_principal_yen + al.overpaid_reminder_fee_yen + al.overpaid_late_charge_yen as overpaid_yen
    from {{ ref('int_allocations') }} as al
    where al.overpaid_principal_yen + al.overpaid_reminder_fee_yen + al.overpaid_late_charge_yen > 0
),

paid_back as (
    select
        wd.due_key,
        {{ sum_yen('wd.principal_yen + wd.reminder_fee_yen + wd.late_charge_yen') }} as paid_back_yen
    from {{ ref('int_withdrawals') }} as wd
    where wd.entry_kind <> 'reallocation'
    group by wd.due_key
),

running as (
    select
        ov.*,
        coalesce(pb.paid_back_yen, 0) as paid_back_yen,
        coalesce(sum(ov.overpaid_yen) over (
            partition by ov.due_key
            order by ov.received_date desc, ov.posted_date desc, ov.load_id desc, ov.source_line desc, ov.portion_no desc
            rows between unbounded preceding and 1 preceding
        ), 0) as later_yen
    from overpaid as ov
    left join paid_back as pb on pb.due_key = ov.due_key
)

select
    concat_ws('-', rn.load_id, rn.source_line, rn.portion_no) as overpayment_id,
    concat_ws('-', rn.load_id, rn.source_line) as receipt_id,
    rn.due_key,
    rn.addressee_no,
    rn.received_date,
    rn.posted_date,
    -- A receipt from before a reduction became too much by it: the reduction's own case, else 1号. Otherwise 4号 (誤納).
    case
        when du.last_reduced_date >= rn.received_date then coalesce(du.last_reason_code, '1')
        else '4'
    end as cause_code,
    cast(rn.overpaid_yen as bigint) as amount_yen,
    cast(rn.overpaid_yen - least(greatest(rn.paid_back_yen - rn.later_yen, 0), rn.overpaid_yen) as bigint) as balance_yen
from running as rn
left join {{ ref('int_dues') }} as du on du.due_key = rn.due_key
