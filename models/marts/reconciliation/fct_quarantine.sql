-- One row per quarantined or re-sent row.
-- Rows that landed as evidence but do not count: those that broke the contract of their extract, and payments that
-- were sent again in another file. Who looks: the office, with the sender.
with broken as (
    select
        qu.load_id,
        qu.source_line,
        qu.reason_code,
        qu.reason
    from {{ source('landing', 'quarantine') }} as qu
),

resent as (
    select
        pm.load_id,
        pm.source_line,
        'resent' as reason_code,
        '同じ記録が別のファイルで取込済みのため、収納に数えません' as reason
    from {{ ref('int_payments') }} as pm
    where pm.status_reason = 'resent'
),

quarantined as (
    select * from broken
    union all
    select * from resent
)

select
    qr.load_id,
    ld.source_file,
    qr.source_line,
    ld.format,
    qr.reason_code,
    qr.reason
from quarantined as qr
inner join {{ ref('stg_loads') }} as ld on ld.load_id = qr.load_id
