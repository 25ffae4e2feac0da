{#- The nine parts of a due's key, in the order of 収納履歴ファイル. -#}
{%- macro due_key_parts() -%}
    {{ return([
        'tax_item_code', 'tax_item_detail_code', 'assessing_body_code', 'instalment_body_code', 'body_scope_code',
        'levy_year', 'tax_year', 'notice_no', 'instalment_no'
    ]) }}
{%- endmacro -%}

{#- due_key of a row that holds the nine parts (with a prefix to their names, such as offset_); null if it names no due. -#}
{%- macro due_key(alias, prefix='') -%}
    {%- set parts = [] -%}
    {%- for part in due_key_parts() -%}
        {%- do parts.append(alias ~ '.' ~ prefix ~ part) -%}
    {%- endfor -%}
    case when {{ alias }}.{{ prefix }}notice_no is not null then concat_ws('-', {{ parts | join(', ') }}) end
{%- endmacro -%}
