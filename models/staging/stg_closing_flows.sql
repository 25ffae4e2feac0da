-- Only of files that a closing names by their hash: those of an attempt that broke off belong to none. What was recorded
-- twice alike, say for a closing that was withdrawn and made again, counts once.
with files as (
    select
        ld.sha256,
        min(ld.load_id) as load_id
    from {{ ref('stg_loads') }} as ld
    where ld.landing_table = 'closing_flows'
    group by ld.sha256
)

select
    cf.fiscal_year,
    cf.origin_fiscal_year,
    cf.due_key,
    cf.component,
    cf.movement_kind,
    cf.amount_yen
from {{ source('landing', 'closing_flows') }} as cf
inner join files as fi on fi.load_id = cf.load_id
inner join {{ ref('stg_closings') }} as cl on cl.flows_sha256 = fi.sha256
