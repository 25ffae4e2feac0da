{#-
A variable of the build (warehouse/build.py: build_variables). They come by the environment and are read while a model is
compiled, not while the project is parsed: dbt parses it once for all builds, as dbt's own variables would forbid (they
cost ten seconds of every build). What a unit test overrides goes first. While parsing only what is referred to counts: any
value of the right shape does.
-#}
{%- macro variable(name) -%}
    {%- set given = var(name, none) -%}
    {%- if given is not none -%}
        {{ return(given) }}
    {%- elif execute -%}
        {{ return(fromjson(env_var('OSAME_VARIABLES')).get(name)) }}
    {%- endif -%}
    {%- set span = [1, 1] -%}
    {%- set while_parsing = {
        'municipality': {'code': '', 'name': ''},
        'policies': {'arrears_cut': '03-31', 'spread_order': 'oldest_first'},
        'go_live': {'default': '', 'channels': {}},
        'customer_no': {
            'tax_item_code': span, 'notice_no': span, 'instalment_no': span, 'levy_year': span, 'tax_year': span
        },
        'remittances': [],
        'matching': {'name_weight': 1, 'date_weight': 1, 'threshold': 1, 'early_days': 1, 'late_days': 1},
        'second_attempt': {'months': 1, 'day': 1}
    } -%}
    {{ return(while_parsing.get(name)) }}
{%- endmacro -%}
