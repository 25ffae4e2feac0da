-- One row per approved line about money in suspense.
-- What staff decided about money in suspense (決裁種別 4): a line puts a part of an item on a due, or on a payer's open
-- dues. The day of the books is that of the approval, 領収日 is the item's own.
--   state: applied (usable_yen is not more than what earlier lines left), or why nothing is booked.
with lines as (
    select
        dc.load_id,
        dc.source_line,
        dc.load_rank,
        dc.decision_no,
        dc.line_no,
        dc.receipt_id,
        ld.load_id as item_load_id,
        dc.due_no,
        case when dc.due_no is null then dc.addressee_no end as addressee_no,
        dc.amount_yen,
        dc.approved_date,
        du.due_no as known_due_no
    from {{ ref('stg_decisions') }} as dc
    left join {{ ref('stg_loads') }} as ld
        on cast(ld.load_id as {{ dbt.type_string() }}) = split_part(dc.receipt_id, '-', 1)
    left join {{ ref('int_dues') }} as du on du.due_no = dc.due_no
    where dc.decision_type_code = '4'
),

item_loads as (
    select distinct ln.item_load_id as load_id
    from lines as ln
    where ln.item_load_id is not null
),

items as (
    select
        mt.load_id,
        mt.source_line,
        mt.channel_code,
        mt.branch_code,
        mt.received_date,
        mt.posted_date,
        mt.amount_yen
    from {{ ref('int_payments_matched') }} as mt
    inner join item_loads as il on il.load_id = mt.load_id
    left join {{ ref('int_deposit_candidates') }} as dc
        on dc.load_id = mt.load_id and dc.source_line = mt.source_line and dc.state = 'taken' and dc.line_no = 1
    where mt.match_method = 'suspense' and mt.record_status = 'final' and dc.load_id is null
    union all
    select
        np.load_id,
        np.source_line,
        np.channel_code,
        np.branch_code,
        np.received_date,
        np.posted_date,
        np.offered_yen + np.split_reminder_fee_yen + np.split_late_charge_yen as amount_yen
    from {{ ref('int_named_portions') }} as np
    inner join item_loads as il on il.load_id = np.load_id
    left join {{ ref('int_dues') }} as du on du.due_no = np.due_no
    where np.origin = 'history' and np.entry_kind = 'receipt' and np.record_status = 'final' and du.due_no is null
),

payers as (
    select distinct du.addressee_no
    from lines as ln
    inner join {{ ref('int_dues') }} as du on du.addressee_no = ln.addressee_no
),

told as (
    select
        ln.*,
        it.channel_code,
        it.branch_code,
        it.received_date,
        greatest(it.posted_date, ln.approved_date) as posted_date,
        it.amount_yen as item_yen,
        case
            when it.load_id is null then 'no_item'
            when ln.due_no is not null and ln.known_due_no is null then 'unknown_due'
            when ln.due_no is null and py.addressee_no is null then 'unknown_payer'
            else 'applied'
        end as state
    from lines as ln
    left join items as it
        on it.load_id = ln.item_load_id and concat_ws('-', it.load_id, it.source_line) = ln.receipt_id
    left join payers as py on py.addressee_no = ln.addressee_no
),

running as (
    select
        td.*,
        coalesce(sum(case when td.state = 'applied' then td.amount_yen else 0 end) over (
            partition by td.receipt_id
            order by td.approved_date, td.decision_no, td.line_no
            rows between unbounded preceding and 1 preceding
        ), 0) as before_yen
    from told as td
)

select
    rn.load_id,
    rn.source_line,
    rn.load_rank,
    rn.decision_no,
    rn.line_no,
    rn.receipt_id,
    rn.due_no,
    rn.addressee_no,
    rn.channel_code,
    rn.branch_code,
    rn.received_date,
    rn.posted_date,
    rn.amount_yen,
    case
        when rn.state = 'applied' then cast(least(rn.amount_yen, greatest(rn.item_yen - rn.before_yen, 0)) as bigint)
        else cast(0 as bigint)
    end as usable_yen,
    case when rn.state = 'applied' and rn.before_yen >= rn.item_yen then 'used_up' else rn.state end as state
from running as rn
