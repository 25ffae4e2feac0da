-- How much of each portion pays the principal. Because the principal comes first, what is paid by a portion is the rise of
-- min(cumulative receipts, what the due can take): a window, no recursion. Money that was refunded or offset out later
-- came from the last receipts (国税通則法58条3項), so it is cut off the end.
-- One row per portion (record x due).
{#- Read twice. As a named step it would be written out whole; as text each reading takes only the columns it needs. -#}
{%- set portions %}
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
{%- endset %}
{%- set columns = [
    'load_id', 'source_line', 'portion_no', 'origin', 'load_rank', 'entry_kind', 'due_key', 'channel_code',
    'branch_code', 'received_date', 'posted_date', 'is_split', 'is_lump', 'is_honoured', 'offered_yen',
    'split_reminder_fee_yen', 'split_late_charge_yen', 'recorded_fiscal_year', 'recorded_fee_fiscal_year',
    'recorded_late_fiscal_year'
] %}
-- Nearly every due has one portion, and needs no window. Those with several are found by a 64-bit hash; one that two
-- dues happen to share only sends both through the window.
with several as (
    select {{ hash64('po.due_key') }} as key_hash
    from (
        select np.due_key
        from {{ ref('int_named_portions') }} as np
        where np.record_status = 'final'
        union all
        select lp.due_key
        from {{ ref('int_lump_principals') }} as lp
    ) as po
    group by {{ hash64('po.due_key') }}
    having count(*) > 1
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
        {%- for column in columns %}
        po.{{ column }},
        {%- endfor %}
        po.offered_yen as cumulative_yen,
        po.offered_yen as offered_total_yen
    from (
{{ portions }}
    ) as po
    left join several as sv on sv.key_hash = {{ hash64('po.due_key') }}
    where sv.key_hash is null
    union all
    select
        {%- for column in columns %}
        po.{{ column }},
        {%- endfor %}
        sum(po.offered_yen) over (
            partition by po.due_key
            order by {{ receipt_order('po') }}
            rows between unbounded preceding and current row
        ) as cumulative_yen,
        sum(po.offered_yen) over (partition by po.due_key) as offered_total_yen
    from (
{{ portions }}
    ) as po
    inner join several as sv on sv.key_hash = {{ hash64('po.due_key') }}
),

capped as (
    select
        rn.*,
        du.addressee_no,
        du.tax_item_code,
        du.levy_year,
        du.tax_year,
        du.due_date,
        du.fiscal_year as due_fiscal_year,
        case when du.due_key is null then 1 else 0 end as is_due_unknown,
        case
            when wd.due_key is null then du.assessed_yen
            else greatest(least(du.assessed_yen + wd.moved_yen, rn.offered_total_yen - wd.paid_back_yen), 0)
        end as cap_yen
    from running as rn
    left join {{ ref('int_dues') }} as du on du.due_key = rn.due_key
    left join withdrawn as wd on wd.due_key = rn.due_key
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
