-- One row per file ever offered, refused ones too.
select
    ld.offer_no,
    ld.load_id,
    ld.file_name,
    ld.sha256,
    ld.format,
    ld.role,
    ld.status,
    ld.records,
    ld.amount_yen,
    ld.quarantined,
    ld.warnings,
    ld.business_date,
    ld.landed_at,
    ld.reason_code,
    ld.reason
from {{ source('landing', 'loads') }} as ld
where ld.landed_at <= {{ known_at() }}
