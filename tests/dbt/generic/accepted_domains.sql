{#-
Each column holds only the values listed for it (null is let through: no_nulls is for that). One scan for all columns.
One row per column with others, with how many and one of them.
-#}
{% test accepted_domains(model, domains) %}
with counted as (
    select
        {%- for column, values in domains.items() %}
        sum(case when tb.{{ column }} not in ('{{ values | join("', '") }}') then 1 else 0 end) as {{ column }}_count,
        min(case when tb.{{ column }} not in ('{{ values | join("', '") }}') then tb.{{ column }} end)
            as {{ column }}_example{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ model }} as tb
)

{% for column in domains -%}
select
    '{{ column }}' as column_name,
    ct.{{ column }}_count as row_count,
    ct.{{ column }}_example as example
from counted as ct
where ct.{{ column }}_count > 0
{%- if not loop.last %}
union all
{% endif %}
{%- endfor %}
{% endtest %}
