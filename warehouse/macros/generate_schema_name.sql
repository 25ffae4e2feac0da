{#- dbt asks this for each model. A schema that a model names is called so: ``numbered`` has what views say by number. -#}
{%- macro generate_schema_name(custom_schema_name, node) -%}
    {{- custom_schema_name or target.schema -}}
{%- endmacro -%}
