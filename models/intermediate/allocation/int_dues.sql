-- One row per due.
-- Most dues have one event, and those need no aggregation.
{% set attributes = [
    'series_no', 'tax_item_code', 'levy_year', 'tax_year', 'notice_no', 'instalment_no', 'addressee_no',
    'statutory_due_date', 'due_date'
] %}
with changed as (
    select ev.due_no
    from {{ ref('stg_assessments') }} as ev
    group by ev.due_no
    having count(*) > 1
),

changed_events as (
    select
        ev.*,
        row_number() over (partition by ev.due_no order by ev.assessed_date desc, ev.assessment_event_no desc)
            as recency,
        row_number() over (
            partition by ev.due_no, case when ev.delta_yen < 0 then 1 else 0 end
            order by ev.assessed_date desc, ev.assessment_event_no desc
        ) as recency_of_sign
    from {{ ref('stg_assessments') }} as ev
    inner join changed as cg on cg.due_no = ev.due_no
),

changed_totals as (
    select
        ev.due_no,
        {{ sum_yen('ev.delta_yen') }} as assessed_yen,
        min(ev.assessed_date) as first_assessed_date,
        max(case when ev.event_type_code = '5' then 1 else 0 end) as is_cancelled,
        max(case when ev.delta_yen < 0 then ev.assessed_date end) as last_reduced_date,
        max(case when ev.delta_yen < 0 and ev.recency_of_sign = 1 then ev.reason_code end) as last_reason_code
    from changed_events as ev
    group by ev.due_no
),

dues as (
    select
        ev.due_no,
        {%- for column in attributes %}
        ev.{{ column }},
        {%- endfor %}
        ev.delta_yen as assessed_yen,
        ev.assessed_date as first_assessed_date,
        case when ev.event_type_code = '5' then 1 else 0 end as is_cancelled,
        cast(null as date) as last_reduced_date,
        cast(null as {{ dbt.type_string() }}) as last_reason_code
    from {{ ref('stg_assessments') }} as ev
    left join changed as cg on cg.due_no = ev.due_no
    where cg.due_no is null
    union all
    select
        ev.due_no,
        {%- for column in attributes %}
        ev.{{ column }},
        {%- endfor %}
        tt.assessed_yen,
        tt.first_assessed_date,
        tt.is_cancelled,
        tt.last_reduced_date,
        tt.last_reason_code
    from changed_events as ev
    inner join changed_totals as tt on tt.due_no = ev.due_no
    where ev.recency = 1
)

select
    du.due_no,
    {%- for column in attributes %}
    du.{{ column }},
    {%- endfor %}
    -- A due that is reduced to less than nothing is a contract breach upstream; qc lists it, the books hold it at 0.
    greatest(du.assessed_yen, 0) as assessed_yen,
    du.assessed_yen as delivered_assessed_yen,
    du.first_assessed_date,
    cast(du.levy_year as integer) as fiscal_year,
    case when du.is_cancelled = 1 and du.assessed_yen <= 0 then 1 else 0 end as is_cancelled,
    du.last_reduced_date,
    du.last_reason_code,
    ti.low_rate_months,
    ti.rate_family
from dues as du
left join {{ ref('tax_items') }} as ti on ti.tax_item_code = du.tax_item_code
