-- A record that holds has what the books need of it: its day, its amount, what kind it is. Staging keeps those that lack
-- it (macro not_later), so that they are found here and not dropped.
-- A failure: a layout of the office leaves out a column that its table's models need. Who looks: who wrote that layout;
-- the file has to be delivered again with the column, under a layout that reads it. One row per record.
{%- set needed = {
    'stg_payments': ['received_date', 'posted_date', 'amount_yen', 'channel_code'],
    'stg_direct_debit_failures': ['debit_date', 'customer_no', 'amount_yen'],
    'stg_receipt_history': ['posted_date', 'received_date', 'receipt_type_code', 'due_no', 'principal_yen'],
    'stg_assessments': ['due_no', 'levy_year', 'addressee_no', 'event_type_code', 'assessed_date', 'delta_yen', 'due_date'],
    'stg_decisions': ['decision_type_code', 'amount_yen', 'approved_date'],
    'stg_overpayment_notices': ['due_key', 'component_code', 'amount_yen', 'fiscal_year', 'notified_date'],
    'stg_core_dispositions': ['due_no', 'disposition_code', 'disposition_date', 'disposed_principal_yen'],
} %}
with found as (
    {%- for model, columns in needed.items() %}
    select
        '{{ model }}' as model_name,
        rw.load_id,
        rw.source_line,
        concat_ws(
            ', '
            {%- for column in columns -%}
            , case when rw.{{ column }} is null then '{{ column }}' end
            {%- endfor -%}
        ) as missing
    from {{ ref(model) }} as rw
    where
        {%- for column in columns %}
        {{ 'or ' if not loop.first }}rw.{{ column }} is null
        {%- endfor %}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select
    ld.source_file,
    fd.source_line,
    fd.missing,
    fd.model_name
from found as fd
inner join {{ ref('stg_loads') }} as ld on ld.load_id = fd.load_id
order by ld.source_file, fd.source_line
