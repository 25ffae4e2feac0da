-- One row per portion whose split is not simply what the record says.
-- The portions whose split into fee, late charge and overpayment is not simply what the record says: money over the
-- principal of a receipt without a split, and recorded fees and late charges that were paid back.
with allocations as (
    select * from {{ ref('int_principal_allocations') }} as pa
    where pa.is_lump = 0 and pa.is_due_unknown = 0 and pa.origin <> 'disposition'
),

charges as (
    select * from {{ ref('int_charges') }}
),

balances as (
    select * from {{ ref('int_due_balances') }}
),

write_offs as (
    select
        wo.due_no,
        max(wo.written_off_date) as written_off_date
    from {{ ref('int_write_offs') }} as wo
    group by wo.due_no
),

-- Fee first, then late charge, in receipt order; lump sums took their share of the same pot. What came after a write-off
-- pays nothing.
pot as (
    select
        al.load_id,
        al.source_line,
        al.portion_no,
        al.due_no,
        al.load_rank,
        al.received_date,
        al.posted_date,
        al.offered_yen - al.principal_yen as rest_yen,
        0 as is_lump
    from allocations as al
    left join write_offs as wo on wo.due_no = al.due_no
    where
        al.is_split = 0
        and al.offered_yen <> al.principal_yen
        and (wo.due_no is null or al.received_date <= wo.written_off_date)
    union all
    select
        la.load_id,
        la.source_line,
        la.portion_no,
        la.due_no,
        la.load_rank,
        la.received_date,
        la.posted_date,
        la.reminder_fee_yen + la.late_charge_yen as rest_yen,
        1 as is_lump
    from {{ ref('int_lump_allocations') }} as la
    where la.reminder_fee_yen + la.late_charge_yen > 0
),

running as (
    select
        po.*,
        coalesce(ch.reminder_fee_yen - ch.split_reminder_fee_yen, 0) as fee_room_yen,
        case when ch.is_principal_paid = 1 then ch.late_charge_yen - ch.split_late_charge_yen else 0 end as late_room_yen,
        case when ch.reminder_sent_date <= po.received_date then po.rest_yen else 0 end as rest_for_fee_yen,
        -- What was paid back later was overpaid: it never reached the charges.
        coalesce(ba.unsplit_rest_yen - greatest(ba.paid_back_principal_yen - ba.split_rest_yen, 0), po.rest_yen) as pot_yen,
        sum(po.rest_yen) over (
            partition by po.due_no order by {{ receipt_order('po') }}
            rows between unbounded preceding and current row
        ) as cumulative_yen,
        sum(case when ch.reminder_sent_date <= po.received_date then po.rest_yen else 0 end) over (
            partition by po.due_no order by {{ receipt_order('po') }}
            rows between unbounded preceding and current row
        ) as cumulative_for_fee_yen
    from pot as po
    left join charges as ch on ch.due_no = po.due_no
    left join balances as ba on ba.due_no = po.due_no
),

fees as (
    select
        rn.*,
        least(rn.cumulative_for_fee_yen, rn.fee_room_yen) as fee_after_yen,
        least(rn.cumulative_for_fee_yen - rn.rest_for_fee_yen, rn.fee_room_yen) as fee_before_yen
    from running as rn
),

pots as (
    select
        fe.load_id,
        fe.source_line,
        fe.portion_no,
        fe.rest_yen,
        fe.fee_after_yen - fe.fee_before_yen as reminder_fee_yen,
        least(greatest(least(fe.cumulative_yen, fe.pot_yen) - fe.fee_after_yen, 0), fe.late_room_yen)
        - least(greatest(least(fe.cumulative_yen - fe.rest_yen, fe.pot_yen) - fe.fee_before_yen, 0), fe.late_room_yen)
            as late_charge_yen
    from fees as fe
    where fe.is_lump = 0
),

paid_back as (
    select
        wd.due_no,
        {{ sum_yen('wd.reminder_fee_yen') }} as reminder_fee_yen,
        {{ sum_yen('wd.late_charge_yen') }} as late_charge_yen
    from {{ ref('int_withdrawals') }} as wd
    where wd.entry_kind <> 'reallocation' and (wd.reminder_fee_yen <> 0 or wd.late_charge_yen <> 0)
    group by wd.due_no
),

recorded as (
    select
        al.load_id,
        al.source_line,
        al.portion_no,
        al.offered_yen - al.principal_yen as overpaid_principal_yen,
        al.split_reminder_fee_yen,
        al.split_late_charge_yen,
        pb.reminder_fee_yen as paid_back_fee_yen,
        pb.late_charge_yen as paid_back_late_yen,
        sum(al.split_reminder_fee_yen) over (
            partition by al.due_no order by {{ receipt_order('al') }}
            rows between current row and unbounded following
        ) as fee_from_here_yen,
        sum(al.split_late_charge_yen) over (
            partition by al.due_no order by {{ receipt_order('al') }}
            rows between current row and unbounded following
        ) as late_from_here_yen
    from allocations as al
    inner join paid_back as pb on pb.due_no = al.due_no
    where al.is_split = 1
),

-- Cut off the end: the last receipts were the ones paid back.
cut as (
    select
        rc.*,
        least(rc.fee_from_here_yen, rc.paid_back_fee_yen)
        - least(rc.fee_from_here_yen - rc.split_reminder_fee_yen, rc.paid_back_fee_yen) as overpaid_fee_yen,
        least(rc.late_from_here_yen, rc.paid_back_late_yen)
        - least(rc.late_from_here_yen - rc.split_late_charge_yen, rc.paid_back_late_yen) as overpaid_late_yen
    from recorded as rc
)

select
    pt.load_id,
    pt.source_line,
    pt.portion_no,
    cast(pt.reminder_fee_yen as bigint) as reminder_fee_yen,
    cast(pt.late_charge_yen as bigint) as late_charge_yen,
    cast(pt.rest_yen - pt.reminder_fee_yen - pt.late_charge_yen as bigint) as overpaid_principal_yen,
    cast(0 as bigint) as overpaid_reminder_fee_yen,
    cast(0 as bigint) as overpaid_late_charge_yen
from pots as pt
union all
select
    ct.load_id,
    ct.source_line,
    ct.portion_no,
    cast(ct.split_reminder_fee_yen - ct.overpaid_fee_yen as bigint) as reminder_fee_yen,
    cast(ct.split_late_charge_yen - ct.overpaid_late_yen as bigint) as late_charge_yen,
    cast(ct.overpaid_principal_yen as bigint) as overpaid_principal_yen,
    cast(ct.overpaid_fee_yen as bigint) as overpaid_reminder_fee_yen,
    cast(ct.overpaid_late_yen as bigint) as overpaid_late_charge_yen
from cut as ct
