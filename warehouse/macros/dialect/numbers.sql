{#- Integer quotient, the fraction dropped. For money and other amounts that are not negative: there it is the floor. -#}
{%- macro int_div(dividend, divisor) -%}
    {{- adapter.dispatch('int_div', 'osame')(dividend, divisor) -}}
{%- endmacro -%}

{%- macro default__int_div(dividend, divisor) -%}
    cast((({{ dividend }}) - mod({{ dividend }}, {{ divisor }})) / ({{ divisor }}) as bigint)
{%- endmacro -%}

{%- macro duckdb__int_div(dividend, divisor) -%}
    (({{ dividend }}) // ({{ divisor }}))
{%- endmacro -%}

{%- macro spark__int_div(dividend, divisor) -%}
    (({{ dividend }}) div ({{ divisor }}))
{%- endmacro -%}

{#- A sum of yen. The cast is for DuckDB, where sum(bigint) is HUGEINT, a type that no contract of ours names. -#}
{%- macro sum_yen(expression) -%}
    cast(sum({{ expression }}) as bigint)
{%- endmacro -%}

{#- 端数処理: amount floored to a multiple of unit. Not for negative amounts. -#}
{%- macro floor_to_unit(amount, unit) -%}
    ({{ int_div(amount, unit) }} * ({{ unit }}))
{%- endmacro -%}

{#- 64-bit hash of one expression, for cheap uniqueness checks: its values differ between engines, so never store it. -#}
{%- macro hash64(expression) -%}
    {{- adapter.dispatch('hash64', 'osame')(expression) -}}
{%- endmacro -%}

{%- macro default__hash64(expression) -%}
    hash({{ expression }})
{%- endmacro -%}

{%- macro duckdb__hash64(expression) -%}
    hash({{ expression }})
{%- endmacro -%}

{%- macro spark__hash64(expression) -%}
    xxhash64({{ expression }})
{%- endmacro -%}
