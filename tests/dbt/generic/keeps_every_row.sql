{#-
Every row of a versioned extract that holds (current_rows) stands in the model, or one of the conditions in `explained`
(name: condition, alias cr, :as_of for the build's day) says why not: of a later day, a draft, withheld. A condition that is unknown explains nothing,
so that a row which lacks what the model filters on is found. key: of the extract, after the nine parts of a due where
`of_due`; columns: further ones that the conditions read. One row per row that is missing.
-#}
{% test keeps_every_row(model, table, key=[], of_due=false, columns=[], explained={}) %}
{%- set whole_key = (due_key_parts() if of_due else []) + key -%}
{%- set read = [] -%}
{%- for column in columns if column not in whole_key -%}
    {%- do read.append(column) -%}
{%- endfor -%}
with current_rows as (
    {{ current_rows(table, whole_key, whole_key + read) | indent(4) }}
)

select
    ld.source_file,
    cr.source_line
from current_rows as cr
inner join {{ ref('stg_loads') }} as ld on ld.load_id = cr.load_id
left join {{ model }} as tb on tb.load_id = cr.load_id and tb.source_line = cr.source_line
where
    tb.load_id is null
    {%- for name, condition in explained.items() %}
    and not coalesce({{ condition | replace(':as_of', as_of_date()) }}, false)  -- {{ name }}
    {%- endfor %}
{% endtest %}
