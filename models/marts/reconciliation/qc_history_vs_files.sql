-- One row per difference between 収納履歴 and the payment files.
-- From go-live on the payment files are the money, and 収納履歴 is compared with them: one row per difference. Pairs are
-- found from what they have in common, most first; compared is what 収納履歴 covers, channel by channel.
{% set near_days = 14 %}
with history as (
    select
        hs.load_id,
        hs.source_line,
        hs.load_rank,
        hs.channel_code,
        hs.due_no,
        hs.received_date,
        hs.posted_date,
        hs.principal_yen + coalesce(co.principal_yen, 0) as principal_yen,
        hs.reminder_fee_yen + coalesce(co.reminder_fee_yen, 0) as reminder_fee_yen,
        hs.late_charge_yen + coalesce(co.late_charge_yen, 0) as late_charge_yen,
        case when hs.received_date >= {{ go_live('hs.channel_code') }} then 1 else 0 end as is_after
    from {{ ref('stg_receipt_history') }} as hs
    left join {{ ref('int_history_corrections') }} as co on co.load_id = hs.load_id and co.source_line = hs.source_line
    where
        hs.receipt_type_code in ('1', '7')
        and hs.received_date >= {{ add_days(go_live('hs.channel_code'), - near_days) }}
        and coalesce(co.correction_state, '') <> 'unresolved'
),

told as (
    select
        hs.*,
        hs.principal_yen + hs.reminder_fee_yen + hs.late_charge_yen as amount_yen
    from history as hs
    where hs.principal_yen + hs.reminder_fee_yen + hs.late_charge_yen <> 0
),

covered as (
    select
        td.channel_code,
        max(td.posted_date) as covered_to
    from told as td
    where td.is_after = 1
    group by td.channel_code
),

-- Money in suspense is only looked at where 収納履歴 has it on a due.
filed as (
    select
        al.load_id,
        al.source_line,
        al.portion_no,
        al.channel_code,
        al.due_no,
        al.received_date,
        al.posted_date,
        al.principal_yen + al.overpaid_principal_yen as principal_yen,
        al.reminder_fee_yen + al.overpaid_reminder_fee_yen as reminder_fee_yen,
        al.late_charge_yen + al.overpaid_late_charge_yen as late_charge_yen
    from {{ ref('int_allocations') }} as al
    inner join covered as cv on cv.channel_code = al.channel_code and al.posted_date <= cv.covered_to
    where al.origin in ('file', 'decision') and al.entry_kind in ('receipt', 'decided') and al.due_no is not null
    union all
    select
        sp.load_id,
        sp.source_line,
        1 as portion_no,
        sp.channel_code,
        cast(null as bigint) as due_no,
        sp.received_date,
        sp.posted_date,
        sp.balance_yen as principal_yen,
        cast(0 as bigint) as reminder_fee_yen,
        cast(0 as bigint) as late_charge_yen
    from {{ ref('fct_suspense') }} as sp
    inner join covered as cv on cv.channel_code = sp.channel_code and sp.posted_date <= cv.covered_to
    where sp.balance_yen > 0 and sp.received_date >= {{ go_live('sp.channel_code') }}
),

counted as (
    select
        fl.*,
        fl.principal_yen + fl.reminder_fee_yen + fl.late_charge_yen as amount_yen
    from filed as fl
),

{#- What has found no partner yet, numbered among its like, meets its like of the other side. -#}
{%- set steps = [
    ('same', ['due_no', 'amount_yen', 'received_date'], 'same'),
    ('date', ['due_no', 'amount_yen'], 'date_differs'),
    ('amount', ['due_no', 'received_date'], 'amount_differs'),
    ('due', ['channel_code', 'amount_yen', 'received_date'], 'due_differs')
] %}
history_0 as (
    select td.*
    from told as td
    where td.is_after = 1
),

files_0 as (
    select ct.*
    from counted as ct
),

{%- for step, columns, kind in steps %}
{%- set before, after = loop.index0, loop.index %}
history_{{ step }} as (
    select
        hs.*,
        row_number() over (
            partition by hs.{{ columns | join(', hs.') }}
            order by hs.received_date, hs.posted_date, hs.load_rank, hs.source_line
        ) as like_no
    from history_{{ before }} as hs
),

files_{{ step }} as (
    select
        fl.*,
        row_number() over (
            partition by fl.{{ columns | join(', fl.') }}
            order by fl.received_date, fl.posted_date, fl.load_id, fl.source_line, fl.portion_no
        ) as like_no
    from files_{{ before }} as fl
),

pairs_{{ step }} as (
    select
        '{{ kind }}' as kind,
        hs.load_id as history_load_id,
        hs.source_line as history_source_line,
        fl.load_id as file_load_id,
        fl.source_line as file_source_line,
        fl.portion_no as file_portion_no
    from history_{{ step }} as hs
    inner join files_{{ step }} as fl
        on fl.like_no = hs.like_no
        {%- for column in columns %}
        and fl.{{ column }} = hs.{{ column }}
        {%- endfor %}
),

history_{{ after }} as (
    select hs.*
    from history_{{ before }} as hs
    left join pairs_{{ step }} as pr
        on pr.history_load_id = hs.load_id and pr.history_source_line = hs.source_line
    where pr.history_load_id is null
),

files_{{ after }} as (
    select fl.*
    from files_{{ before }} as fl
    left join pairs_{{ step }} as pr
        on pr.file_load_id = fl.load_id and pr.file_source_line = fl.source_line
        and pr.file_portion_no = fl.portion_no
    where pr.file_load_id is null
),
{%- endfor %}

-- 領収日 on either side of go-live: 収納履歴 counts it for before, the file for after (twice), or neither does.
twice as (
    select
        'counted_twice' as kind,
        td.load_id as history_load_id,
        td.source_line as history_source_line,
        fl.load_id as file_load_id,
        fl.source_line as file_source_line,
        fl.portion_no as file_portion_no
    from told as td
    inner join files_{{ steps | length }} as fl
        on fl.due_no = td.due_no and fl.amount_yen = td.amount_yen
        and fl.received_date <= {{ add_days(go_live('fl.channel_code'), near_days) }}
    where td.is_after = 0
),

early as (
    select
        pm.load_id,
        pm.source_line,
        pm.amount_yen,
        pm.received_date,
        pm.posted_date,
        pm.channel_code,
        coalesce(pm.due_no, sl.due_no) as due_no
    from {{ ref('int_payments') }} as pm
    left join {{ ref('stg_slips') }} as sl on sl.slip_no = pm.slip_no and sl.line_no = 1
    where
        pm.status_reason = 'before_go_live'
        and pm.entry_type = 'payment'
        and pm.received_date >= {{ add_days(go_live('pm.channel_code'), - near_days) }}
),

nowhere as (
    select
        'counted_nowhere' as kind,
        hs.load_id as history_load_id,
        hs.source_line as history_source_line,
        ea.load_id as file_load_id,
        ea.source_line as file_source_line,
        1 as file_portion_no
    from history_{{ steps | length }} as hs
    inner join early as ea on ea.due_no = hs.due_no and ea.amount_yen = hs.amount_yen
    where hs.received_date <= {{ add_days(go_live('hs.channel_code'), near_days) }}
),

paired as (
    {%- for step, columns, kind in steps %}
    select * from pairs_{{ step }}
    union all
    {%- endfor %}
    select * from twice
    union all
    select * from nowhere
    union all
    select
        'missing_in_files' as kind,
        hs.load_id as history_load_id,
        hs.source_line as history_source_line,
        cast(null as bigint) as file_load_id,
        cast(null as integer) as file_source_line,
        cast(null as integer) as file_portion_no
    from history_{{ steps | length }} as hs
    left join nowhere as nw on nw.history_load_id = hs.load_id and nw.history_source_line = hs.source_line
    where nw.history_load_id is null
    union all
    select
        'missing_in_history' as kind,
        cast(null as bigint) as history_load_id,
        cast(null as integer) as history_source_line,
        fl.load_id as file_load_id,
        fl.source_line as file_source_line,
        fl.portion_no as file_portion_no
    from files_{{ steps | length }} as fl
    left join twice as tw
        on tw.file_load_id = fl.load_id and tw.file_source_line = fl.source_line
        and tw.file_portion_no = fl.portion_no
    where tw.file_load_id is null and fl.due_no is not null
),

compared as (
    select
        case
            when pr.kind <> 'same' then pr.kind
            when hs.principal_yen <> fl.principal_yen or hs.reminder_fee_yen <> fl.reminder_fee_yen
                or hs.late_charge_yen <> fl.late_charge_yen then 'split_differs'
            else 'same'
        end as kind,
        pr.history_load_id,
        pr.history_source_line,
        pr.file_load_id,
        pr.file_source_line,
        pr.file_portion_no,
        coalesce(hs.channel_code, fl.channel_code) as channel_code,
        hs.due_no as history_due_no,
        coalesce(fl.due_no, ea.due_no) as file_due_no,
        hs.received_date as history_received_date,
        coalesce(fl.received_date, ea.received_date) as file_received_date,
        hs.posted_date as history_posted_date,
        coalesce(fl.posted_date, ea.posted_date) as file_posted_date,
        {%- for part in ['principal', 'reminder_fee', 'late_charge'] %}
        hs.{{ part }}_yen as history_{{ part }}_yen,
        fl.{{ part }}_yen as file_{{ part }}_yen,
        {%- endfor %}
        coalesce(fl.amount_yen, ea.amount_yen, 0) - coalesce(hs.amount_yen, 0) as difference_yen
    from paired as pr
    left join told as hs on hs.load_id = pr.history_load_id and hs.source_line = pr.history_source_line
    left join counted as fl
        on fl.load_id = pr.file_load_id and fl.source_line = pr.file_source_line
        and fl.portion_no = pr.file_portion_no
    left join early as ea
        on pr.kind = 'counted_nowhere' and ea.load_id = pr.file_load_id and ea.source_line = pr.file_source_line
)

select
    concat_ws(
        '-', cp.history_load_id, cp.history_source_line, cp.kind, cp.file_load_id, cp.file_source_line,
        cp.file_portion_no
    ) as difference_id,
    cp.kind,
    cp.channel_code,
    {{ due_key_of('cp.history_due_no', 'hs', 'ho') }} as history_due_key,
    {{ due_key_of('cp.file_due_no', 'fs', 'fo') }} as file_due_key,
    cp.history_received_date,
    cp.file_received_date,
    cp.history_posted_date,
    cp.file_posted_date,
    {%- for part in ['principal', 'reminder_fee', 'late_charge'] %}
    cast(cp.history_{{ part }}_yen as bigint) as history_{{ part }}_yen,
    cast(cp.file_{{ part }}_yen as bigint) as file_{{ part }}_yen,
    {%- endfor %}
    cast(cp.difference_yen as bigint) as difference_yen,
    cp.history_load_id,
    cp.history_source_line,
    cp.file_load_id,
    cp.file_source_line
from compared as cp
{{ join_due_key('cp.history_due_no', 'hs', 'ho') }}
{{ join_due_key('cp.file_due_no', 'fs', 'fo') }}
where cp.kind <> 'same'
