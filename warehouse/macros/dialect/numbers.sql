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

{#- True of a text of so many digits and nothing else. -#}
{%- macro is_digits(expression, count) -%}
    {{- adapter.dispatch('is_digits', 'osame')(expression, count) -}}
{%- endmacro -%}

{%- macro default__is_digits(expression, count) -%}
    regexp_like({{ expression }}, '^[0-9]{{ '{' }}{{ count }}{{ '}' }}$')
{%- endmacro -%}

{%- macro duckdb__is_digits(expression, count) -%}
    regexp_full_match({{ expression }}, '[0-9]{{ '{' }}{{ count }}{{ '}' }}')
{%- endmacro -%}

{#- A negative bigint made from the 64-bit hash of a text, of which one bit goes. -#}
{%- macro negative_hash(expression) -%}
    {{- adapter.dispatch('negative_hash', 'osame')(expression) -}}
{%- endmacro -%}

{%- macro default__negative_hash(expression) -%}
    (- 1 - shiftrightunsigned({{ hash64(expression) }}, 1))
{%- endmacro -%}

{%- macro duckdb__negative_hash(expression) -%}
    (- 1 - cast({{ hash64(expression) }} >> 1 as bigint))
{%- endmacro -%}
