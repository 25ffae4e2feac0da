{#- Whole days from start_date to end_date (negative when end_date is earlier), as bigint. -#}
{%- macro days_between(start_date, end_date) -%}
    {{- adapter.dispatch('days_between', 'osame')(start_date, end_date) -}}
{%- endmacro -%}

{%- macro default__days_between(start_date, end_date) -%}
    cast(datediff({{ end_date }}, {{ start_date }}) as bigint)
{%- endmacro -%}

{%- macro duckdb__days_between(start_date, end_date) -%}
    (({{ end_date }}) - ({{ start_date }}))
{%- endmacro -%}

{%- macro spark__days_between(start_date, end_date) -%}
    cast(datediff({{ end_date }}, {{ start_date }}) as bigint)
{%- endmacro -%}

{#- The date that many days later; days may be negative or an integer column. -#}
{%- macro add_days(day, days) -%}
    {{- adapter.dispatch('add_days', 'osame')(day, days) -}}
{%- endmacro -%}

{%- macro default__add_days(day, days) -%}
    date_add({{ day }}, cast({{ days }} as integer))
{%- endmacro -%}

{%- macro duckdb__add_days(day, days) -%}
    (({{ day }}) + cast({{ days }} as integer))
{%- endmacro -%}

{%- macro spark__add_days(day, days) -%}
    date_add({{ day }}, cast({{ days }} as integer))
{%- endmacro -%}

{#- The same day of the month that many months later; where that month has no such day, its last day. -#}
{%- macro add_months(day, months) -%}
    {{- adapter.dispatch('add_months', 'osame')(day, months) -}}
{%- endmacro -%}

{%- macro default__add_months(day, months) -%}
    add_months({{ day }}, cast({{ months }} as integer))
{%- endmacro -%}

{%- macro duckdb__add_months(day, months) -%}
    cast(({{ day }}) + to_months(cast({{ months }} as integer)) as date)
{%- endmacro -%}

{%- macro spark__add_months(day, months) -%}
    add_months({{ day }}, cast({{ months }} as integer))
{%- endmacro -%}
