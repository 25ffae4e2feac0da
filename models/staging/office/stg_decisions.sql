-- One row per line of an approved decision.
-- What has been approved by the build's day: a draft has no effect.
{% set key = ['decision_no', 'line_no'] -%}
{%- set offset_key = [] -%}
{%- for part in due_key_parts() -%}
    {%- do offset_key.append('offset_' ~ part) -%}
{%- endfor -%}
with current_rows as (
    {{ current_rows('decisions', key, key + due_key_parts() + offset_key + [
        'decision_type_code', 'receipt_id', 'addressee_no', 'from_component_code', 'to_component_code', 'amount_yen',
        'value_date', 'fiscal_year', 'drafted_by', 'drafted_date', 'approved_by', 'approved_date'
    ]) | indent(4) }}
)

select
    cr.decision_no,
    cr.line_no,
    cr.decision_type_code,
    {{ due_key('cr') }} as due_key,
    {{ due_no('cr', 'ds') }} as due_no,
    {{ due_key('cr', 'offset_') }} as offset_due_key,
    {{ due_no('cr', 'os', 'offset_') }} as offset_due_no,
    cast(cr.offset_levy_year as bigint) as offset_fiscal_year,
    cr.receipt_id,
    cr.addressee_no,
    cr.from_component_code,
    cr.to_component_code,
    cr.amount_yen,
    cr.value_date,
    cr.fiscal_year,
    cr.drafted_by,
    cr.drafted_date,
    cr.approved_by,
    cr.approved_date,
    cr.load_id,
    cr.source_line,
    cr.load_rank
from current_rows as cr
{{ join_due_series('cr', 'ds') }}
{{ join_due_series('cr', 'os', 'offset_') }}
where cr.approved_by is not null and {{ not_later('cr.approved_date') }}
