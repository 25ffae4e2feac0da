-- One row per debit that the bank could not make.
-- Debits that the bank could not make (振替結果コード other than 0). A result that was delivered twice tells them once.
with failures as (
    select
        rw.load_id,
        rw.source_line,
        gr.consignor_code,
        gr.debit_date,
        rw.customer_no,
        rw.result_code,
        rw.amount_yen,
        row_number() over (
            partition by gr.consignor_code, gr.debit_date, rw.customer_no
            order by ld.load_rank, rw.source_line
        ) as delivery_no
    from {{ source('landing', 'direct_debit_results') }} as rw
    inner join {{ source('landing', 'direct_debit_results_groups') }} as gr
        on gr.load_id = rw.load_id and gr.group_no = rw.group_no
    inner join {{ ref('stg_loads') }} as ld on ld.load_id = rw.load_id
    where rw.result_code <> '0' and {{ not_later('gr.debit_date') }}
)

select
    fl.load_id,
    fl.source_line,
    fl.consignor_code,
    fl.debit_date,
    fl.customer_no,
    fl.result_code,
    fl.amount_yen
from failures as fl
where fl.delivery_no = 1
