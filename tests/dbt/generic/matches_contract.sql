{#-
The relation has exactly the columns that its YAML declares: names, types and order. For the marts whose size forbids
`contract.enforced` (docs/decisions/0003-contract-on-large-marts.md). Reads the catalogue only, no rows.
-#}
{% test matches_contract(model) %}
{%- set problems = [] -%}
{%- if execute -%}
    {%- set node = graph.nodes.values()
        | selectattr('resource_type', 'equalto', 'model')
        | selectattr('name', 'equalto', model.identifier)
        | first -%}
    {%- set declared = [] -%}
    {%- for column in node.columns.values() -%}
        {%- do declared.append(column.name | lower ~ ' ' ~ (column.data_type or 'no type') | lower) -%}
    {%- endfor -%}
    {%- set actual = [] -%}
    {%- for column in adapter.get_columns_in_relation(model) -%}
        {%- do actual.append(column.name | lower ~ ' ' ~ column.dtype | lower | replace('string', 'varchar')) -%}
    {%- endfor -%}
    {%- for column in declared if column not in actual -%}
        {%- do problems.append('declared, not built: ' ~ column) -%}
    {%- endfor -%}
    {%- for column in actual if column not in declared -%}
        {%- do problems.append('built, not declared: ' ~ column) -%}
    {%- endfor -%}
    {%- if not problems and declared != actual -%}
        {%- do problems.append('same columns in another order') -%}
    {%- endif -%}
{%- endif -%}
{%- for problem in problems %}
select '{{ problem }}' as problem
{%- if not loop.last %}
union all
{%- endif %}
{%- else %}
select 'none' as problem
where 1 = 0
{%- endfor %}
{% endtest %}
