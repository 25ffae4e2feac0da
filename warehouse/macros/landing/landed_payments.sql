{#-
Every payment record as it landed, for tests that count without the models: load_id, source_line, amount_yen, and kept_out,
the reason why it is no receipt as of the build. Where kept_out is null the record must be in the books, whatever else
is blank in it.
-#}
{%- macro landed_payments() -%}
{%- for one in payment_sources() if one.is_plain %}
select
    rw.load_id,
    rw.source_line,
    rw.amount_yen,
    case when coalesce(rw.posted_date, rw.received_date) > {{ as_of_date() }} then 'not_yet_posted' end as kept_out
from {{ source('landing', one.landing_table) }} as rw
union all
{%- endfor %}
select
    rw.load_id,
    rw.source_line,
    rw.amount_yen,
    case
        when coalesce(
            case when rw.record_kind in ('01', '03') then rw.created_date else rw.transfer_date end,
            rw.created_date,
            rw.store_date
        ) > {{ as_of_date() }} then 'not_yet_posted'
    end as kept_out
from {{ source('landing', 'convenience_receipts') }} as rw
union all
select
    rw.load_id,
    rw.source_line,
    rw.amount_yen,
    case
        when rw.result_code <> '0' then 'debit_not_made'
        when gr.debit_date > {{ as_of_date() }} then 'not_yet_posted'
    end as kept_out
from {{ source('landing', 'direct_debit_results') }} as rw
left join {{ source('landing', 'direct_debit_results_groups') }} as gr
    on gr.load_id = rw.load_id and gr.group_no = rw.group_no
union all
select
    rw.load_id,
    rw.source_line,
    rw.amount_yen,
    case
        when rw.direction_code = '2' then 'money_out'
        when coalesce(rw.book_date, rw.value_date) > {{ as_of_date() }} then 'not_yet_posted'
        when gr.type_code = '01' and st.account is not null then 'notice_of_a_statement'
    end as kept_out
from {{ source('landing', 'bank_statement_entries') }} as rw
left join {{ source('landing', 'bank_statement_entries_groups') }} as gr
    on gr.load_id = rw.load_id and gr.group_no = rw.group_no
left join (
    select distinct {{ account_of('sg') }} as account
    from {{ source('landing', 'bank_statement_entries_groups') }} as sg
    inner join {{ source('landing', 'bank_statement_entries') }} as se
        on se.load_id = sg.load_id and se.group_no = sg.group_no
    inner join {{ ref('stg_loads') }} as sl on sl.load_id = sg.load_id
    where sg.type_code = '03'
) as st on st.account = {{ account_of('gr') }}
{%- endmacro -%}

{#- One account, however a bank writes it: 全銀 01 has 7 digits of its number, 03 has 10. -#}
{%- macro account_of(group) -%}
    concat_ws('-', {{ group }}.bank_code, {{ group }}.branch_code, {{ group }}.account_type_code, lpad({{ group }}.account_no, 10, '0'))
{%- endmacro -%}
