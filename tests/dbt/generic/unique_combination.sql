{#-
No two rows have the same values in the columns. Rows are grouped by a 64-bit hash first, and only those whose hash
stands more than once are compared by value: text keys are never sorted or hashed twice. Rows with a null in a column
are left out (no_nulls says whether there may be any). `among` (a condition with the alias tb) restricts the rows.
-#}
{% test unique_combination(model, columns, among=none) %}
{%- set of_row = [] -%}
{%- set filled = [] -%}
{%- for column in columns -%}
    {%- do of_row.append('tb.' ~ column) -%}
    {%- do filled.append('tb.' ~ column ~ ' is not null') -%}
{%- endfor -%}
{%- if among -%}
    {%- do filled.append('(' ~ among ~ ')') -%}
{%- endif -%}
with repeated as (
    select {{ hash64(of_row | join(', ')) }} as key_hash
    from {{ model }} as tb
    where {{ filled | join(' and ') }}
    group by {{ hash64(of_row | join(', ')) }}
    having count(*) > 1
)

select
    {{ of_row | join(',\n    ') }},
    count(*) as row_count
from {{ model }} as tb
inner join repeated as rp on rp.key_hash = {{ hash64(of_row | join(', ')) }}
where {{ filled | join(' and ') }}
group by {{ of_row | join(', ') }}
having count(*) > 1
{% endtest %}
