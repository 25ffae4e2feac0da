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

{#-
True but for a row that is known to be of a later day than the build's. A row without its day is kept: a filter on the day
alone would drop it and its money without a word (records_are_whole names it).
-#}
{%- macro not_later(day) -%}
    ({{ day }} is null or {{ day }} <= {{ as_of_date() }})
{%- endmacro -%}
