{#-
The rows of the seed payment_sources, while a model is parsed: a seed's own rows are not there yet. `osame build` and `osame
dbt` put them into the environment; dbt reads the models anew when they change.
-#}
{%- macro payment_sources() -%}
    {{ return(fromjson(env_var('OSAME_PAYMENT_SOURCES'))) }}
{%- endmacro -%}
