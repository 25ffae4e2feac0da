{#- Payments identified by an eL番号 (収納機関番号, 案件特定キー or 納付番号, 確認番号, 納付区分): eLTAX and Pay-easy. -#}
{%- macro payments_by_el_no(table, source_code) -%}
select
    rw.load_id,
    rw.source_line,
    '{{ source_code }}' as source_code,
    case when rw.record_type_code = '6' then 'reversal' else 'payment' end as entry_type,
    'final' as stage,
    rw.channel_code,
    cast(null as {{ dbt.type_string() }}) as branch_code,
    coalesce(rw.received_date, rw.posted_date) as received_date,
    coalesce(rw.posted_date, rw.received_date) as posted_date,
    coalesce(rw.transfer_date, rw.posted_date, rw.received_date) as remittance_date,
    cast(null as {{ dbt.type_string() }}) as remittance_group,
    rw.amount_yen,
    concat_ws(
        '|', '{{ source_code }}', rw.biller_no, rw.payment_no, rw.confirmation_no, rw.payment_class,
        cast(rw.received_date as {{ dbt.type_string() }}), cast(rw.amount_yen as {{ dbt.type_string() }}), rw.institution_code, rw.serial_no
    ) as identity,
    cast(null as {{ dbt.type_string() }}) as reversal_key,  -- its identity
    cast(null as bigint) as due_no,
    cast(null as {{ dbt.type_string() }}) as slip_no,
    cast(null as {{ dbt.type_string() }}) as ocr_upper,
    cast(null as {{ dbt.type_string() }}) as ocr_lower,
    concat_ws('-', rw.biller_no, rw.payment_no, rw.confirmation_no, rw.payment_class) as el_no,
    cast(null as {{ dbt.type_string() }}) as customer_no,
    cast(null as {{ dbt.type_string() }}) as addressee_no
from {{ source('landing', table) }} as rw
where {{ not_later('coalesce(rw.posted_date, rw.received_date)') }}
{%- endmacro -%}
