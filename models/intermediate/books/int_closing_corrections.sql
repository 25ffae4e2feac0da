-- One row per corrected year, booking year, due, part and kind of movement.
-- What holds the books of closed years (DESIGN §3, Closing): where the derivation of a closed year now differs from
-- what was closed, the difference is taken back in that year and booked in the open one, per due, part and kind of
-- movement. The rows of one difference add up to nothing: totals never change. Amounts are signed.
{% if not variable('has_closings') %}
select
    cast(null as bigint) as corrects_fiscal_year,
    cast(null as bigint) as fiscal_year,
    cast(null as bigint) as due_no,
    cast(null as {{ dbt.type_string() }}) as component,
    cast(null as {{ dbt.type_string() }}) as movement_kind,
    cast(null as bigint) as amount_yen,
    cast(null as bigint) as correction_no
-- depends_on: {{ ref('int_movements') }}, {{ ref('stg_closings') }}
from {{ ref('stg_closing_flows') }} as cf
where 1 = 0
{%- else %}
with derived as (
    select
        mv.fiscal_year,
        mv.due_no,
        mv.component,
        {{ movement_kind('mv') }} as movement_kind,
        {{ sum_yen('mv.amount_yen') }} as amount_yen
    from {{ ref('int_movements') }} as mv
    inner join {{ ref('stg_closings') }} as cl on cl.fiscal_year = mv.fiscal_year
    where mv.due_no is not null and not mv.is_provisional
    group by mv.fiscal_year, mv.due_no, mv.component, {{ movement_kind('mv') }}
),

open_year as (
    select max(cl.fiscal_year) + 1 as fiscal_year from {{ ref('stg_closings') }} as cl
),

entries as (
    -- taken back in the closed year: what is derived for it now
    select
        dv.fiscal_year as corrects_fiscal_year,
        dv.fiscal_year,
        dv.due_no,
        dv.component,
        dv.movement_kind,
        - dv.amount_yen as amount_yen
    from derived as dv
    union all
    -- what was closed stands in the year whose closing holds it
    select
        cf.origin_fiscal_year as corrects_fiscal_year,
        cf.fiscal_year,
        cf.due_no,
        cf.component,
        cf.movement_kind,
        cf.amount_yen
    from {{ ref('stg_closing_flows') }} as cf
    union all
    -- and the open year has the difference
    select
        dv.fiscal_year as corrects_fiscal_year,
        oy.fiscal_year,
        dv.due_no,
        dv.component,
        dv.movement_kind,
        dv.amount_yen
    from derived as dv
    cross join open_year as oy
    union all
    select
        cf.origin_fiscal_year as corrects_fiscal_year,
        oy.fiscal_year,
        cf.due_no,
        cf.component,
        cf.movement_kind,
        - cf.amount_yen as amount_yen
    from {{ ref('stg_closing_flows') }} as cf
    cross join open_year as oy
),

corrections as (
    select
        en.corrects_fiscal_year,
        en.fiscal_year,
        en.due_no,
        en.component,
        en.movement_kind,
        {{ sum_yen('en.amount_yen') }} as amount_yen
    from entries as en
    group by en.corrects_fiscal_year, en.fiscal_year, en.due_no, en.component, en.movement_kind
    having sum(en.amount_yen) <> 0
)

select
    cc.corrects_fiscal_year,
    cc.fiscal_year,
    cc.due_no,
    cc.component,
    cc.movement_kind,
    cc.amount_yen,
    row_number() over (
        partition by cc.corrects_fiscal_year
        order by cc.due_no, cc.component, cc.movement_kind, cc.fiscal_year
    ) as correction_no
from corrections as cc
{%- endif %}
