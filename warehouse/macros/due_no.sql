{#-
The number of a due inside a build: a bigint, for text of 45 characters makes joins, windows and writing two to three times
as dear. The first seven parts of its key make a series (stg_due_series: a few hundred), the notice and the instalment
are digits: together they say the key exactly, and in its order. A key whose notice or instalment is written otherwise
has a negative number made from its hash (stg_odd_dues, which tests that no two keys share one).

The same due has the same number whatever has landed in which order. A new series moves those behind it: a
number says nothing in another build.
-#}
{%- macro due_series_parts() -%}
    {{ return(due_key_parts()[:7]) }}
{%- endmacro -%}

{#- Joins the series of the due that a row names (with a prefix to the names of the parts, such as offset_). -#}
{%- macro join_due_series(alias, series, prefix='') -%}
left join {{ ref('stg_due_series') }} as {{ series }}
    on
        {%- for part in due_series_parts() %}
        {{ 'and ' if not loop.first }}{{ series }}.{{ part }} = {{ alias }}.{{ prefix }}{{ part }}
        {%- endfor %}
{%- endmacro -%}

{#- Whether the notice and the instalment that a row names make a number: ten digits and two. -#}
{%- macro is_regular(row) -%}
    (length({{ row }}instalment_no) = 2 and {{ is_digits(row ~ 'notice_no || ' ~ row ~ 'instalment_no', 12) }})
{%- endmacro -%}

{#- A part of a key that is not regular; null of one that is. -#}
{%- macro odd_part(row, part) -%}
    case when not {{ is_regular(row) }} then {{ row }}{{ part }} end
{%- endmacro -%}

{#- The number of the due that a row names; null if it names none. -#}
{%- macro due_no(alias, series, prefix='') -%}
    {%- set row = alias ~ '.' ~ prefix -%}
    case
        when {{ row }}notice_no is null then cast(null as bigint)
        when {{ is_regular(row) }}
            then {{ series }}.series_no * {{ series_size() }} + cast({{ row }}notice_no || {{ row }}instalment_no as bigint)
        else {{ negative_hash(due_key(alias, prefix)) }}
    end
{%- endmacro -%}

{%- macro series_size() -%}1000000000000{%- endmacro -%}

{#- Joins what the key of a numbered due is made of; of_this_store: in a view of the store that has both tables. -#}
{%- macro join_due_key(due_no, series, odd, of_this_store=false) -%}
{%- set series_table = ref('stg_due_series').include(database=not of_this_store) -%}
{%- set odd_table = ref('stg_odd_dues').include(database=not of_this_store) -%}
left join {{ series_table }} as {{ series }} on {{ series }}.series_no = {{ int_div(due_no, series_size()) }}
left join {{ odd_table }} as {{ odd }} on {{ odd }}.due_no = {{ due_no }}
{%- endmacro -%}

{#- The key of a numbered due, with the joins of join_due_key; null where there is no number. -#}
{%- macro due_key_of(due_no, series, odd) -%}
    case
        when {{ due_no }} >= 0 then concat_ws(
            '-', {{ series }}.series_key,
            lpad(cast({{ int_div('mod(' ~ due_no ~ ', ' ~ series_size() ~ ')', 100) }} as {{ dbt.type_string() }}), 10, '0'),
            lpad(cast(mod({{ due_no }}, 100) as {{ dbt.type_string() }}), 2, '0')
        )
        else {{ odd }}.due_key
    end
{%- endmacro -%}

{#- One of the first seven parts of the key of a numbered due, with the joins of join_due_key. -#}
{%- macro due_part_of(part, series, odd) -%}
    coalesce({{ series }}.{{ part }}, {{ odd }}.{{ part }})
{%- endmacro -%}
