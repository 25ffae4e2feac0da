-- One row per record of a paid-slip file.
-- A record without its 収納日 is booked on its 領収日, and the other way round (records_are_whole lists it).
select
    rw.load_id,
    rw.source_line,
    'paid_slip' as source_code,
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
        '|', 'paid_slip', coalesce(rw.slip_no, ''), coalesce(rw.ocr_lower, ''), coalesce({{ due_key('rw') }}, ''),
        coalesce(rw.addressee_no, ''), cast(rw.received_date as {{ dbt.type_string() }}), cast(rw.amount_yen as {{ dbt.type_string() }}),
        rw.institution_code, coalesce(rw.institution_branch_code, ''), rw.serial_no
    ) as identity,
    cast(null as {{ dbt.type_string() }}) as reversal_key,  -- its identity
    {{ due_no('rw', 'ds') }} as due_no,
    rw.slip_no,
    rw.ocr_upper,
    rw.ocr_lower,
    cast(null as {{ dbt.type_string() }}) as el_no,
    cast(null as {{ dbt.type_string() }}) as customer_no,
    rw.addressee_no
from {{ source('landing', 'paid_slips') }} as rw
{{ join_due_series('rw', 'ds') }}
where {{ not_later('coalesce(rw.posted_date, rw.received_date)') }}
