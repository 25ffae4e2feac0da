-- One row per thing that happened to money or to a due, per component.
-- What happened, as the books tell it, without text that a due or a file says: fct_movements is a view that adds it.
-- The rows that hold closed years (corrects_fiscal_year) are the only ones that are not one thing that happened: they
-- move a difference from its closed year to the open one.
{% set columns = [
    'movement_id', 'movement_type', 'direction', 'component', 'amount_yen', 'due_no', 'addressee_no', 'channel_code',
    'branch_code', 'posted_date', 'value_date', 'fiscal_year', 'is_carried_over', 'budget_side', 'is_provisional',
    'is_first_of_receipt', 'corrects_fiscal_year', 'reason_code', 'load_id', 'source_line'
] %}
with kinds as (
    select distinct
        {{ movement_kind('ef') }} as movement_kind,
        ef.movement_type,
        ef.direction,
        ef.budget_side
    from {{ ref('movement_effects') }} as ef
),

corrections as (
    select
        {{ movement_id('cl', 'cc.correction_no', 18) }} as movement_id,
        kd.movement_type,
        kd.direction,
        cc.component,
        cc.amount_yen,
        cc.due_no,
        du.addressee_no,
        cast(null as {{ dbt.type_string() }}) as channel_code,
        cast(null as {{ dbt.type_string() }}) as branch_code,
        cl.closed_date as posted_date,
        cl.closed_date as value_date,
        cc.fiscal_year,
        -- The due may have been withdrawn since: its number still says of which year it was.
        cast({{ due_part_of('levy_year', 'ds', 'od') }} as bigint) < cc.fiscal_year as is_carried_over,
        kd.budget_side,
        false as is_provisional,
        false as is_first_of_receipt,
        cc.corrects_fiscal_year,
        'corrects_closed_year' as reason_code,
        cl.load_id,
        cl.source_line
    from {{ ref('int_closing_corrections') }} as cc
    inner join {{ ref('stg_closings') }} as cl on cl.fiscal_year = cc.corrects_fiscal_year
    inner join kinds as kd on kd.movement_kind = cc.movement_kind
    left join {{ ref('int_dues') }} as du on du.due_no = cc.due_no
    {{ join_due_key('cc.due_no', 'ds', 'od') | indent(4) }}
)

select
    {%- for column in columns %}
    mv.{{ column }}{{ ',' if not loop.last }}
    {%- endfor %}
from {{ ref('int_movements') }} as mv
union all
select
    {%- for column in columns %}
    cr.{{ column }}{{ ',' if not loop.last }}
    {%- endfor %}
from corrections as cr
