{#-
Each rule (name: condition on one row, columns with the alias tb) is true for every row; unknown (null) counts as broken.
One scan for all rules. One row per broken rule, with the number of rows. Ranges are rules too: `tb.amount_yen >= 0`.
-#}
{% test holds(model, rules) %}
with counted as (
    select
        {%- for rule, condition in rules.items() %}
        sum(case when {{ condition }} then 0 else 1 end) as {{ rule }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ model }} as tb
)

{% for rule in rules -%}
select
    '{{ rule }}' as rule_name,
    ct.{{ rule }} as row_count
from counted as ct
where ct.{{ rule }} > 0
{%- if not loop.last %}
union all
{% endif %}
{%- endfor %}
{% endtest %}
