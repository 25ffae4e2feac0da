{#-
How the next tables are written. Choosing the best compression costs DuckDB more than writing does. 830,000 dues, seconds of
processor time with the best / dictionary / none: fct_receipts 5.4 / 4.2 / 2.8, fct_movements 7.4 / 5.1 / 4.0. Tables that
die with the build are not compressed; what is published is, by dictionary (4.1 GB where the best gives 1.5 GB).
-#}
{%- macro table_compression(kept) -%}
    {{- adapter.dispatch('table_compression', 'osame')(kept) -}}
{%- endmacro -%}

{%- macro default__table_compression(kept) -%}{%- endmacro -%}

{%- macro duckdb__table_compression(kept) -%}
    set force_compression = '{{ "dictionary" if kept else "uncompressed" }}'
{%- endmacro -%}
