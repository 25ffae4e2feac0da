-- One row per record of a convenience-store file (速報, 確報, 取消).
-- 速報 and 取消 are booked on the day the data was made, a 確報 on the day its money is transferred (EXTRACTS.md).
with records as (
    select
        rw.load_id,
        rw.source_line,
        rw.record_kind,
        rw.store_date,
        coalesce(
            case when rw.record_kind in ('01', '03') then rw.created_date else rw.transfer_date end, rw.created_date, rw.store_date
        ) as posted_date,
        rw.transfer_date,
        -- 120-byte files write 本部コード with more digits than the CSV: the number is what they share
        lpad(trim(leading '0' from rw.chain_code), 3, '0') as chain_code,
        rw.amount_yen,
        rw.slip_no,
        concat_ws(
            '|', 'convenience', rw.barcode, coalesce(rw.store_code, ''), cast(rw.store_date as {{ dbt.type_string() }}),
            coalesce(rw.store_time, '')
        ) as identity
    from {{ source('landing', 'convenience_receipts') }} as rw
)

select
    rc.load_id,
    rc.source_line,
    'convenience' as source_code,
    case when rc.record_kind = '03' then 'reversal' else 'payment' end as entry_type,
    case when rc.record_kind in ('01', '03') then 'provisional' else 'final' end as stage,
    coalesce(ch.channel_code, '04') as channel_code,
    cast(null as {{ dbt.type_string() }}) as branch_code,
    coalesce(rc.store_date, rc.posted_date) as received_date,
    rc.posted_date,
    rc.transfer_date as remittance_date,
    rc.chain_code as remittance_group,
    rc.amount_yen,
    rc.identity,
    cast(null as {{ dbt.type_string() }}) as reversal_key,  -- its identity
    cast(null as bigint) as due_no,
    rc.slip_no,
    cast(null as {{ dbt.type_string() }}) as ocr_upper,
    cast(null as {{ dbt.type_string() }}) as ocr_lower,
    cast(null as {{ dbt.type_string() }}) as el_no,
    cast(null as {{ dbt.type_string() }}) as customer_no,
    cast(null as {{ dbt.type_string() }}) as addressee_no
from records as rc
left join {{ ref('convenience_chains') }} as ch on ch.chain_code = rc.chain_code
where {{ not_later('rc.posted_date') }}
