-- One row per entry of 収納履歴 that holds as of the build.
{% set key = ['posted_date', 'branch_code', 'book_no', 'entry_no', 'entry_line_no'] -%}
{%- set nine = [
    'principal_to_principal_yen', 'principal_to_reminder_fee_yen', 'principal_to_late_charge_yen',
    'reminder_fee_to_principal_yen', 'reminder_fee_to_reminder_fee_yen', 'reminder_fee_to_late_charge_yen',
    'late_charge_to_principal_yen', 'late_charge_to_reminder_fee_yen', 'late_charge_to_late_charge_yen'
] -%}
{%- set offset_key = [] -%}
{%- set corrected_key = [] -%}
{%- for part in due_key_parts() -%}
    {%- do offset_key.append('offset_' ~ part) -%}
    {%- do corrected_key.append('corrected_' ~ part) -%}
{%- endfor -%}
with current_rows as (
    {{ current_rows('receipts', key, key + due_key_parts() + offset_key + corrected_key + nine + [
        'received_date', 'payment_method_code', 'receipt_type_code', 'principal_yen', 'reminder_fee_yen',
        'late_charge_yen', 'refund_interest_yen', 'fiscal_year', 'reminder_fee_fiscal_year', 'late_charge_fiscal_year',
        'refund_budget_code', 'corrected_posted_date', 'corrected_branch_code', 'corrected_book_no',
        'corrected_entry_no', 'corrected_entry_line_no'
    ]) | indent(4) }}
)

select
    {{ due_no('cr', 'ds') }} as due_no,
    {{ due_no('cr', 'os', 'offset_') }} as offset_due_no,
    {{ due_no('cr', 'cs', 'corrected_') }} as corrected_due_no,
    cr.posted_date,
    cr.branch_code,
    cr.book_no,
    cr.entry_no,
    cr.entry_line_no,
    coalesce(cr.received_date, cr.posted_date) as received_date,
    cr.payment_method_code as channel_code,
    cr.receipt_type_code,
    cr.principal_yen,
    cr.reminder_fee_yen,
    cr.late_charge_yen,
    coalesce(cr.refund_interest_yen, 0) as refund_interest_yen,
    {%- for column in nine %}
    coalesce(cr.{{ column }}, 0) as {{ column }},
    {%- endfor %}
    cr.fiscal_year,
    coalesce(cr.reminder_fee_fiscal_year, cr.fiscal_year) as reminder_fee_fiscal_year,
    coalesce(cr.late_charge_fiscal_year, cr.fiscal_year) as late_charge_fiscal_year,
    case when cr.refund_budget_code = '1' then 'expenditure' else 'revenue' end as budget_side,
    cr.corrected_posted_date,
    cr.corrected_branch_code,
    cr.corrected_book_no,
    cr.corrected_entry_no,
    cr.corrected_entry_line_no,
    cr.load_id,
    cr.source_line,
    cr.load_rank
from current_rows as cr
{{ join_due_series('cr', 'ds') }}
{{ join_due_series('cr', 'os', 'offset_') }}
{{ join_due_series('cr', 'cs', 'corrected_') }}
where {{ not_later('cr.posted_date') }}
