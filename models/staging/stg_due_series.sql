{{ config(materialized="table", database="warehouse", schema="numbered") }}
-- The series of due keys: their first seven parts, numbered in the order of the keys. One row per series.
with series as (
    select distinct
        {%- for part in due_series_parts() %}
        dn.{{ part }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('stg_due_names') }} as dn
)

select
    row_number() over (order by se.{{ due_series_parts() | join(', se.') }}) as series_no,
    {%- for part in due_series_parts() %}
    se.{{ part }},
    {%- endfor %}
    concat_ws('-', se.{{ due_series_parts() | join(', se.') }}) as series_key
from series as se
