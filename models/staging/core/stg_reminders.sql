-- One row per due and day of dispatch.
with current_rows as (
    {{ current_rows('reminders', due_key_parts() + ['sent_date'], due_key_parts() + [
        'sent_date', 'reminder_fee_yen', 'withheld_code'
    ]) | indent(4) }}
)

select
    {{ due_no('cr', 'ds') }} as due_no,
    cr.levy_year,
    cr.tax_year,
    cr.sent_date,
    cr.reminder_fee_yen,
    cr.load_id,
    cr.source_line
from current_rows as cr
{{ join_due_series('cr', 'ds') }}
where {{ not_later('cr.sent_date') }} and cr.withheld_code is null
