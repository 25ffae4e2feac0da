{#- No null in any of the columns: one scan for all of them. One row per column that has nulls. -#}
{% test no_nulls(model, columns) %}
with counted as (
    select
        count(*) as row_count,
        {%- for column in columns %}
        count(tb.{{ column }}) as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ model }} as tb
)

{% for column in columns -%}
select
    '{{ column }}' as column_name,
    ct.row_count - ct.{{ column }} as null_count
from counted as ct
where ct.row_count <> ct.{{ column }}
{%- if not loop.last %}
union all
{% endif %}
{%- endfor %}
{% endtest %}
