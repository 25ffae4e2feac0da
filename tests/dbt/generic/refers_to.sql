{#- Every row whose columns are all filled finds its row in `to`: an anti-join. One row per value that finds none. -#}
{% test refers_to(model, columns, to, to_columns) %}
select
    {%- for column in columns %}
    tb.{{ column }},
    {%- endfor %}
    count(*) as row_count
from {{ model }} as tb
left join {{ to }} as rf
    on {% for column in columns %}rf.{{ to_columns[loop.index0] }} = tb.{{ column }}{{ ' and ' if not loop.last }}{% endfor %}
where
    rf.{{ to_columns[0] }} is null
    {%- for column in columns %}
    and tb.{{ column }} is not null
    {%- endfor %}
group by {% for column in columns %}tb.{{ column }}{{ ', ' if not loop.last }}{% endfor %}
{% endtest %}
