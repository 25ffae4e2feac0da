-- One row per record and due.
-- How much of each portion pays the principal. Because the principal comes first, what is paid by a portion is the
-- rise of min(cumulative receipts, what the due can take): a window, no recursion. Money that was refunded or offset
-- out came from the last receipts before it (国税通則法58条3項), so it is cut off there, and no later increase takes it up
-- again. A write-off (entry_kind write_off) takes what is left after the receipts of its day; what comes later finds
-- nothing owed.
{# Read twice. As a named step it would be written out whole; as text each reading takes only the columns it needs. -#}
{%- set portions %}
    select
        np.load_id,
        np.source_line,
        np.portion_no,
        np.origin,
        np.load_rank,
        np.entry_kind,
        np.due_no,
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
    from {{ ref('int_portions') }} as np
    where
        np.record_status = 'final'
        and case when np.origin = 'decision' and np.entry_kind in ('offset', 'reallocation') then 1 else 0 end = 0
    union all
    -- what decisions bring, as far as it was there
    select
        bw.load_id,
        bw.source_line,
        1 as portion_no,
        bw.origin,
        bw.load_rank,
        bw.entry_kind,
        bw.offset_due_no as due_no,
        bw.channel_code,
        bw.branch_code,
        bw.received_date,
        bw.posted_date,
        1 as is_split,
        0 as is_lump,
        0 as is_honoured,
        bw.to_principal_yen as offered_yen,
        bw.to_reminder_fee_yen as split_reminder_fee_yen,
        bw.to_late_charge_yen as split_late_charge_yen,
        bw.to_fiscal_year as recorded_fiscal_year,
        bw.to_fiscal_year as recorded_fee_fiscal_year,
        bw.to_fiscal_year as recorded_late_fiscal_year
    from {{ ref('int_withdrawals') }} as bw
    where bw.origin = 'decision' and bw.entry_kind in ('offset', 'reallocation') and bw.usable_yen > 0
    union all
    select
        lp.load_id,
        lp.source_line,
        cast(lp.order_no as integer) as portion_no,
        lp.origin,
        lp.load_rank,
        lp.entry_kind,
        lp.due_no,
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
    union all
    select
        wo.load_id,
        wo.source_line,
        1 as portion_no,
        'disposition' as origin,
        wo.load_rank,
        'write_off' as entry_kind,
        wo.due_no,
        cast(null as {{ dbt.type_string() }}) as channel_code,
        cast(null as {{ dbt.type_string() }}) as branch_code,
        wo.written_off_date as received_date,
        cast('9999-12-31' as date) as posted_date,  -- after every receipt of its day
        1 as is_split,
        0 as is_lump,
        0 as is_honoured,
        wo.principal_yen as offered_yen,
        cast(0 as bigint) as split_reminder_fee_yen,
        cast(0 as bigint) as split_late_charge_yen,
        cast(null as bigint) as recorded_fiscal_year,
        cast(null as bigint) as recorded_fee_fiscal_year,
        cast(null as bigint) as recorded_late_fiscal_year
    from {{ ref('int_write_offs') }} as wo
    where wo.principal_yen <> 0
{%- endset %}
{%- set columns = [
    'load_id', 'source_line', 'portion_no', 'origin', 'load_rank', 'entry_kind', 'due_no', 'channel_code',
    'branch_code', 'received_date', 'posted_date', 'is_split', 'is_lump', 'is_honoured', 'offered_yen',
    'split_reminder_fee_yen', 'split_late_charge_yen', 'recorded_fiscal_year', 'recorded_fee_fiscal_year',
    'recorded_late_fiscal_year'
] %}
-- Nearly every due has one portion, and needs no window.
with several as (
    select po.due_no
    from (
        select np.due_no
        from {{ ref('int_portions') }} as np
        where np.record_status = 'final'
        union all
        select lp.due_no
        from {{ ref('int_lump_principals') }} as lp
        union all
        select wo.due_no
        from {{ ref('int_write_offs') }} as wo
    ) as po
    group by po.due_no
    having count(*) > 1
),

withdrawals as (
    select
        wd.due_no,
        {{ sum_yen("case when wd.entry_kind = 'reallocation' then wd.principal_yen else 0 end") }} as moved_yen,
        {{ sum_yen("case when wd.entry_kind <> 'reallocation' then wd.principal_yen else 0 end") }} as paid_back_yen,
        max(case when wd.entry_kind <> 'reallocation' then wd.taken_date end) as paid_back_date
    from {{ ref('int_withdrawals') }} as wd
    group by wd.due_no
),

-- What lump sums had left over after all principals is overpaid too, and is what was paid back first.
lump_principals as (
    select
        lp.load_id,
        lp.source_line,
        {{ sum_yen('lp.principal_yen') }} as principal_yen
    from {{ ref('int_lump_principals') }} as lp
    group by lp.load_id, lp.source_line
),

lump_rests as (
    select
        lu.addressee_no,
        {{ sum_yen('lu.amount_yen - coalesce(lp.principal_yen, 0)') }} as rest_yen
    from {{ ref('int_lump_sums') }} as lu
    left join lump_principals as lp on lp.load_id = lu.load_id and lp.source_line = lu.source_line
    group by lu.addressee_no
),

withdrawn as (
    select
        wd.due_no,
        wd.moved_yen,
        greatest(wd.paid_back_yen - coalesce(lr.rest_yen, 0), 0) as paid_back_yen,
        wd.paid_back_date
    from withdrawals as wd
    left join {{ ref('int_dues') }} as du on du.due_no = wd.due_no
    left join lump_rests as lr on lr.addressee_no = du.addressee_no
),

-- received_yen: the portion, 0 if it came after the last repayment or is no money; from_here_yen: with those that came
-- after it.
in_order as (
    select
        {%- for column in columns %}
        po.{{ column }},
        {%- endfor %}
        coalesce(wd.moved_yen, 0) as moved_yen,
        coalesce(wd.paid_back_yen, 0) as paid_back_yen,
        case
            when po.entry_kind = 'write_off' then 0
            when po.received_date <= wd.paid_back_date then po.offered_yen
            else 0
        end as received_yen,
        sum(
            case
                when po.entry_kind = 'write_off' then 0
                when po.received_date <= wd.paid_back_date then po.offered_yen
                else 0
            end
        ) over (
            partition by po.due_no
            order by {{ receipt_order('po') }}
            rows between current row and unbounded following
        ) as from_here_yen
    from (
{{ portions }}
    ) as po
    inner join several as sv on sv.due_no = po.due_no
    left join withdrawn as wd on wd.due_no = po.due_no
),

kept as (
    select
        io.*,
        io.offered_yen - (
            least(io.from_here_yen, io.paid_back_yen)
            - least(io.from_here_yen - io.received_yen, io.paid_back_yen)
        ) as kept_yen
    from in_order as io
),

running as (
    select
        {%- for column in columns %}
        po.{{ column }},
        {%- endfor %}
        coalesce(wd.moved_yen, 0) as moved_yen,
        case
            when po.received_date <= wd.paid_back_date then greatest(po.offered_yen - wd.paid_back_yen, 0)
            else po.offered_yen
        end as kept_yen,
        case
            when po.received_date <= wd.paid_back_date then greatest(po.offered_yen - wd.paid_back_yen, 0)
            else po.offered_yen
        end as cumulative_yen
    from (
{{ portions }}
    ) as po
    left join several as sv on sv.due_no = po.due_no
    left join withdrawn as wd on wd.due_no = po.due_no
    where sv.due_no is null
    union all
    select
        {%- for column in columns %}
        kp.{{ column }},
        {%- endfor %}
        kp.moved_yen,
        kp.kept_yen,
        sum(kp.kept_yen) over (
            partition by kp.due_no
            order by {{ receipt_order('kp') }}
            rows between unbounded preceding and current row
        ) as cumulative_yen
    from kept as kp
),

capped as (
    select
        rn.*,
        du.addressee_no,
        du.due_date,
        du.fiscal_year as due_fiscal_year,
        case when du.due_no is null then 1 else 0 end as is_due_unknown,
        du.assessed_yen + rn.moved_yen as cap_yen
    from running as rn
    left join {{ ref('int_dues') }} as du on du.due_no = rn.due_no
)

select
    cp.load_id,
    cp.source_line,
    cp.portion_no,
    cp.origin,
    cp.load_rank,
    cp.entry_kind,
    cp.due_no,
    cp.due_fiscal_year,
    cp.due_date,
    cp.addressee_no,
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
        else least(cp.cumulative_yen, cp.cap_yen) - least(cp.cumulative_yen - cp.kept_yen, cp.cap_yen)
    end as bigint) as principal_yen
from capped as cp
