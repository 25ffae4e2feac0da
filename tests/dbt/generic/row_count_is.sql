{#- The relation has exactly so many rows. -#}
{% test row_count_is(model, rows) %}
select count(*) as row_count
from {{ model }} as tb
having count(*) <> {{ rows }}
{% endtest %}
