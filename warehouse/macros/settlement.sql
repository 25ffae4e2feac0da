{#- A share of an amount, its fraction of a yen dropped towards zero. In two steps, so that nothing overflows while the
    denominator is below 3,000 million. -#}
{%- macro share_of(amount, numerator, denominator) -%}
    (
        case when {{ amount }} < 0 then -1 else 1 end
        * (
            {{ int_div('abs(' ~ amount ~ ')', denominator) }} * {{ numerator }}
            + {{ int_div('mod(abs(' ~ amount ~ '), ' ~ denominator ~ ') * ' ~ numerator, denominator) }}
        )
    )
{%- endmacro -%}

{#- A ratio to six places, half up (away from zero); null where there is nothing to divide by. -#}
{%- macro rate_of(part, whole) -%}
    case
        when {{ whole }} > 0 then cast(
            cast(
                case when {{ part }} < 0 then -1 else 1 end
                * {{ int_div('abs(' ~ part ~ ') * 2000000 + (' ~ whole ~ ')', '(' ~ whole ~ ') * 2') }}
                as decimal(18, 0)
            ) * cast(0.000001 as decimal(7, 6)) as decimal(18, 6)
        )
    end
{%- endmacro -%}

{#- The fiscal years that books can be asked for as of the build: a hundred back, one ahead. One row per year. -#}
{%- macro fiscal_years() -%}
    {%- for years_back in range(-1, 100) %}
    select cast({{ fiscal_year_of(as_of_date()) }} - {{ years_back }} as bigint) as fiscal_year
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
{%- endmacro -%}
