-- One row per payment in cash at a counter.
select
    rw.load_id,
    rw.source_line,
    'counter_cash' as source_code,
    case when rw.record_type_code = '6' then 'reversal' else 'payment' end as entry_type,
    'final' as stage,
    rw.channel_code,
    rw.branch_code,
    coalesce(rw.received_date, rw.posted_date) as received_date,
    coalesce(rw.posted_date, rw.received_date) as posted_date,
    coalesce(rw.posted_date, rw.received_date) as remittance_date,
    cast(null as {{ dbt.type_string() }}) as remittance_group,
    rw.amount_yen,
    concat_ws(
        '|', 'counter_cash', rw.branch_code, rw.serial_no, cast(rw.received_date as {{ dbt.type_string() }}),
        cast(rw.amount_yen as {{ dbt.type_string() }})
    ) as identity,
    cast(null as {{ dbt.type_string() }}) as reversal_key,  -- its identity
    cast(null as bigint) as due_no,
    rw.slip_no,
    cast(null as {{ dbt.type_string() }}) as ocr_upper,
    cast(null as {{ dbt.type_string() }}) as ocr_lower,
    cast(null as {{ dbt.type_string() }}) as el_no,
    cast(null as {{ dbt.type_string() }}) as customer_no,
    cast(null as {{ dbt.type_string() }}) as addressee_no
from {{ source('landing', 'counter_cash') }} as rw
where {{ not_later('coalesce(rw.posted_date, rw.received_date)') }}
