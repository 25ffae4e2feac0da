-- One row per event of an assessment that holds as of the build.
{% set key = due_key_parts() + ['assessment_event_no'] -%}
with current_rows as (
    {{ current_rows('assessments', key, key + [
        'addressee_no', 'event_type_code', 'assessed_date', 'delta_yen', 'statutory_due_date', 'due_date',
        'notified_date', 'reason_code', 'claim_date', 'income_tax_notice_date'
    ]) | indent(4) }}
)

select
    {{ due_no('cr', 'ds') }} as due_no,
    ds.series_no,
    cr.tax_item_code,
    cr.levy_year,
    cr.tax_year,
    cr.notice_no,
    cr.instalment_no,
    cr.assessment_event_no,
    cr.addressee_no,
    cr.event_type_code,
    cr.assessed_date,
    cr.delta_yen,
    cr.statutory_due_date,
    cr.due_date,
    cr.notified_date,
    cr.reason_code,
    cr.claim_date,
    cr.income_tax_notice_date,
    cr.load_id,
    cr.source_line
from current_rows as cr
{{ join_due_series('cr', 'ds') }}
where {{ not_later('cr.assessed_date') }}
