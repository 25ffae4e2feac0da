-- One row per thing that happened to money or to a due, per component.
-- What happened, as all that has landed tells it: fct_movements before the books of closed years are held. A view:
-- fct_movements is written once, and a closing reads only a few columns.
{# Read twice. As a named step it would be written out whole; as text each reading takes only the columns it needs. -#}
{%- set allocations %}
    select
        al.load_id,
        al.source_line,
        al.portion_no,
        al.entry_kind,
        al.due_no,
        al.due_fiscal_year,
        al.addressee_no,
        al.channel_code,
        al.branch_code,
        al.received_date,
        al.posted_date,
        al.is_honoured,
        al.principal_yen,
        al.reminder_fee_yen,
        al.late_charge_yen,
        al.overpaid_principal_yen,
        al.overpaid_reminder_fee_yen,
        al.overpaid_late_charge_yen,
        al.recorded_fee_fiscal_year,
        al.recorded_late_fiscal_year,
        cast(coalesce(
            al.recorded_fiscal_year, {{ fiscal_year_of_receipt('al.due_fiscal_year', 'al.received_date') }}
        ) as bigint) as fiscal_year,
        case al.entry_kind when 'offset' then 'offset_in' when 'reallocation' then 'reallocated' else 'received' end
            as movement_type,
        case al.entry_kind when 'reallocation' then 'in' end as direction
    from {{ ref('int_allocations') }} as al
    where al.is_due_unknown = 0
{%- endset %}
{%- set columns = [
    'movement_type', 'direction', 'component', 'amount_yen', 'due_no', 'addressee_no', 'channel_code', 'branch_code',
    'posted_date', 'value_date', 'fiscal_year', 'due_fiscal_year',
    'budget_side', 'is_provisional', 'reason_code', 'load_id', 'source_line', 'portion_no', 'kind_no', 'is_first'
] %}
with assessments as (
    select
        case
            when ev.event_type_code in ('1', '2') then 'assessed'
            when ev.event_type_code = '5' then 'cancelled'
            else 'adjusted'
        end as movement_type,
        cast(null as {{ dbt.type_string() }}) as direction,
        'principal' as component,
        ev.delta_yen as amount_yen,
        ev.due_no,
        ev.addressee_no,
        cast(null as {{ dbt.type_string() }}) as channel_code,
        cast(null as {{ dbt.type_string() }}) as branch_code,
        ev.assessed_date as posted_date,
        ev.assessed_date as value_date,
        cast({{ fiscal_year_of_assessment('ev') }} as bigint) as fiscal_year,
        cast(ev.levy_year as bigint) as due_fiscal_year,
        cast(null as {{ dbt.type_string() }}) as budget_side,
        0 as is_provisional,
        ev.reason_code,
        ev.load_id,
        ev.source_line,
        1 as portion_no,
        1 as kind_no,
        0 as is_first
    from {{ ref('stg_assessments') }} as ev
),

principals as (
    select
        al.movement_type,
        al.direction,
        'principal' as component,
        al.principal_yen as amount_yen,
        al.due_no,
        al.addressee_no,
        al.channel_code,
        al.branch_code,
        al.posted_date,
        al.received_date as value_date,
        al.fiscal_year,
        cast(al.due_fiscal_year as bigint) as due_fiscal_year,
        cast(null as {{ dbt.type_string() }}) as budget_side,
        0 as is_provisional,
        'principal_first' as reason_code,
        al.load_id,
        al.source_line,
        al.portion_no,
        2 as kind_no,
        case when al.portion_no = 1 and al.entry_kind = 'receipt' then 1 else 0 end as is_first
    from (
{{ allocations }}
    ) as al
    where al.principal_yen <> 0
),

-- The other components are few: one row of the small table for each.
components as (
    select 3 as kind_no, 'reminder_fee' as component, 'received' as movement_type
    union all
    select 4 as kind_no, 'late_charge' as component, 'received' as movement_type
    union all
    select 5 as kind_no, 'principal' as component, 'overpaid' as movement_type
    union all
    select 6 as kind_no, 'reminder_fee' as component, 'overpaid' as movement_type
    union all
    select 7 as kind_no, 'late_charge' as component, 'overpaid' as movement_type
),

others as (
    select
        case when co.movement_type = 'overpaid' then 'overpaid' else al.movement_type end as movement_type,
        -- Moved to a due that owes less: overpaid there too, but no cash came in with it.
        case
            when co.movement_type <> 'overpaid' then al.direction
            when al.entry_kind in ('offset', 'reallocation') then 'in'
        end as direction,
        co.component,
        case co.kind_no
            when 3 then al.reminder_fee_yen
            when 4 then al.late_charge_yen
            when 5 then al.overpaid_principal_yen
            when 6 then al.overpaid_reminder_fee_yen
            else al.overpaid_late_charge_yen
        end as amount_yen,
        al.due_no,
        al.addressee_no,
        al.channel_code,
        al.branch_code,
        al.posted_date,
        al.received_date as value_date,
        case
            when co.component = 'reminder_fee' then coalesce(al.recorded_fee_fiscal_year, al.fiscal_year)
            when co.component = 'late_charge' then coalesce(al.recorded_late_fiscal_year, al.fiscal_year)
            else al.fiscal_year
        end as fiscal_year,
        cast(al.due_fiscal_year as bigint) as due_fiscal_year,
        cast(null as {{ dbt.type_string() }}) as budget_side,
        0 as is_provisional,
        case
            when co.movement_type = 'overpaid' then 'more_than_owed'
            when al.is_honoured = 1 then 'as_printed'
            else 'after_principal'
        end as reason_code,
        al.load_id,
        al.source_line,
        al.portion_no,
        co.kind_no,
        case
            when al.portion_no <> 1 or al.entry_kind <> 'receipt' or al.principal_yen <> 0 then 0
            when al.reminder_fee_yen <> 0 then case when co.kind_no = 3 then 1 else 0 end
            when al.late_charge_yen <> 0 then case when co.kind_no = 4 then 1 else 0 end
            when al.overpaid_principal_yen <> 0 then case when co.kind_no = 5 then 1 else 0 end
            when al.overpaid_reminder_fee_yen <> 0 then case when co.kind_no = 6 then 1 else 0 end
            else case when co.kind_no = 7 then 1 else 0 end
        end as is_first
    from (
{{ allocations }}
    ) as al
    cross join components as co
    where
        al.reminder_fee_yen + al.late_charge_yen + al.overpaid_principal_yen + al.overpaid_reminder_fee_yen
        + al.overpaid_late_charge_yen <> 0
),

suspended as (
    select
        'suspended_in' as movement_type,
        cast(null as {{ dbt.type_string() }}) as direction,
        'principal' as component,
        sp.amount_yen,
        cast(null as bigint) as due_no,
        cast(null as {{ dbt.type_string() }}) as addressee_no,
        sp.channel_code,
        sp.branch_code,
        sp.posted_date,
        sp.received_date as value_date,
        cast({{ fiscal_year_of('sp.received_date') }} as bigint) as fiscal_year,
        cast(null as bigint) as due_fiscal_year,
        cast(null as {{ dbt.type_string() }}) as budget_side,
        0 as is_provisional,
        sp.reason_code,
        sp.load_id,
        sp.source_line,
        1 as portion_no,
        8 as kind_no,
        1 as is_first
    from {{ ref('int_suspense') }} as sp
    where sp.amount_yen <> 0
),

-- What staff put on a due leaves suspense on the day of the books and is received there on that day.
unsuspended as (
    select
        'suspended_out' as movement_type,
        cast(null as {{ dbt.type_string() }}) as direction,
        'principal' as component,
        bk.booked_yen as amount_yen,
        cast(null as bigint) as due_no,
        cast(null as {{ dbt.type_string() }}) as addressee_no,
        sd.channel_code,
        sd.branch_code,
        sd.posted_date,
        sd.received_date as value_date,
        cast({{ fiscal_year_of('sd.received_date') }} as bigint) as fiscal_year,
        cast(null as bigint) as due_fiscal_year,
        cast(null as {{ dbt.type_string() }}) as budget_side,
        0 as is_provisional,
        'as_decided' as reason_code,
        sd.load_id,
        sd.source_line,
        1 as portion_no,
        10 as kind_no,
        0 as is_first
    from {{ ref('int_suspense_decisions') }} as sd
    inner join {{ ref('int_suspense_bookings') }} as bk on bk.load_id = sd.load_id and bk.source_line = sd.source_line
),

provisional as (
    select
        'received' as movement_type,
        cast(null as {{ dbt.type_string() }}) as direction,
        'principal' as component,
        np.offered_yen + np.split_reminder_fee_yen + np.split_late_charge_yen as amount_yen,
        np.due_no,
        du.addressee_no,
        np.channel_code,
        np.branch_code,
        np.posted_date,
        np.received_date as value_date,
        cast({{ fiscal_year_of_receipt('du.fiscal_year', 'np.received_date') }} as bigint) as fiscal_year,
        cast(du.fiscal_year as bigint) as due_fiscal_year,
        cast(null as {{ dbt.type_string() }}) as budget_side,
        1 as is_provisional,
        'provisional' as reason_code,
        np.load_id,
        np.source_line,
        np.portion_no,
        9 as kind_no,
        case when np.portion_no = 1 then 1 else 0 end as is_first
    from {{ ref('int_file_portions') }} as np
    inner join {{ ref('int_dues') }} as du on du.due_no = np.due_no
    where np.record_status = 'provisional'
),

outgoing_components as (
    select 11 as kind_no, 'principal' as component
    union all
    select 12 as kind_no, 'reminder_fee' as component
    union all
    select 13 as kind_no, 'late_charge' as component
    union all
    select 14 as kind_no, 'refund_interest' as component
),

outgoing as (
    select
        case wd.entry_kind when 'refund' then 'refunded' when 'offset' then 'offset_out' else 'reallocated' end
            as movement_type,
        case wd.entry_kind when 'reallocation' then 'out' end as direction,
        co.component,
        case co.kind_no
            when 11 then wd.principal_yen
            when 12 then wd.reminder_fee_yen
            when 13 then wd.late_charge_yen
            else wd.refund_interest_yen
        end as amount_yen,
        wd.due_no,
        du.addressee_no,
        wd.channel_code,
        wd.branch_code,
        wd.posted_date,
        wd.received_date as value_date,
        cast(case when co.component = 'refund_interest' then wd.interest_fiscal_year else wd.fiscal_year end as bigint)
            as fiscal_year,
        cast(du.fiscal_year as bigint) as due_fiscal_year,
        case
            when wd.entry_kind = 'reallocation' then cast(null as {{ dbt.type_string() }})
            when co.component = 'refund_interest' then 'expenditure'
            else wd.budget_side
        end as budget_side,
        0 as is_provisional,
        case wd.origin when 'history' then 'as_recorded' else 'as_decided' end as reason_code,
        wd.load_id,
        wd.source_line,
        1 as portion_no,
        co.kind_no,
        0 as is_first
    from {{ ref('int_withdrawals') }} as wd
    inner join {{ ref('int_dues') }} as du on du.due_no = wd.due_no
    cross join outgoing_components as co
    where wd.entry_kind <> 'notified'
),

-- Belongs to the year of its decision (LAW: 処分日), and never to a year before the due's own.
write_offs as (
    select
        'written_off' as movement_type,
        cast(null as {{ dbt.type_string() }}) as direction,
        wp.component,
        wp.amount_yen,
        wp.due_no,
        du.addressee_no,
        cast(null as {{ dbt.type_string() }}) as channel_code,
        cast(null as {{ dbt.type_string() }}) as branch_code,
        wp.written_off_date as posted_date,
        wp.written_off_date as value_date,
        cast(greatest({{ fiscal_year_of('wp.written_off_date') }}, du.fiscal_year) as bigint) as fiscal_year,
        cast(du.fiscal_year as bigint) as due_fiscal_year,
        cast(null as {{ dbt.type_string() }}) as budget_side,
        0 as is_provisional,
        'extinguished' as reason_code,
        wp.load_id,
        wp.source_line,
        1 as portion_no,
        wp.kind_no,
        0 as is_first
    from (
        select
            pa.load_id,
            pa.source_line,
            pa.due_no,
            pa.received_date as written_off_date,
            'principal' as component,
            15 as kind_no,
            pa.principal_yen as amount_yen
        from {{ ref('int_principal_allocations') }} as pa
        where pa.entry_kind = 'write_off'
        union all
        select
            wo.load_id,
            wo.source_line,
            wo.due_no,
            wo.written_off_date,
            'reminder_fee' as component,
            16 as kind_no,
            wo.reminder_fee_yen as amount_yen
        from {{ ref('int_write_offs') }} as wo
        union all
        select
            wo.load_id,
            wo.source_line,
            wo.due_no,
            wo.written_off_date,
            'late_charge' as component,
            17 as kind_no,
            wo.late_charge_yen as amount_yen
        from {{ ref('int_write_offs') }} as wo
    ) as wp
    inner join {{ ref('int_dues') }} as du on du.due_no = wp.due_no
),

movements as (
    {%- for part in [
        'assessments', 'principals', 'others', 'suspended', 'unsuspended', 'provisional', 'outgoing', 'write_offs'
    ] %}
    select
        {%- for column in columns %}
        pt.{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ part }} as pt
    where pt.amount_yen <> 0
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select
    {{ movement_id('mv', 'mv.portion_no', 'mv.kind_no') }} as movement_id,
    mv.movement_type,
    mv.direction,
    mv.component,
    cast(mv.amount_yen as bigint) as amount_yen,
    mv.due_no,
    mv.addressee_no,
    mv.channel_code,
    mv.branch_code,
    mv.posted_date,
    mv.value_date,
    mv.fiscal_year,
    coalesce(mv.due_fiscal_year < mv.fiscal_year, false) as is_carried_over,
    mv.budget_side,
    mv.is_provisional = 1 as is_provisional,
    mv.is_first = 1 as is_first_of_receipt,
    cast(null as bigint) as corrects_fiscal_year,
    mv.reason_code,
    mv.load_id,
    mv.source_line
from movements as mv
