-- One row per lump sum and due.
-- What lump sums pay on the principals of their payer's open dues, in the order of policy spread_order.
with lumps as (
    select * from {{ ref('int_lump_sums') }}
),

payers as (
    select distinct lu.addressee_no from lumps as lu
),

dues as (
    select
        du.due_no,
        du.addressee_no,
        row_number() over (
            partition by du.addressee_no
            order by {{ spread_order('du') }}, du.due_no
        ) as order_no
    from {{ ref('int_dues') }} as du
    inner join payers as py on py.addressee_no = du.addressee_no
),

named as (
    select
        np.due_no,
        np.load_rank,
        np.source_line,
        np.received_date,
        np.posted_date,
        np.offered_yen
    from {{ ref('int_portions') }} as np
    inner join dues as du on du.due_no = np.due_no
    where np.record_status = 'final'
),

named_before as (
    select
        lu.addressee_no,
        lu.lump_no,
        du.due_no,
        {{ sum_yen('nm.offered_yen') }} as before_yen
    from lumps as lu
    inner join dues as du on du.addressee_no = lu.addressee_no
    inner join named as nm on nm.due_no = du.due_no and {{ is_before('nm', 'lu') }}
    group by lu.addressee_no, lu.lump_no, du.due_no
),

-- The tax as it stood on the day of the lump sum: what was changed afterwards moves no money between dues.
standing as (
    select
        lu.addressee_no,
        lu.lump_no,
        du.due_no,
        {{ sum_yen('ev.delta_yen') }} as assessed_yen
    from lumps as lu
    inner join dues as du on du.addressee_no = lu.addressee_no
    inner join {{ ref('stg_assessments') }} as ev
        on ev.due_no = du.due_no and ev.assessed_date <= lu.received_date
    group by lu.addressee_no, lu.lump_no, du.due_no
),

-- Nor does money count that had left the due again by then.
withdrawn_before as (
    select
        lu.addressee_no,
        lu.lump_no,
        du.due_no,
        {{ sum_yen('wd.principal_yen') }} as withdrawn_yen
    from lumps as lu
    inner join dues as du on du.addressee_no = lu.addressee_no
    inner join {{ ref('int_withdrawal_claims') }} as wd
        on wd.due_no = du.due_no and wd.taken_date <= lu.received_date
    group by lu.addressee_no, lu.lump_no, du.due_no
),

-- What was written off by then is no longer owed.
written_off_before as (
    select
        lu.addressee_no,
        lu.lump_no,
        du.due_no,
        {{ sum_yen('wo.principal_yen') }} as written_off_yen
    from lumps as lu
    inner join dues as du on du.addressee_no = lu.addressee_no
    inner join {{ ref('int_write_offs') }} as wo
        on wo.due_no = du.due_no and wo.written_off_date < lu.received_date
    group by lu.addressee_no, lu.lump_no, du.due_no
),

items as (
    select
        lu.addressee_no,
        lu.lump_no,
        du.due_no,
        1 as item_no,
        du.order_no,
        cast(0 as bigint) as from_yen,
        greatest(coalesce(sg.assessed_yen, 0) - coalesce(wf.written_off_yen, 0), 0) as to_yen,
        greatest(coalesce(nb.before_yen, 0) - coalesce(wb.withdrawn_yen, 0), 0) as before_yen
    from lumps as lu
    inner join dues as du on du.addressee_no = lu.addressee_no
    left join named_before as nb
        on nb.addressee_no = lu.addressee_no and nb.lump_no = lu.lump_no and nb.due_no = du.due_no
    left join standing as sg
        on sg.addressee_no = lu.addressee_no and sg.lump_no = lu.lump_no and sg.due_no = du.due_no
    left join withdrawn_before as wb
        on wb.addressee_no = lu.addressee_no and wb.lump_no = lu.lump_no and wb.due_no = du.due_no
    left join written_off_before as wf
        on wf.addressee_no = lu.addressee_no and wf.lump_no = lu.lump_no and wf.due_no = du.due_no
),

spread as (
    {{ spread('lumps', 'items') | indent(4) }}
)

select
    lu.load_id,
    lu.source_line,
    lu.load_rank,
    lu.origin,
    lu.entry_kind,
    sp.addressee_no,
    sp.lump_no,
    sp.due_no,
    sp.order_no,
    lu.channel_code,
    lu.branch_code,
    lu.received_date,
    lu.posted_date,
    sp.taken_yen as principal_yen
from spread as sp
inner join lumps as lu on lu.addressee_no = sp.addressee_no and lu.lump_no = sp.lump_no
