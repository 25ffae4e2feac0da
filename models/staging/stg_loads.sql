select
    ld.load_id,
    ld.file_name as source_file,
    ld.sha256,
    ld.format,
    ld.role,
    ld.landing_table,
    ld.business_date,
    -- A full file withdraws what it does not hold. One with quarantined rows does not hold those either, although the
    -- core system does: it withdraws nothing, until it has come again whole.
    ld.is_full and ld.quarantined = 0 as is_full,
    ld.landed_at,
    -- A total order that depends on content alone: ties between receipts of one day are broken by it.
    row_number() over (order by ld.sha256) as load_rank,
    -- The version order of extracts: business date, the n of the file name, content.
    row_number() over (order by ld.business_date, ld.sequence_no, ld.sha256) as version_no
from {{ source('landing', 'loads') }} as ld
where ld.status = 'landed' and ld.landed_at <= {{ known_at() }}
