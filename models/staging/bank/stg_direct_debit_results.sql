-- One row per debit that was made (振替結果コード 0).
-- Only a debit that was made (振替結果コード 0) is a payment. Requests are in a table of their own and never come here.
select
    rw.load_id,
    rw.source_line,
    'direct_debit' as source_code,
    'payment' as entry_type,
    'final' as stage,
    '03' as channel_code,
    cast(null as {{ dbt.type_string() }}) as branch_code,
    gr.debit_date as received_date,
    gr.debit_date as posted_date,
    gr.debit_date as remittance_date,
    gr.consignor_code as remittance_group,
    rw.amount_yen,
    concat_ws(
        '|', 'direct_debit', gr.consignor_code, cast(gr.debit_date as {{ dbt.type_string() }}), rw.customer_no,
        cast(rw.amount_yen as {{ dbt.type_string() }})
    ) as identity,
    cast(null as {{ dbt.type_string() }}) as reversal_key,  -- its identity
    cast(null as bigint) as due_no,
    cast(null as {{ dbt.type_string() }}) as slip_no,
    cast(null as {{ dbt.type_string() }}) as ocr_upper,
    cast(null as {{ dbt.type_string() }}) as ocr_lower,
    cast(null as {{ dbt.type_string() }}) as el_no,
    rw.customer_no,
    cast(null as {{ dbt.type_string() }}) as addressee_no
from {{ source('landing', 'direct_debit_results') }} as rw
inner join {{ source('landing', 'direct_debit_results_groups') }} as gr
    on gr.load_id = rw.load_id and gr.group_no = rw.group_no
where rw.result_code = '0' and {{ not_later('gr.debit_date') }}
