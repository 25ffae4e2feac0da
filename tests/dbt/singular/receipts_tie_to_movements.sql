-- The movements of a receipt are its parts, on its channel, branch and posted date, and exactly one of them counts it.
-- Compared by file, line, channel, branch and day: a movement that carries another header than its receipt stands alone
-- there and is found.
-- A failure: the day-book shows a receipt on another day or channel, in other amounts or twice. Who looks: the developer
-- on duty. One row per receipt and header.
with entries as (
    select
        rc.load_id,
        rc.source_line,
        rc.channel_code,
        rc.branch_code,
        rc.posted_date,
        case when rc.amount_yen <> 0 then 1 else 0 end as receipt_count,
        rc.principal_yen,
        rc.reminder_fee_yen,
        rc.late_charge_yen,
        rc.overpaid_yen,
        rc.suspense_yen
    from {{ ref('fct_receipts') }} as rc
    where rc.record_status = 'final'
    union all
    select
        mv.load_id,
        mv.source_line,
        mv.channel_code,
        mv.branch_code,
        mv.posted_date,
        case when mv.is_first_of_receipt then -1 else 0 end as receipt_count,
        case when mv.movement_type = 'received' and mv.component = 'principal' then - mv.amount_yen else 0 end
            as principal_yen,
        case when mv.movement_type = 'received' and mv.component = 'reminder_fee' then - mv.amount_yen else 0 end
            as reminder_fee_yen,
        case when mv.movement_type = 'received' and mv.component = 'late_charge' then - mv.amount_yen else 0 end
            as late_charge_yen,
        case when mv.movement_type = 'overpaid' then - mv.amount_yen else 0 end as overpaid_yen,
        case when mv.movement_type = 'suspended_in' then - mv.amount_yen else 0 end as suspense_yen
    from {{ ref('fct_movements') }} as mv
    -- what a decision puts on a due was received in suspense before
    left join {{ ref('fct_suspense_decisions') }} as dc on dc.load_id = mv.load_id and dc.source_line = mv.source_line
    where
        mv.movement_type in ('received', 'overpaid', 'suspended_in')
        and dc.load_id is null
        and mv.direction is null  -- what an offset brings beyond what its due owes is overpaid, and no receipt
        and not mv.is_provisional
)

select
    en.load_id,
    en.source_line,
    en.channel_code,
    en.branch_code,
    en.posted_date
from entries as en
group by en.load_id, en.source_line, en.channel_code, en.branch_code, en.posted_date
having
    sum(en.receipt_count) <> 0
    or sum(en.principal_yen) <> 0
    or sum(en.reminder_fee_yen) <> 0
    or sum(en.late_charge_yen) <> 0
    or sum(en.overpaid_yen) <> 0
    or sum(en.suspense_yen) <> 0
