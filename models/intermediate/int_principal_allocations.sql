-- How much of each portion pays the principal. Because the principal comes first, what is paid by a portion is the rise of
-- min(cumulative receipts, what the due can take): a window, no recursion. Money that was refunded or offset out later
-- came from the last receipts (国税通則法58条3項), so it is cut off the end.
-- One row per portion (record x due).
with portions as (
    select
        np.load_id,
        np.source_line,
        np.portion_no,
        np.origin,
        np.load_rank,
        np.entry_kind,
        np.due_key,
        np.channel_code,
        np.branch_code,
        np.received_date,
        np.posted_date,
        np.is_split,
        0 as is_lump,
        np.is_honoured,
        np.offered_yen,
        np.split_reminder_fee_yen,
        np.split_late_charge_yen,
        np.recorded_fiscal_year,
        np.recorded_fee_fiscal_year,
        np.recorded_late_fiscal_year
    from {{ ref('int_named_portions') }} as np
    where np.record_status = 'final'
    union all
    select
        lp.load_id,
        lp.source_line,
        cast(lp.order_no as integer) as portion_no,
        'file' as origin,
        lp.load_rank,
        'receipt' as entry_kind,
        lp.due_key,
        lp.channel_code,
        lp.branch_code,
        lp.received_date,
        lp.posted_date,
        1 as is_split,
        1 as is_lump,
        0 as is_honoured,
        lp.principal_yen as offered_yen,
        cast(0 as bigint) as split_reminder_fee_yen,
        cast(0 as bigint) as split_late_charge_yen,
        cast(null as bigint) as recorded_fiscal_year,
        cast(null as bigint) as recorded_fee_fiscal_year,
        cast(null as bigint) as recorded_late_fiscal_year
    from {{ ref('int_lump_principals') }} as lp
),

withdrawn as (
    select
        wd.due_key,
        {{ sum_yen("case when wd.entry_kind = 'reallocation' then wd.principal_yen else 0 end") }} as moved_yen,
        {{ sum_yen("case when wd.entry_kind <> 'reallocation' then wd.principal_yen else 0 end") }} as paid_back_yen
    from {{ ref('int_withdrawals') }} as wd
    group by wd.due_key
),

running as (
    select
        po.*,
        du.addressee_no,
        du.tax_item_code,
        du.levy_year,
        du.tax_year,
        du.assessed_yen,
        du.due_date,
        du.fiscal_year as due_fiscal_year,
        case when du.due_key is null then 1 else 0 end as is_due_unknown,
        coalesce(wd.moved_yen, 0) as moved_yen,
        coalesce(wd.paid_back_yen, 0) as paid_back_yen,
        sum(po.offered_yen) over (
            partition by po.due_key
            order by {{ receipt_order('po') }}
            rows between unbounded preceding and current row
        ) as cumulative_yen,
        case when wd.due_key is not null then sum(po.offered_yen) over (partition by po.due_key) end as offered_total_yen
    from portions as po
    left join {{ ref('int_dues') }} as du on du.due_key = po.due_key
    left join withdrawn as wd on wd.due_key = po.due_key
),

capped as (
    select
        rn.*,
        case
            when rn.offered_total_yen is null then rn.assessed_yen
            else greatest(least(rn.assessed_yen + rn.moved_yen, rn.offered_total_yen - rn.paid_back_yen), 0)
        end as cap_yen
    from running as rn
)

select
    cp.load_id,
    cp.source_line,
    cp.portion_no,
    cp.origin,
    cp.load_rank,
    cp.entry_kind,
    cp.due_key,
    cp.due_fiscal_year,
    cp.due_date,
    cp.addressee_no,
    cp.tax_item_code,
    cp.levy_year,
    cp.tax_year,
    cp.is_due_unknown,
    cp.channel_code,
    cp.branch_code,
    cp.received_date,
    cp.posted_date,
    cp.is_split,
    cp.is_lump,
    cp.is_honoured,
    cp.offered_yen,
    cp.split_reminder_fee_yen,
    cp.split_late_charge_yen,
    cp.recorded_fiscal_year,
    cp.recorded_fee_fiscal_year,
    cp.recorded_late_fiscal_year,
    cast(case
        when cp.is_due_unknown = 1 then 0
        else least(cp.cumulative_yen, cp.cap_yen) - least(cp.cumulative_yen - cp.offered_yen, cp.cap_yen)
    end as bigint) as principal_yen
from capped as cp
