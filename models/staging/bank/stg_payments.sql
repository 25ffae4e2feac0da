-- One row per record of a payment file, whatever its source.
{% set columns = [
    'load_id', 'source_line', 'source_code', 'entry_type', 'stage', 'channel_code', 'branch_code', 'received_date',
    'posted_date', 'remittance_date', 'remittance_group', 'amount_yen', 'identity', 'reversal_key', 'due_no',
    'slip_no', 'ocr_upper', 'ocr_lower', 'el_no', 'customer_no', 'addressee_no'
] -%}
{%- for one in payment_sources() %}
select
    {%- for column in columns %}
    sr.{{ column }}{{ ',' if not loop.last }}
    {%- endfor %}
from {{ ref(one.staging_model) }} as sr
{%- if not loop.last %}
union all
{%- endif %}
{%- endfor %}
