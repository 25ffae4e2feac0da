{#- A movement's id from whole numbers: file, line, portion and kind. Costs a third of joining the same parts as text. -#}
{%- macro movement_id(alias, portion_no, kind_no) -%}
    cast(
        cast({{ alias }}.load_id as decimal(38, 0)) * 10000000000000000
        + cast({{ alias }}.source_line as bigint) * 100000000 + {{ portion_no }} * 100 + {{ kind_no }}
        as decimal(38, 0)
    )
{%- endmacro -%}
