{#- True where a 顧客番号 of a direct debit carries the key of a due: which positions hold what is a setting. -#}
{%- macro customer_no_names(customer_no, due) -%}
    {%- set spans = variable('customer_no') -%}
    {{ due }}.tax_item_code = substr({{ customer_no }}, {{ spans.tax_item_code[0] }}, {{ spans.tax_item_code[1] }})
        and {{ due }}.notice_no = substr({{ customer_no }}, {{ spans.notice_no[0] }}, {{ spans.notice_no[1] }})
        and {{ due }}.instalment_no = substr({{ customer_no }}, {{ spans.instalment_no[0] }}, {{ spans.instalment_no[1] }})
        {%- for year in ['levy_year', 'tax_year'] %}
        and right({{ due }}.{{ year }}, {{ spans[year][1] }})
            = substr({{ customer_no }}, {{ spans[year][0] }}, {{ spans[year][1] }})
        {%- endfor %}
{%- endmacro -%}
