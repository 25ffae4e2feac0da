-- Only of files that a closing names by their hash: those of an attempt that broke off belong to none.
select
    cf.fiscal_year,
    cf.origin_fiscal_year,
    cf.due_key,
    cf.component,
    cf.movement_kind,
    cf.amount_yen
from {{ source('landing', 'closing_flows') }} as cf
inner join {{ ref('stg_loads') }} as ld on ld.load_id = cf.load_id
inner join {{ ref('stg_closings') }} as cl on cl.flows_sha256 = ld.sha256
