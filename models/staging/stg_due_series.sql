-- One row per first seven parts of a due key.
-- The series of due keys: their first seven parts, numbered in the order of the keys.
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
