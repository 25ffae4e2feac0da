-- One row per payment record of 収納履歴 or of a payment file that is not a bulk credit of a channel.
{# Read twice. As a named step it would be written out whole; as text each reading takes only the columns it needs. -#}
{%- set allocations %}
    select
        al.load_id,
        al.source_line,
        al.origin,
        al.due_no,
        al.is_due_unknown,
        al.channel_code,
        al.branch_code,
        al.received_date,
        al.posted_date,
        al.principal_yen,
        al.reminder_fee_yen,
        al.late_charge_yen,
        al.overpaid_principal_yen + al.overpaid_reminder_fee_yen + al.overpaid_late_charge_yen as overpaid_yen,
        al.suspense_yen
    from {{ ref('int_allocations') }} as al
    where al.entry_kind = 'receipt'
{%- endset %}
{%- set amounts = ['principal_yen', 'reminder_fee_yen', 'late_charge_yen', 'overpaid_yen', 'suspense_yen'] %}
-- from_history is 収納履歴: one portion each
with from_history as (
    select
        al.load_id,
        al.source_line,
        'payment' as entry_type,
        al.channel_code,
        al.branch_code,
        'final' as record_status,
        cast(null as {{ dbt.type_string() }}) as status_reason,
        al.received_date,
        al.posted_date,
        al.principal_yen + al.reminder_fee_yen + al.late_charge_yen + al.overpaid_yen + al.suspense_yen as amount_yen,
        case when al.is_due_unknown = 1 then 'suspense' else 'due_key' end as match_method,
        cast(null as bigint) as match_score,
        case when al.is_due_unknown = 1 then 'unknown_due' end as suspense_reason,
        case when al.is_due_unknown = 0 then al.due_no end as due_no,
        1 as due_count,
        al.principal_yen,
        al.reminder_fee_yen,
        al.late_charge_yen,
        al.overpaid_yen,
        al.suspense_yen
    from (
{{ allocations }}
    ) as al
    where al.origin = 'history'
),

cancelled_history as (
    select
        hs.load_id,
        hs.source_line,
        'payment' as entry_type,
        hs.channel_code,
        hs.branch_code,
        'cancelled' as record_status,
        'reversed' as status_reason,
        hs.received_date,
        hs.posted_date,
        abs(hs.principal_yen + hs.reminder_fee_yen + hs.late_charge_yen) as amount_yen
    from {{ ref('int_history_corrections') }} as co
    inner join {{ ref('stg_receipt_history') }} as hs on hs.load_id = co.load_id and hs.source_line = co.source_line
    where
        hs.receipt_type_code in ('1', '7')
        and hs.received_date < {{ go_live('hs.channel_code') }}
        and hs.principal_yen + co.principal_yen = 0
        and hs.reminder_fee_yen + co.reminder_fee_yen = 0
        and hs.late_charge_yen + co.late_charge_yen = 0
    union all
    select
        hs.load_id,
        hs.source_line,
        'reversal' as entry_type,
        hs.channel_code,
        hs.branch_code,
        'cancelled' as record_status,
        case when co.correction_state = 'unresolved' then 'reversal_without_record' else 'reversal' end as status_reason,
        hs.received_date,
        hs.posted_date,
        abs(hs.principal_yen + hs.reminder_fee_yen + hs.late_charge_yen) as amount_yen
    from {{ ref('stg_receipt_history') }} as hs
    left join {{ ref('int_history_corrections') }} as co
        on co.load_id = hs.load_id and co.source_line = hs.source_line and co.correction_state = 'unresolved'
    where hs.receipt_type_code = '6' and hs.received_date < {{ go_live('hs.channel_code') }}
),

file_totals as (
    select
        al.load_id,
        al.source_line,
        case when count(*) = 1 then min(al.due_no) end as due_no,
        count(al.due_no) as due_count,
        {%- for amount in amounts %}
        {{ sum_yen('al.' ~ amount) }} as {{ amount }}{{ ',' if not loop.last }}
        {%- endfor %}
    from (
{{ allocations }}
    ) as al
    where al.origin = 'file'
    group by al.load_id, al.source_line
),

provisional_dues as (
    select
        np.load_id,
        np.source_line,
        case when count(*) = 1 then min(np.due_no) end as due_no,
        count(*) as due_count
    from {{ ref('int_file_portions') }} as np
    where np.record_status = 'provisional'
    group by np.load_id, np.source_line
),

from_files as (
    select
        pm.load_id,
        pm.source_line,
        pm.entry_type,
        pm.channel_code,
        pm.branch_code,
        pm.record_status,
        pm.status_reason,
        pm.received_date,
        pm.posted_date,
        pm.amount_yen,
        case
            when mt.match_method = 'addressee' and ft.suspense_yen > 0 then 'suspense'
            when dc.load_id is not null then 'deposit_name'
            else mt.match_method
        end as match_method,
        dc.score as match_score,
        case
            when mt.match_method = 'addressee' and ft.suspense_yen > 0 then 'owes_nothing'
            when dc.load_id is null then mt.suspense_reason
        end as suspense_reason,
        coalesce(ft.due_no, pd.due_no) as due_no,
        coalesce(ft.due_count, pd.due_count, 0) as due_count,
        coalesce(ft.principal_yen, 0) as principal_yen,
        coalesce(ft.reminder_fee_yen, 0) as reminder_fee_yen,
        coalesce(ft.late_charge_yen, 0) as late_charge_yen,
        coalesce(ft.overpaid_yen, 0) as overpaid_yen,
        case
            when mt.match_method = 'suspense' and pm.record_status = 'final' and dc.load_id is null then pm.amount_yen
            else coalesce(ft.suspense_yen, 0)
        end as suspense_yen
    from {{ ref('int_payments') }} as pm
    left join {{ ref('int_remittances') }} as rm
        on rm.credit_load_id = pm.load_id and rm.credit_source_line = pm.source_line
    left join {{ ref('int_payments_matched') }} as mt
        on mt.load_id = pm.load_id and mt.source_line = pm.source_line
    left join {{ ref('int_deposit_candidates') }} as dc
        on dc.load_id = pm.load_id and dc.source_line = pm.source_line and dc.state = 'taken' and dc.line_no = 1
    left join file_totals as ft on ft.load_id = pm.load_id and ft.source_line = pm.source_line
    left join provisional_dues as pd on pd.load_id = pm.load_id and pd.source_line = pm.source_line
    where rm.credit_load_id is null
),

{%- set columns = [
    'load_id', 'source_line', 'entry_type', 'channel_code', 'branch_code', 'record_status', 'status_reason',
    'received_date', 'posted_date', 'amount_yen', 'match_method', 'match_score', 'suspense_reason', 'due_no', 'due_count'
] + amounts %}

receipts as (
    select
        {%- for column in columns %}
        fh.{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from from_history as fh
    union all
    select
        ch.load_id,
        ch.source_line,
        ch.entry_type,
        ch.channel_code,
        ch.branch_code,
        ch.record_status,
        ch.status_reason,
        ch.received_date,
        ch.posted_date,
        ch.amount_yen,
        cast(null as {{ dbt.type_string() }}) as match_method,
        cast(null as bigint) as match_score,
        cast(null as {{ dbt.type_string() }}) as suspense_reason,
        cast(null as bigint) as due_no,
        0 as due_count,
        {%- for amount in amounts %}
        cast(0 as bigint) as {{ amount }}{{ ',' if not loop.last }}
        {%- endfor %}
    from cancelled_history as ch
    union all
    select
        {%- for column in columns %}
        ff.{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from from_files as ff
)

select
    concat_ws('-', rc.load_id, rc.source_line) as receipt_id,
    rc.load_id,
    ld.source_file,
    rc.source_line,
    ld.format,
    rc.entry_type,
    rc.channel_code,
    rc.branch_code,
    rc.record_status,
    rc.status_reason,
    rc.received_date,
    rc.posted_date,
    cast(rc.amount_yen as bigint) as amount_yen,
    rc.match_method,
    case
        when rc.match_score is null then coalesce(sr.reason, mm.match_name)
        else concat(mm.match_name, '（', cast(rc.match_score as {{ dbt.type_string() }}), '点）')
    end as match_detail,
    {{ due_key_of('rc.due_no', 'ds', 'od') }} as due_key,
    cast(rc.due_count as bigint) as due_count,
    {%- for amount in amounts %}
    cast(rc.{{ amount }} as bigint) as {{ amount }}{{ ',' if not loop.last }}
    {%- endfor %}
from receipts as rc
inner join {{ ref('stg_loads') }} as ld on ld.load_id = rc.load_id
left join {{ ref('suspense_reasons') }} as sr on sr.reason_code = rc.suspense_reason
left join {{ ref('match_methods') }} as mm on mm.match_method = rc.match_method
{{ join_due_key('rc.due_no', 'ds', 'od') }}
