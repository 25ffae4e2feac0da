{#- The values of a group as one text, in the order of another expression, with a space between. -#}
{%- macro text_list(value, order) -%}
    {{- adapter.dispatch('text_list', 'osame')(value, order) -}}
{%- endmacro -%}

{%- macro default__text_list(value, order) -%}
    array_join(transform(array_sort(collect_list(struct({{ order }} as o, {{ value }} as v))), x -> x.v), ' ')
{%- endmacro -%}

{%- macro duckdb__text_list(value, order) -%}
    string_agg({{ value }}, ' ' order by {{ order }})
{%- endmacro -%}
