{#-
How the next tables are written. Choosing the best compression for text costs DuckDB more than writing it: tables that die
with the build are written with the cheapest that helps (measured on 3 million due keys: 6 s of processor time against
13 s; four times the size). What is published is compressed fully.
-#}
{%- macro table_compression(kept) -%}
    {{- adapter.dispatch('table_compression', 'osame')(kept) -}}
{%- endmacro -%}

{%- macro default__table_compression(kept) -%}{%- endmacro -%}

{%- macro duckdb__table_compression(kept) -%}
    set force_compression = '{{ "auto" if kept else "dictionary" }}'
{%- endmacro -%}
