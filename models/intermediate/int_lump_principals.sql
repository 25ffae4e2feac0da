-- What lump sums pay on the principals of their payer's open dues, in the order of policy spread_order.
-- One row per lump sum x due.
with lumps as (
    select * from {{ ref('int_lump_sums') }}
),

payers as (
    select distinct lu.addressee_no from lumps as lu
),

dues as (
    select
        du.due_key,
        du.addressee_no,
        du.assessed_yen,
        du.first_assessed_date,
        row_number() over (
            partition by du.addressee_no
            order by {{ spread_order('du') }}, du.due_key
        ) as order_no
    from {{ ref('int_dues') }} as du
    inner join payers as py on py.addressee_no = du.addressee_no
),

named as (
    select
        np.due_key,
        np.load_rank,
        np.source_line,
        np.received_date,
        np.posted_date,
        np.offered_yen
    from {{ ref('int_named_portions') }} as np
    inner join dues as du on du.due_key = np.due_key
    where np.record_status = 'final'
),

named_before as (
    select
        lu.addressee_no,
        lu.lump_no,
        du.due_key,
        {{ sum_yen('nm.offered_yen') }} as before_yen
    from lumps as lu
    inner join dues as du on du.addressee_no = lu.addressee_no
    inner join named as nm on nm.due_key = du.due_key and {{ is_before('nm', 'lu') }}
    group by lu.addressee_no, lu.lump_no, du.due_key
),

items as (
    select
        lu.addressee_no,
        lu.lump_no,
        du.due_key,
        1 as item_no,
        du.order_no,
        cast(0 as bigint) as from_yen,
        case when du.first_assessed_date <= lu.received_date then du.assessed_yen else 0 end as to_yen,
        coalesce(nb.before_yen, 0) as before_yen
    from lumps as lu
    inner join dues as du on du.addressee_no = lu.addressee_no
    left join named_before as nb
        on nb.addressee_no = lu.addressee_no and nb.lump_no = lu.lump_no and nb.due_key = du.due_key
),

spread as (
    {{ spread('lumps', 'items') | indent(4) }}
)

select
    lu.load_id,
    lu.source_line,
    lu.load_rank,
    sp.addressee_no,
    sp.lump_no,
    sp.due_key,
    sp.order_no,
    lu.channel_code,
    lu.branch_code,
    lu.received_date,
    lu.posted_date,
    sp.taken_yen as principal_yen
from spread as sp
inner join lumps as lu on lu.addressee_no = sp.addressee_no and lu.lump_no = sp.lump_no
