-- One row per closed year, year that it corrects, due, part and kind of movement.
-- Only of files that a closing names by their hash: those of an attempt that broke off belong to none. What was
-- recorded twice alike, say for a closing that was withdrawn and made again, counts once.
with files as (
    select
        ld.sha256,
        min(ld.load_id) as load_id
    from {{ ref('stg_loads') }} as ld
    where ld.landing_table = 'closing_flows'
    group by ld.sha256
),

flows as (
    select
        cf.*,
        {%- for part in due_key_parts() %}
        split_part(cf.due_key, '-', {{ loop.index }}) as {{ part }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ source('landing', 'closing_flows') }} as cf
    inner join files as fi on fi.load_id = cf.load_id
    inner join {{ ref('stg_closings') }} as cl on cl.flows_sha256 = fi.sha256
)

select
    fw.fiscal_year,
    fw.origin_fiscal_year,
    {{ due_no('fw', 'ds') }} as due_no,
    fw.component,
    fw.movement_kind,
    fw.amount_yen
from flows as fw
{{ join_due_series('fw', 'ds') }}
