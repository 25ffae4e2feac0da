-- One row per lump sum and due; one without a due where nothing is open.
-- What lump sums pay in all: principals of the payer's open dues in order, then fees, then late charges; the rest is
-- overpaid and stays with the last due that the lump sum touched.
with lumps as (
    select * from {{ ref('int_lump_sums') }}
),

-- offered_yen is what the lump sum put on the principal; a later reduction may leave less of it there.
principals as (
    select
        lp.addressee_no,
        lp.lump_no,
        lp.due_no,
        lp.order_no,
        lp.principal_yen as offered_yen,
        pa.principal_yen
    from {{ ref('int_lump_principals') }} as lp
    inner join {{ ref('int_principal_allocations') }} as pa
        on pa.load_id = lp.load_id and pa.source_line = lp.source_line and pa.due_no = lp.due_no
    where pa.is_lump = 1
),

spent as (
    select
        pr.addressee_no,
        pr.lump_no,
        {{ sum_yen('pr.offered_yen') }} as offered_yen
    from principals as pr
    group by pr.addressee_no, pr.lump_no
),

rests as (
    select
        lu.addressee_no,
        lu.lump_no,
        lu.load_rank,
        lu.source_line,
        lu.received_date,
        lu.posted_date,
        lu.amount_yen - coalesce(sp.offered_yen, 0) as amount_yen
    from lumps as lu
    left join spent as sp on sp.addressee_no = lu.addressee_no and sp.lump_no = lu.lump_no
),

payers as (
    select distinct rs.addressee_no
    from rests as rs
    where rs.amount_yen > 0
),

write_offs as (
    select
        wo.due_no,
        max(wo.written_off_date) as written_off_date
    from {{ ref('int_write_offs') }} as wo
    group by wo.due_no
),

charges as (
    select
        du.addressee_no,
        du.due_no,
        du.first_assessed_date,
        ch.reminder_sent_date,
        coalesce(wo.written_off_date, cast('9999-12-31' as date)) as written_off_date,
        ch.reminder_fee_yen - ch.split_reminder_fee_yen as fee_room_yen,
        case when ch.is_principal_paid = 1 then ch.late_charge_yen - ch.split_late_charge_yen else 0 end as late_room_yen,
        row_number() over (
            partition by du.addressee_no
            order by {{ spread_order('du') }}, du.due_no
        ) as order_no,
        count(*) over (partition by du.addressee_no) as due_count
    from {{ ref('int_charges') }} as ch
    inner join {{ ref('int_dues') }} as du on du.due_no = ch.due_no
    inner join payers as py on py.addressee_no = du.addressee_no
    left join write_offs as wo on wo.due_no = ch.due_no
),

named_before as (
    select
        rs.addressee_no,
        rs.lump_no,
        pa.due_no,
        {{ sum_yen('pa.offered_yen - pa.principal_yen') }} as before_yen
    from rests as rs
    inner join charges as ch on ch.addressee_no = rs.addressee_no
    inner join {{ ref('int_principal_allocations') }} as pa
        on pa.due_no = ch.due_no
        and pa.is_split = 0
        and {{ is_before('pa', 'rs') }}
    group by rs.addressee_no, rs.lump_no, pa.due_no
),

items as (
    select
        rs.addressee_no,
        rs.lump_no,
        ch.due_no,
        1 as item_no,
        ch.order_no,
        cast(0 as bigint) as from_yen,
        case
            when rs.received_date between ch.reminder_sent_date and ch.written_off_date then ch.fee_room_yen
            else 0
        end as to_yen,
        coalesce(nb.before_yen, 0) as before_yen
    from rests as rs
    inner join charges as ch on ch.addressee_no = rs.addressee_no
    left join named_before as nb
        on nb.addressee_no = rs.addressee_no and nb.lump_no = rs.lump_no and nb.due_no = ch.due_no
    union all
    select
        rs.addressee_no,
        rs.lump_no,
        ch.due_no,
        2 as item_no,
        ch.due_count + ch.order_no as order_no,  -- every fee before any late charge
        ch.fee_room_yen as from_yen,
        ch.fee_room_yen
        + case
            when rs.received_date between ch.first_assessed_date and ch.written_off_date then ch.late_room_yen
            else 0
        end as to_yen,
        coalesce(nb.before_yen, 0) as before_yen
    from rests as rs
    inner join charges as ch on ch.addressee_no = rs.addressee_no
    left join named_before as nb
        on nb.addressee_no = rs.addressee_no and nb.lump_no = rs.lump_no and nb.due_no = ch.due_no
),

spread as (
    {{ spread('rests', 'items') | indent(4) }}
),

-- Principals first, then charges: the two are numbered apart, stage_no puts one after the other.
touched as (
    select
        pr.addressee_no,
        pr.lump_no,
        pr.due_no,
        1 as stage_no,
        pr.order_no,
        pr.principal_yen,
        pr.offered_yen - pr.principal_yen as overpaid_yen,
        cast(0 as bigint) as reminder_fee_yen,
        cast(0 as bigint) as late_charge_yen
    from principals as pr
    union all
    select
        sp.addressee_no,
        sp.lump_no,
        sp.due_no,
        2 as stage_no,
        sp.order_no,
        cast(0 as bigint) as principal_yen,
        cast(0 as bigint) as overpaid_yen,
        case when sp.item_no = 1 then sp.taken_yen else 0 end as reminder_fee_yen,
        case when sp.item_no = 2 then sp.taken_yen else 0 end as late_charge_yen
    from spread as sp
),

numbered as (
    select
        tc.*,
        row_number() over (
            partition by tc.addressee_no, tc.lump_no
            order by tc.stage_no, tc.order_no, tc.due_no
        ) as touch_no
    from touched as tc
),

per_due as (
    select
        tc.addressee_no,
        tc.lump_no,
        tc.due_no,
        max(tc.touch_no) as order_no,
        {{ sum_yen('tc.overpaid_yen') }} as overpaid_yen,
        {{ sum_yen('tc.principal_yen') }} as principal_yen,
        {{ sum_yen('tc.reminder_fee_yen') }} as reminder_fee_yen,
        {{ sum_yen('tc.late_charge_yen') }} as late_charge_yen
    from numbered as tc
    group by tc.addressee_no, tc.lump_no, tc.due_no
),

ranked as (
    select
        pd.*,
        row_number() over (partition by pd.addressee_no, pd.lump_no order by pd.order_no, pd.due_no) as portion_no,
        row_number() over (partition by pd.addressee_no, pd.lump_no order by pd.order_no desc, pd.due_no desc)
            as portions_to_end,
        sum(pd.principal_yen + pd.overpaid_yen + pd.reminder_fee_yen + pd.late_charge_yen) over (
            partition by pd.addressee_no, pd.lump_no
        ) as allocated_yen
    from per_due as pd
)

select
    lu.load_id,
    lu.source_line,
    lu.load_rank,
    lu.origin,
    lu.entry_kind,
    cast(coalesce(rk.portion_no, 1) as integer) as portion_no,
    rk.due_no,
    lu.addressee_no,
    lu.channel_code,
    lu.branch_code,
    lu.received_date,
    lu.posted_date,
    coalesce(rk.principal_yen, 0) as principal_yen,
    coalesce(rk.reminder_fee_yen, 0) as reminder_fee_yen,
    coalesce(rk.late_charge_yen, 0) as late_charge_yen,
    cast(case
        when rk.portions_to_end = 1 then rk.overpaid_yen + lu.amount_yen - rk.allocated_yen
        else coalesce(rk.overpaid_yen, 0)
    end as bigint) as overpaid_yen,
    case when rk.due_no is null then lu.amount_yen else 0 end as suspense_yen
from lumps as lu
left join ranked as rk on rk.addressee_no = lu.addressee_no and rk.lump_no = lu.lump_no
