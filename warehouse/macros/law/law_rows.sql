{#-
Legal values that an office has added in its home ($OSAME_HOME/law): the rows of a seed that differ from those shipped come
with the build (variable law_rows, made by the same program as the seed) and take the place of the seed's. Two hooks behind
each seed, because one hook is one statement. Without added values both are empty, and nothing is done.
-#}
{%- macro law_rows_emptied() -%}
    {%- if execute and (variable('law_rows') or {}).get(model.name) -%}
truncate table {{ this }}
    {%- endif -%}
{%- endmacro -%}

{%- macro law_rows_filled() -%}
    {%- set rows = (variable('law_rows') or {}).get(model.name) if execute else none -%}
    {%- if rows -%}
        {%- set types = model.config.column_types -%}
insert into {{ this }} ({{ rows[0].keys() | join(', ') }}) values
        {%- for row in rows %}
({% for name, value in row.items() -%}
            {%- set literal = 'null' if value is none else "'" ~ (value | string | replace("'", "''")) ~ "'" -%}
            cast({{ literal }} as {{ types[name] }}){{ ', ' if not loop.last }}
        {%- endfor %}){{ ',' if not loop.last }}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro -%}
