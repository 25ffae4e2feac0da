{#- The order of receipts on one due: a total order that depends neither on names nor on the order of landing. -#}
{%- macro receipt_order(alias) -%}
    {{ alias }}.received_date, {{ alias }}.posted_date, {{ alias }}.load_rank, {{ alias }}.source_line
{%- endmacro -%}

{#- True where the receipt of the first alias comes before that of the second. -#}
{%- macro is_before(first, second) -%}
    (
        {{ first }}.received_date < {{ second }}.received_date
        or ({{ first }}.received_date = {{ second }}.received_date and (
            {{ first }}.posted_date < {{ second }}.posted_date
            or ({{ first }}.posted_date = {{ second }}.posted_date and (
                {{ first }}.load_rank < {{ second }}.load_rank
                or ({{ first }}.load_rank = {{ second }}.load_rank and {{ first }}.source_line < {{ second }}.source_line)
            ))
        ))
    )
{%- endmacro -%}
