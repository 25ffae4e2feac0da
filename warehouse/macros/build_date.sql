{#- The date that a build is as of, as a SQL literal. There is no default: a report must never be as of whenever it ran. -#}
{%- macro as_of_date() -%}
    {%- set value = variable('as_of_date') -%}
    {%- if value is none and execute -%}
        {{ exceptions.raise_compiler_error("as_of_date is not given -- run: osame build --as-of YYYY-MM-DD") }}
    {%- endif -%}
    cast('{{ value }}' as date)
{%- endmacro -%}

{#- Only what had landed by then counts, as a SQL literal (JST). -#}
{%- macro known_at() -%}
    cast('{{ variable("known_at") }}' as timestamp)
{%- endmacro -%}
