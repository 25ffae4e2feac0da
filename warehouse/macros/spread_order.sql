{#- Policy spread_order: which open due a lump sum pays first (ties: due_no). -#}
{%- macro spread_order(alias) -%}
    {%- set order = variable('policies').spread_order -%}
    {%- if order == 'oldest_first' -%}
        {{ alias }}.due_date
    {%- elif order == 'newest_first' -%}
        {{ alias }}.due_date desc
    {%- elif order == 'statutory_due_date_first' -%}
        {{ alias }}.statutory_due_date, {{ alias }}.due_date
    {%- else -%}
        {{ exceptions.raise_compiler_error(
            "policy spread_order is '" ~ order ~ "' -- use oldest_first, newest_first or statutory_due_date_first") }}
    {%- endif -%}
{%- endmacro -%}
